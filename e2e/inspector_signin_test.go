package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/e2e/browsertest"
)

// invitation is where a client asks its person to go.
var invitation = regexp.MustCompile(`https?://\S+/oauth/authorize\?\S+`)

// runSigningIn runs a client, lets a person in a browser go where it asks to, and returns what it
// prints as its answer.
func runSigningIn(t *testing.T, w *browsertest.Window, cmd *exec.Cmd) string {
	t.Helper()
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stdout strings.Builder
	cmd.Stdout = &stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	for sc := bufio.NewScanner(stderr); sc.Scan(); {
		said.WriteString(sc.Text() + "\n")
		if address := invitation.FindString(sc.Text()); address != "" {
			w.Open(address)
			w.Click(allowButton)
			w.Click(ann)
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, &said, &stdout)
	}
	return stdout.String()
}

func TestTheInspectorSignsInThroughABrowser(t *testing.T) {
	needClients(t)
	b := browsertest.Start(t)
	for _, era := range []string{"legacy", "modern"} {
		t.Run(era, func(t *testing.T) {
			d := startDemo(t, "--auth", "oauth")
			text := "Signed in by browser, " + era
			ctx, cancel := context.WithTimeout(t.Context(), clientTime)
			defer cancel()
			inspector := exec.CommandContext(ctx, node, "node_modules/.bin/mcp-inspector", "--cli", d.url+"/mcp", "--protocol-era", era,
				"--callback-url", "http://127.0.0.1:0/oauth/callback", "--method", "tools/call", "--tool-name", "send_message",
				"--tool-arg", "sender=+15551234567", "--tool-arg", `recipients=["+15559876543"]`, "--tool-arg", "body="+text)
			home := t.TempDir()
			// It signs in only where somebody can open a browser; BROWSER is the one that its
			// opener takes, which does nothing.
			inspector.Env = append(os.Environ(), "HOME="+home, "MCP_STORAGE_DIR="+home, "MCP_AUTO_OPEN_ENABLED=true", "BROWSER=true")
			w := b.Window(t)
			w.Expect("favicon.ico") // its own page asks for one when it is gone
			out := runSigningIn(t, w, inspector)
			var answer struct {
				IsError bool `json:"isError"`
			}
			if err := json.Unmarshal([]byte(out), &answer); err != nil || answer.IsError {
				t.Fatalf("%v\n%s", err, out)
			}
			if sent := sentMessages(t, d); len(sent) != 1 || sent[0] != text {
				t.Errorf("the sandbox has %q, want one message %q", sent, text)
			}
		})
	}
}
