//go:build unix

package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/outputtest"
)

// agent is a client that has a model call the tools. It signs in by a command of its own, and then
// works in one process until the test ends.
type agent struct {
	*desk
	model *model
	until *testing.T // whose end is that of the process
	// before are commands that set it up, login the one that signs in; done ends one that would go
	// on.
	before [][]string
	login  []string
	typed  func(*testing.T, io.Writer, *outputtest.Buffer)
	done   string
	// document is the client_id that it comes with; "" for one that registers.
	document string
	// works is what works on a task.
	works []string
	said  outputtest.Buffer
}

func (a *agent) signIn(t *testing.T) {
	t.Helper()
	for _, command := range a.before {
		if _, err := a.run(t.Context(), command[0], command[1:]...); err != nil {
			t.Fatal(err)
		}
	}
	a.desk.signIn(t, a.command(t.Context(), a.login[0], a.login[1:]...), a.typed, a.done)
	if a.document != "" && !strings.Contains(a.invitations()[0], url.QueryEscape(a.document)) {
		t.Errorf("it does not come with its document: %s", a.invitations()[0])
	}
	ctx, cancel := context.WithCancel(context.Background())
	cmd := a.command(ctx, a.works[0], a.works[1:]...)
	cmd.Stdout, cmd.Stderr = &a.said, &a.said
	a.hear(&a.said)
	if err := cmd.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	a.until.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
	})
}

func (a *agent) call(ctx context.Context, tool string, arguments map[string]any) (string, error) {
	result, err := a.model.call(ctx, tool, arguments)
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, a.said.String())
	}
	return result, nil
}

func newClaudeCode(t *testing.T, endpoint string) client {
	t.Helper()
	a := &agent{desk: newDesk(t, nil), model: newModel(t), until: t}
	a.env = append(a.env, "ANTHROPIC_API_KEY=nobody-looks-at-this", "ANTHROPIC_BASE_URL="+a.model.URL,
		"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC=1", "DISABLE_AUTOUPDATER=1", "DISABLE_TELEMETRY=1", "ENABLE_TOOL_SEARCH=false")
	claude := absolute(t, claudeCode)
	a.before = [][]string{{claude, "mcp", "add", "--transport", "http", "clerk", endpoint}}
	a.login, a.terminal = onTerminal(t, claude, "mcp", "login", "clerk"), true
	a.works = []string{claude, "-p", "--allowedTools", "mcp__clerk", "--output-format", "stream-json", "--verbose", "go"}
	a.document = "https://claude.ai/oauth/claude-code-client-metadata"
	return a
}

// onTerminal runs a command on a terminal of its own.
func onTerminal(t *testing.T, command ...string) []string {
	t.Helper()
	script, err := exec.LookPath("script")
	if err != nil {
		t.Fatal("no script on this machine; apt-get install bsdutils provides it")
	}
	line := "stty rows 50 cols 160; exec "
	for _, word := range command {
		line += "'" + word + "' "
	}
	return []string{script, "-qefc", line, "/dev/null"}
}

func newCodex(t *testing.T, endpoint string) client {
	t.Helper()
	m := newModel(t)
	a := &agent{model: m, until: t, desk: newDesk(t, map[string]string{".codex/config.toml": fmt.Sprintf(`
model = "stand-in"
model_provider = "here"
approval_policy = "never"
sandbox_mode = "danger-full-access"
check_for_update_on_startup = false
mcp_oauth_credentials_store = "file"

[analytics]
enabled = false

[model_providers.here]
name = "here"
base_url = "%s/v1"
wire_api = "responses"
env_key = "OPENAI_API_KEY"
`, m.URL)})}
	a.env = append(a.env, "OPENAI_API_KEY=nobody-looks-at-this")
	codex := []string{absolute(t, node), absolute(t, "node_modules/.bin/codex")}
	a.login = append(codex[:2:2], "mcp", "add", "clerk", "--url", endpoint)
	a.works = append(codex[:2:2], "exec", "--skip-git-repo-check", "--json", "go")
	a.document = "https://chatgpt.com/oauth/codex/client.json"
	return a
}

func newGemini(t *testing.T, endpoint string) client {
	t.Helper()
	settings, err := json.Marshal(object{
		"security":   object{"auth": object{"selectedType": "gemini-api-key"}},
		"general":    object{"disableAutoUpdate": true, "disableUpdateNag": true, "enableAutoUpdate": false},
		"privacy":    object{"usageStatisticsEnabled": false},
		"telemetry":  object{"enabled": false},
		"mcpServers": object{"clerk": object{"url": endpoint, "type": "http", "timeout": 120000}},
	})
	if err != nil {
		t.Fatal(err)
	}
	a := &agent{model: newModel(t), until: t, desk: newDesk(t, map[string]string{".gemini/settings.json": string(settings)})}
	a.env = append(a.env, "GEMINI_API_KEY=nobody-looks-at-this", "GEMINI_CLI_TRUST_WORKSPACE=true", "GOOGLE_GEMINI_BASE_URL="+a.model.URL)
	gemini := []string{absolute(t, node), absolute(t, "node_modules/.bin/gemini"), "-m", "gemini-2.5-pro"}
	a.login, a.terminal = onTerminal(t, gemini...), true
	a.typed, a.done, a.keeps = a.typeMCPAuth, "Successfully authenticated", ".gemini/mcp-oauth-tokens.json"
	a.works = append(gemini[:4:4], "--yolo", "-p", "go")
	return a
}

// typeMCPAuth tells Gemini CLI, which signs in on its screen alone, to sign in. What is typed while
// it begins becomes a task, so it is told again until it opens a browser.
func (a *agent) typeMCPAuth(t *testing.T, keys io.Writer, said *outputtest.Buffer) {
	t.Helper()
	told := false
	waitFor(t, "Gemini CLI shows its servers", said, func() bool {
		if !told && strings.Contains(said.String(), "\x1b[c") { // it asks what the terminal is
			told = true
			_, _ = io.WriteString(keys, "\x1b[?62;c")
		}
		return strings.Contains(said.String(), "1 MCP server")
	})
	for began := time.Now(); time.Since(began) < clientTime; {
		for _, key := range []string{"/mcp auth clerk", "\r", "\r"} { // which completes it, and enters it
			for _, character := range key {
				_, _ = io.WriteString(keys, string(character))
				time.Sleep(30 * time.Millisecond) // faster is pasting
			}
			time.Sleep(300 * time.Millisecond)
		}
		for range 30 {
			if len(a.invitations()) > 0 {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	}
}
