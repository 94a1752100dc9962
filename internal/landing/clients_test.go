package landing

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	publicURL = "https://mcp.example.com/mcp"
	localURL  = "http://127.0.0.1:8080/mcp"
	// hostileURL holds what means something to a shell, to JSON, TOML, HTML or a query.
	hostileURL = `https://a'b"c$(id)` + "`id`" + `;&|<script>\n{}+ %20#é/mcp`
)

func client(t *testing.T, endpoint, id string) Client {
	t.Helper()
	for _, c := range Clients(endpoint) {
		if c.ID == id {
			return c
		}
	}
	t.Fatalf("there is no client %q", id)
	return Client{}
}

// snippets are all of a client's.
func snippets(c Client) []Snippet {
	var out []Snippet
	for _, w := range c.Ways {
		for _, s := range w.Steps {
			if s.Snippet != nil {
				out = append(out, *s.Snippet)
			}
		}
	}
	return out
}

func snippet(t *testing.T, c Client, where string) string {
	t.Helper()
	for _, s := range snippets(c) {
		if s.Where == where {
			return s.Code
		}
	}
	t.Fatalf("%s has no snippet for %s", c.Name, where)
	return ""
}

func TestEveryClientIsThere(t *testing.T) {
	var names []string
	for _, c := range Clients(publicURL) {
		names = append(names, c.Name)
	}
	want := []string{"Claude Code", "Claude Desktop", "Cursor", "VS Code", "Gemini CLI", "Codex", "ChatGPT", "Any other client"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("clients (-want +got):\n%s", diff)
	}
}

func TestEveryClientCanBeConnectedWithAndWithoutSignIn(t *testing.T) {
	for _, endpoint := range []string{publicURL, localURL} {
		for _, c := range Clients(endpoint) {
			if len(c.Ways) == 0 {
				t.Fatalf("%s: no way to connect", c.Name)
			}
			for _, w := range c.Ways {
				for _, signIn := range []bool{true, false} {
					steps := w.For(signIn)
					if w.Title == "" || len(steps) == 0 {
						t.Errorf("%s, %q, sign-in %v: no steps", c.Name, w.Title, signIn)
					}
					for _, s := range steps {
						if !signIn && strings.Contains(strings.ToLower(s.Text), "browser opens") {
							t.Errorf("%s tells of a sign-in where there is none: %s", c.Name, s.Text)
						}
					}
				}
			}
		}
	}
}

func TestCommandsAreOneLineAndShown(t *testing.T) {
	want := map[string]string{
		"claude-code": "claude mcp add --transport http clerk-chat " + publicURL,
		"vs-code":     `code --add-mcp '{"name":"clerk-chat","type":"http","url":"` + publicURL + `"}'`,
		"gemini-cli":  "gemini mcp add --scope user --transport http clerk-chat " + publicURL,
		"codex":       "codex mcp add clerk-chat --url " + publicURL,
	}
	got := map[string]string{}
	for _, c := range Clients(publicURL) {
		if c.Command == "" {
			continue
		}
		got[c.ID] = c.Command
		if shown := snippet(t, c, "Terminal"); shown != c.Command {
			t.Errorf("%s shows %q and has the command %q", c.Name, shown, c.Command)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
}

// The shell itself says which words a command has.
func TestCommandsSurviveTheShell(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("no POSIX shell on this machine")
	}
	last := func(c Client) string {
		_, arguments, _ := strings.Cut(c.Command, " ")
		out, err := exec.CommandContext(t.Context(), sh, "-c", `printf '%s\0' `+arguments).Output()
		if err != nil {
			t.Fatalf("%s: %v", c.Command, err)
		}
		words := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
		return words[len(words)-1]
	}
	for _, endpoint := range []string{publicURL, localURL, "http://[::1]:8080/mcp", hostileURL} {
		for _, c := range Clients(endpoint) {
			switch {
			case c.Command == "":
			case c.ID == "vs-code":
				want := map[string]string{"name": "clerk-chat", "type": "http", "url": endpoint}
				if diff := cmp.Diff(want, decode[map[string]string](t, last(c))); diff != "" {
					t.Errorf("%s: the argument (-want +got):\n%s", c.Command, diff)
				}
			default:
				if got := last(c); got != endpoint {
					t.Errorf("%s: the shell hands over %q", c.Command, got)
				}
			}
		}
	}
}

func decode[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

func TestConfigurationFilesHoldTheExactURL(t *testing.T) {
	type entry struct {
		Type, URL, HTTPURL, Command string
		Args                        []string
	}
	for _, tt := range []struct {
		client, file, key string
		want              func(string) entry
	}{
		{"claude-code", ".mcp.json", "mcpServers", func(u string) entry { return entry{Type: "http", URL: u} }},
		{"cursor", "~/.cursor/mcp.json", "mcpServers", func(u string) entry { return entry{URL: u} }},
		{"vs-code", ".vscode/mcp.json", "servers", func(u string) entry { return entry{Type: "http", URL: u} }},
		{"gemini-cli", "~/.gemini/settings.json", "mcpServers", func(u string) entry { return entry{HTTPURL: u} }},
		{"other", "mcp.json", "mcpServers", func(u string) entry { return entry{Type: "http", URL: u} }},
		{"claude-desktop", "claude_desktop_config.json", "mcpServers", func(u string) entry {
			return entry{Command: "npx", Args: []string{"-y", "mcp-remote", u}}
		}},
	} {
		for _, endpoint := range []string{publicURL, hostileURL} {
			text := snippet(t, client(t, endpoint, tt.client), tt.file)
			got := decode[map[string]map[string]entry](t, text)
			want := map[string]map[string]entry{tt.key: {"clerk-chat": tt.want(endpoint)}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s, %s (-want +got):\n%s", tt.client, tt.file, diff)
			}
		}
	}
}

func TestCodexTableQuotesTheURL(t *testing.T) {
	got := snippet(t, client(t, publicURL, "codex"), "~/.codex/config.toml")
	if want := "[mcp_servers.clerk-chat]\nurl = \"" + publicURL + "\"\n"; got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	hostile := snippet(t, client(t, hostileURL, "codex"), "~/.codex/config.toml")
	_, value, _ := strings.Cut(strings.TrimSpace(hostile), "url = ")
	if strings.Contains(value, "\n") || decode[string](t, value) != hostileURL {
		t.Errorf("the value is %s", value)
	}
}

func TestInstallLinksCarryTheConfiguration(t *testing.T) {
	link := func(id, endpoint string) *url.URL {
		u, err := url.Parse(client(t, endpoint, id).Ways[0].Steps[0].Link.URL)
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	for _, endpoint := range []string{publicURL, localURL, hostileURL} {
		u := link("cursor", endpoint)
		if got := u.Scheme + "://" + u.Host + u.Path; got != "cursor://anysphere.cursor-deeplink/mcp/install" {
			t.Errorf("Cursor's link goes to %s", got)
		}
		config, err := base64.StdEncoding.DecodeString(u.Query().Get("config"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string]string{"url": endpoint}, decode[map[string]string](t, string(config))); diff != "" {
			t.Errorf("Cursor's configuration (-want +got):\n%s", diff)
		}
		if got := u.Query().Get("name"); got != "clerk-chat" {
			t.Errorf("Cursor would call the server %q", got)
		}

		u = link("vs-code", endpoint)
		if u.Scheme != "vscode" || u.Opaque != "mcp/install" {
			t.Errorf("VS Code's link is %s", u)
		}
		text, err := url.PathUnescape(u.RawQuery) // as decodeURIComponent does: a plus is a plus
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"name": "clerk-chat", "type": "http", "url": endpoint}
		if diff := cmp.Diff(want, decode[map[string]string](t, text)); diff != "" {
			t.Errorf("VS Code's configuration (-want +got):\n%s", diff)
		}
	}
}

func TestHostedClientsAreToldWhenTheURLCannotBeReached(t *testing.T) {
	for endpoint, private := range map[string]bool{
		publicURL: false, "https://203.0.113.7/mcp": false,
		localURL: true, "http://localhost:8080/mcp": true, "https://localhost/mcp": true, "https://app.localhost/mcp": true,
		"https://127.0.0.1/mcp": true, "https://[::1]:8443/mcp": true, "https://10.1.2.3/mcp": true,
		"https://192.168.1.5/mcp": true, "http://mcp.example.com/mcp": true,
	} {
		if got := client(t, endpoint, "chatgpt").Unreachable != ""; got != private {
			t.Errorf("%s: ChatGPT unreachable %v, want %v", endpoint, got, private)
		}
		titles := []string{}
		for _, w := range client(t, endpoint, "claude-desktop").Ways {
			titles = append(titles, w.Title)
		}
		if got := slices.Contains(titles, "As a connector"); got == private {
			t.Errorf("%s: Claude Desktop is offered %q", endpoint, titles)
		}
		if titles[0] != "As a connector" && !private {
			t.Errorf("%s: Claude Desktop's first way is %q", endpoint, titles[0])
		}
	}
}

func TestBridgeIsAllowedPlainHTTPOnlyWhereItAsksForIt(t *testing.T) {
	for endpoint, want := range map[string]bool{
		publicURL: false, localURL: false, "http://localhost:8080/mcp": false,
		"http://[::1]:8080/mcp": true, "http://10.0.0.7:8080/mcp": true, "http://gateway.internal/mcp": true,
	} {
		text := snippet(t, client(t, endpoint, "claude-desktop"), "claude_desktop_config.json")
		if got := strings.Contains(text, `"--allow-http"`); got != want {
			t.Errorf("%s: --allow-http %v, want %v", endpoint, got, want)
		}
	}
}

// Whatever the address holds, each snippet stays what it is: one line of shell, or a document that
// decodes to that address.
func FuzzSnippetsQuote(f *testing.F) {
	for _, s := range []string{publicURL, localURL, hostileURL, "", "'", "\\", "\n", "\u2028", "\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, endpoint string) {
		valid := strings.ToValidUTF8(endpoint, "\uFFFD")
		if valid != endpoint {
			t.Skip("not text")
		}
		for _, c := range Clients(endpoint) {
			for _, s := range snippets(c) {
				if s.Language != "json" {
					continue
				}
				var v any
				if err := json.Unmarshal([]byte(s.Code), &v); err != nil {
					t.Errorf("%s, %s: %v", c.Name, s.Where, err)
				}
				if !holds(v, endpoint) {
					t.Errorf("%s, %s: the address is not in\n%s", c.Name, s.Where, s.Code)
				}
			}
		}
		word := shellWord(endpoint)
		inner, quotes := strings.CutPrefix(word, "'")
		if !quotes {
			if word != endpoint || strings.ContainsAny(word, " \t\n\"'`$&|;<>()*?[]#~=!{}\\") {
				t.Errorf("not quoted: %s", word)
			}
			return
		}
		inner = strings.TrimSuffix(inner, "'")
		if strings.Contains(strings.ReplaceAll(inner, `'\''`, ""), "'") || strings.ReplaceAll(inner, `'\''`, "'") != endpoint {
			t.Errorf("a quote ends the word early: %s", word)
		}
	})
}

// holds reports whether a decoded document has the text as a value.
func holds(v any, text string) bool {
	switch v := v.(type) {
	case string:
		return v == text
	case []any:
		return slices.ContainsFunc(v, func(e any) bool { return holds(e, text) })
	case map[string]any:
		for _, e := range v {
			if holds(e, text) {
				return true
			}
		}
	}
	return false
}
