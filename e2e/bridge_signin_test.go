package e2e

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/clerkchat/mcp-gateway/e2e/browsertest"
)

func TestTheBridgeSignsInThroughABrowser(t *testing.T) {
	needClients(t)
	b := browsertest.Start(t)
	d := startDemo(t, "--auth", "oauth")
	bridge := exec.CommandContext(t.Context(), node, "node_modules/.bin/mcp-remote", d.url+"/mcp", "--transport", "http-only")
	home := t.TempDir()
	bridge.Env = append(os.Environ(), "HOME="+home, "MCP_REMOTE_CONFIG_DIR="+home, "BROWSER=true")
	said, err := bridge.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}

	type connected struct {
		session *mcp.ClientSession
		err     error
	}
	done := make(chan connected, 1)
	go func() {
		client := mcp.NewClient(&mcp.Implementation{Name: "stdio-client", Version: "1"}, nil)
		session, err := client.Connect(t.Context(), &mcp.CommandTransport{Command: bridge}, nil)
		done <- connected{session, err}
	}()
	lines := bufio.NewScanner(said)
	for lines.Scan() {
		if address := invitation.FindString(lines.Text()); address != "" {
			w := b.Window(t)
			w.Expect("favicon.ico") // its own page has none
			w.Open(address)
			w.Click(allowButton)
			w.Click(ann)
			break
		}
	}
	go func() { _, _ = io.Copy(io.Discard, said) }() // the rest of what it says, until it ends
	c := <-done
	if c.err != nil {
		t.Fatalf("connecting through the bridge: %v", c.err)
	}
	defer func() { _ = c.session.Close() }()
	const text = "Signed in through the bridge"
	result, err := c.session.CallTool(t.Context(), &mcp.CallToolParams{Name: "send_message", Arguments: map[string]any{
		"sender": "+15551234567", "recipients": []string{"+15559876543"}, "body": text,
	}})
	if err != nil || result.IsError {
		t.Fatalf("the call failed: %v %v", err, result)
	}
	if sent := sentMessages(t, d); len(sent) != 1 || sent[0] != text {
		t.Errorf("the sandbox has %q, want one message %q", sent, text)
	}
}
