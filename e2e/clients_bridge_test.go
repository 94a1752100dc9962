//go:build unix

package e2e

import (
	"context"
	"encoding/json"
	"os/exec"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/clerkchat/mcp-gateway/internal/outputtest"
)

// bridge is mcp-remote under a client that can speak to a process alone.
type bridge struct {
	*desk
	until   *testing.T // whose end is that of the process
	cmd     *exec.Cmd
	said    outputtest.Buffer
	session *mcp.ClientSession
}

func newBridge(t *testing.T, url string) client {
	t.Helper()
	b := &bridge{desk: newDesk(t, nil), until: t}
	b.env = append(b.env, "MCP_REMOTE_CONFIG_DIR="+b.home)
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	b.cmd = b.command(ctx, absolute(t, node), absolute(t, "node_modules/.bin/mcp-remote"), url, "--transport", "http-only")
	b.cmd.Stderr = &b.said
	b.hear(&b.said)
	return b
}

func (b *bridge) signIn(t *testing.T) {
	t.Helper()
	connected := make(chan error, 1)
	go func() {
		var err error
		client := mcp.NewClient(&mcp.Implementation{Name: "stdio-client", Version: "1"}, nil)
		b.session, err = client.Connect(t.Context(), &mcp.CommandTransport{Command: b.cmd}, nil)
		connected <- err
	}()
	waitFor(t, "an address to open", &b.said, func() bool { return len(b.invitations()) > 0 || len(connected) > 0 })
	if len(connected) == 0 {
		comeBack(t, b.invitations()[0])
	}
	if err := <-connected; err != nil {
		t.Fatalf("%v\n%s", err, b.said.String())
	}
	b.until.Cleanup(func() { _ = b.session.Close() })
}

func (b *bridge) call(ctx context.Context, tool string, arguments map[string]any) (string, error) {
	result, err := b.session.CallTool(ctx, &mcp.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		return "", err
	}
	data, err := json.Marshal(result)
	return string(data), err
}
