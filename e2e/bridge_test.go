package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const bridged = 3 // messages, one after the other

// A client that speaks stdio only, such as Claude Desktop, reaches the gateway through mcp-remote.
func TestAStdioClientReachesTheGatewayThroughABridge(t *testing.T) {
	needClients(t)
	for era, version := range map[string]string{"legacy": "2025-11-25", "modern": "2026-07-28"} {
		t.Run(era, func(t *testing.T) {
			d := startDemo(t)
			bridge := exec.CommandContext(t.Context(), node, "node_modules/.bin/mcp-remote", d.url+"/mcp", "--transport", "http-only")
			bridge.Env = append(os.Environ(), "MCP_REMOTE_CONFIG_DIR="+t.TempDir())
			bridge.Stderr = t.Output()

			client := mcp.NewClient(&mcp.Implementation{Name: "stdio-client", Version: "1"}, nil)
			session, err := client.Connect(t.Context(), &mcp.CommandTransport{Command: bridge},
				&mcp.ClientSessionOptions{ProtocolVersion: version})
			if err != nil {
				t.Fatalf("connecting through the bridge: %v", err)
			}
			defer func() { _ = session.Close() }()

			var want []string
			for i := range bridged {
				want = append(want, fmt.Sprintf("Through the bridge, %d", i))
				result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "send_message", Arguments: map[string]any{
					"sender": "+15551234567", "recipients": []string{"+15559876543"}, "body": want[i],
				}})
				if err != nil {
					t.Fatal(err)
				}
				if result.IsError {
					t.Fatalf("the call failed: %v", result.Content)
				}
			}

			if diff := cmp.Diff(want, sentMessages(t, d)); diff != "" {
				t.Errorf("what the sandbox has differs from what was sent (-want +got):\n%s", diff)
			}
		})
	}
}
