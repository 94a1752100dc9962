//go:build unix

package e2e

import (
	"context"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

// scripted is a client whose calls are commands.
type scripted struct {
	*desk
	// login signs in and ends.
	login func(ctx context.Context) *exec.Cmd
	// after runs once after that; nil for nothing.
	after []string
	// tool gives the command of a call.
	tool func(tool, arguments string) []string
	// program is Node.js and what it runs.
	program []string
}

func (c *scripted) args(args ...string) []string {
	return append(c.program[1:len(c.program):len(c.program)], args...)
}

func (c *scripted) signIn(t *testing.T) {
	t.Helper()
	c.desk.signIn(t, c.login(t.Context()), nil, "")
	if c.after == nil {
		return
	}
	testkit.Eventually(t, "it does what comes after the sign-in", func() bool {
		_, err := c.run(t.Context(), c.program[0], c.args(c.after...)...)
		if err != nil && !strings.Contains(err.Error(), tooBusy) {
			t.Fatal(err)
		}
		return err == nil
	})
}

// tooBusy is what mcpc says when a process that it starts takes longer to come up than mcpc waits:
// the call has not been made.
const tooBusy = "not created within timeout"

func (c *scripted) call(ctx context.Context, tool string, arguments map[string]any) (string, error) {
	data, err := json.Marshal(arguments)
	if err != nil {
		return "", err
	}
	for {
		out, err := c.run(ctx, c.program[0], c.args(c.tool(tool, string(data))...)...)
		if err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), tooBusy) {
			return out, err
		}
	}
}

func newScripted(t *testing.T, d *desk, script string, login ...string) *scripted {
	t.Helper()
	c := &scripted{desk: d, program: []string{absolute(t, node), absolute(t, "node_modules/.bin/"+script)}}
	c.login = func(ctx context.Context) *exec.Cmd { return d.command(ctx, c.program[0], c.args(login...)...) }
	return c
}

func newMCPC(t *testing.T, url string) client {
	t.Helper()
	c := newScripted(t, newDesk(t, nil), "mcpc", "login", url)
	c.after = []string{"connect", url, "@s"}
	t.Cleanup(func() { _, _ = c.run(context.Background(), c.program[0], c.args("close", "@s")...) }) // a process of its own
	c.tool = func(tool, arguments string) []string { return []string{"--json", "@s", "tools-call", tool, arguments} }
	return c
}

func newMCPorter(t *testing.T, url string) client {
	t.Helper()
	// With a port of its own for each process, it registers again in the last minute of a token,
	// and then cannot refresh.
	servers, err := json.Marshal(object{"mcpServers": object{"clerk": object{
		"baseUrl": url, "auth": "oauth", "oauthRedirectUrl": "http://" + testkit.FreeAddress(t) + "/callback",
	}}})
	if err != nil {
		t.Fatal(err)
	}
	c := newScripted(t, newDesk(t, map[string]string{"config/mcporter.json": string(servers)}), "mcporter", "auth", "clerk")
	c.tool = func(tool, arguments string) []string { return []string{"call", "clerk." + tool, "--args", arguments} }
	return c
}

func newInspector(t *testing.T, url string) client {
	t.Helper()
	d := newDesk(t, nil)
	d.env = append(d.env, "MCP_STORAGE_DIR="+d.home, "MCP_AUTO_OPEN_ENABLED=true", "MCP_INSPECTOR_SECRET_STORE=file")
	common := []string{"--cli", url, "--callback-url", "http://127.0.0.1:0/oauth/callback"}
	c := newScripted(t, d, "mcp-inspector", append(common, "--method", "tools/list")...)
	c.tool = func(tool, arguments string) []string {
		return append(common[:len(common):len(common)], "--method", "tools/call", "--tool-name", tool, "--tool-args-json", arguments)
	}
	return c
}
