package authserver

import (
	"regexp"
	"strings"
)

// builtInDocument is what well-known clients publish, for when their document cannot be fetched.
// {id} in the URL stands for an id of the publisher's, and is the same in the redirects.
type builtInDocument struct {
	id, name  string
	redirects []string
	// signs says that the client may prove itself by a key. Its keys are not here, so that cannot
	// be checked.
	signs bool
}

const builtInID = "{id}"

// builtInDocuments are the last resort, with nothing but the redirects that the published documents
// have. There are no keys in it: a client that signs is served as one that need not, and an
// assertion of its waits until its document can be fetched.
var builtInDocuments = []builtInDocument{
	{"https://claude.ai/oauth/claude-code-client-metadata", "Claude Code",
		[]string{"http://localhost/callback", "http://127.0.0.1/callback"}, false},
	{"https://claude.ai/oauth/mcp-oauth-client-metadata", "Claude",
		[]string{"https://claude.ai/api/mcp/auth_callback", "https://claude.com/api/mcp/auth_callback"}, false},
	{"https://chatgpt.com/oauth/client.json", "ChatGPT",
		[]string{"https://chatgpt.com/connector_platform_oauth_redirect"}, true},
	{"https://chatgpt.com/oauth/{id}/client.json", "ChatGPT",
		[]string{"https://chatgpt.com/connector/oauth/{id}"}, true},
	{"https://chatgpt.com/oauth/codex/client.json", "Codex",
		[]string{"http://127.0.0.1/callback", "http://localhost/callback"}, false},
	{"https://chatgpt.com/oauth/codex/{id}/client.json", "Codex",
		[]string{"http://127.0.0.1/callback/{id}", "http://localhost/callback/{id}"}, false},
	{"https://vscode.dev/oauth/client-metadata.json", "Visual Studio Code",
		[]string{"http://127.0.0.1:33418/", "https://vscode.dev/redirect"}, false},
	{"https://opencode.ai/oauth/opencode/client.json", "OpenCode",
		[]string{"http://127.0.0.1/callback", "http://localhost/callback"}, false},
	{"https://zed.dev/oauth/client-metadata.json", "Zed", []string{"http://127.0.0.1/callback"}, false},
	{"https://api.factory.ai/mcp/oauth-client", "Factory Droid", []string{"http://127.0.0.1/callback"}, false},
}

var publishersID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// builtIn gives the client of an id, if it is a well-known one. An id that stands in the table
// itself comes before one that fits a pattern: codex is not a connector's.
func builtIn(id string) (*client, bool) {
	for _, d := range builtInDocuments {
		if d.id == id && !strings.Contains(id, builtInID) {
			return d.client(id, ""), true
		}
	}
	for _, d := range builtInDocuments {
		before, after, has := strings.Cut(d.id, builtInID)
		if !has || len(id) <= len(before)+len(after) || !strings.HasPrefix(id, before) || !strings.HasSuffix(id, after) {
			continue
		}
		if part := id[len(before) : len(id)-len(after)]; publishersID.MatchString(part) {
			return d.client(id, part), true
		}
	}
	return nil, false
}

func (d builtInDocument) client(id, part string) *client {
	redirects := make([]string, len(d.redirects))
	for i, r := range d.redirects {
		redirects[i] = strings.ReplaceAll(r, builtInID, part)
	}
	methods := []string{methodNone}
	if d.signs {
		methods = append(methods, methodKey)
	}
	return (&parsedDocument{ID: id, Name: d.name, Redirects: redirects, Methods: methods}).client()
}

// BuiltInHosts are the hosts of the documents that are built in.
func BuiltInHosts() []string {
	seen, hosts := map[string]bool{}, []string(nil)
	for _, d := range builtInDocuments {
		host, _, _ := strings.Cut(strings.TrimPrefix(d.id, "https://"), "/")
		if !seen[host] {
			seen[host], hosts = true, append(hosts, host)
		}
	}
	return hosts
}
