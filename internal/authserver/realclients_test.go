package authserver_test

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/netx"
)

// realClients are documents as well-known clients publish them, with the redirect that each uses.
var realClients = map[string]string{
	"claude-code":             "http://localhost:3118/callback",
	"claude":                  "https://claude.ai/api/mcp/auth_callback",
	"chatgpt":                 "https://chatgpt.com/connector_platform_oauth_redirect",
	"chatgpt-connector":       "https://chatgpt.com/connector/oauth/aip_6f2c-01",
	"chatgpt-connector-older": "https://chatgpt.com/connector/oauth/aip_older",
	"codex":                   "http://127.0.0.1:1455/callback",
	"codex-callback":          "http://127.0.0.1:1455/callback/cb_12-x",
	"vscode":                  "http://127.0.0.1:33418/",
	"opencode":                "http://127.0.0.1:19876/callback",
	"zed":                     "http://127.0.0.1:51234/callback",
	"factory-droid":           "http://127.0.0.1:8900/callback",
}

type published struct {
	ID        string   `json:"client_id"`
	Name      string   `json:"client_name"`
	Redirects []string `json:"redirect_uris"`
	KeysURL   string   `json:"jwks_uri"`
	Method    string   `json:"token_endpoint_auth_method"`
	Methods   []string `json:"token_endpoint_auth_methods_supported"`
	raw       []byte
}

func readPublished(t testing.TB, name string) published {
	t.Helper()
	p := published{raw: must(os.ReadFile(filepath.Join("testdata", "documents", name+".json")))}
	if err := json.Unmarshal(p.raw, &p); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestDocumentsOfRealClientsAreRead(t *testing.T) {
	files := must(filepath.Glob(filepath.Join("testdata", "documents", "*.json")))
	if len(files) != len(realClients) {
		t.Errorf("%d documents, %d clients", len(files), len(realClients))
	}
	for name := range realClients {
		p := readPublished(t, name)
		got, err := authserver.ReadDocument(p.ID, p.raw)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		methods := p.Methods
		if len(methods) == 0 {
			methods = []string{p.Method}
		}
		if !slices.Equal(got.Redirects, p.Redirects) || !slices.Equal(got.Methods, methods) || got.KeysURL != p.KeysURL || got.Name != p.Name {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestRealClientsReachTheConsentPage(t *testing.T) {
	for name, redirect := range realClients {
		t.Run(name, func(t *testing.T) {
			p := readPublished(t, name)
			w := newWorld(t)
			w.fetch = serves(string(p.raw))
			at := w.browser().open((&program{w: w, id: p.ID, redirect: redirect, verifier: "v"}).request())
			if at.status != http.StatusOK || !strings.Contains(text(at.body), p.Name) {
				t.Errorf("%d %s", at.status, text(at.body))
			}
		})
	}
}

// What is built in is what is published, and nothing beside it.
func TestBuiltInClientsAreThosePublished(t *testing.T) {
	var hosts []string
	for name := range realClients {
		p := readPublished(t, name)
		got, ok := authserver.BuiltInClient(p.ID)
		methods := []string{"none"}
		if p.KeysURL != "" {
			methods = append(methods, "private_key_jwt")
		}
		if !ok || got.Name != p.Name || !sameSet(got.Redirects, p.Redirects) || !slices.Equal(got.Methods, methods) || got.KeysURL != "" {
			t.Errorf("%s: %+v %v", name, got, ok)
		}
		hosts = append(hosts, strings.SplitN(p.ID, "/", 4)[2])
	}
	slices.Sort(hosts)
	if got := slices.Sorted(slices.Values(authserver.BuiltInHosts())); !slices.Equal(got, slices.Compact(hosts)) {
		t.Errorf("hosts %v", got)
	}
	long := strings.Repeat("x", 65)
	for _, id := range []string{
		"https://chatgpt.com/oauth//client.json", "https://chatgpt.com/oauth/" + long + "/client.json", "https://chatgpt.com/oauth/a.b/client.json",
		"https://chatgpt.com/oauth/a%2Fb/client.json", "https://chatgpt.com/oauth/a/b/client.json", "https://chatgpt.com/oauth/a/client.json?x",
		"https://chatgpt.com/oauth/codex/" + long + "/client.json", "https://chatgpt.com/oauth/codex/a/b/client.json", "https://chatgpt.com/oauth/{id}",
		"https://evil.example/oauth/a/client.json", "https://chatgpt.com.evil.example/oauth/a/client.json", "https://claude.ai/oauth/other",
		"https://claude.ai/oauth/claude-code-client-metadata/", "https://zed.dev/oauth/client-metadata.json?", "https://chatgpt.com/oauth/a\n/client.json",
		"https://chatgpt.com/oauth/client.json/client.json", "https://chatgpt.com/oauth/{id}/client.json",
	} {
		if _, ok := authserver.BuiltInClient(id); ok {
			t.Errorf("%q is built in", id)
		}
	}
	if got, ok := authserver.BuiltInClient("https://chatgpt.com/oauth/codex/client.json"); !ok || got.Name != "Codex" {
		t.Errorf("codex is a connector's: %+v", got)
	}
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// Without a network each well-known client signs in all the same, and with no other redirect than
// its own.
func TestWellKnownClientsSignInOffline(t *testing.T) {
	offline := &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("network is unreachable")
	}}
	for way, opts := range map[string]netx.FetcherOptions{
		"transport that fails": {Transport: roundTripper(func(*http.Request) (*http.Response, error) { return nil, errors.New("unreachable") })},
		"real dial":            {Resolver: offline},
	} {
		t.Run(way, func(t *testing.T) {
			w := newWorld(t, func(o *authserver.Options) {
				o.Documents = authserver.NewDocuments(authserver.DocumentsOptions{Fetcher: netx.NewFetcher(opts), Logger: o.Logger})
			})
			for name, redirect := range realClients {
				p := readPublished(t, name)
				c := &program{w: w, id: p.ID, redirect: redirect, verifier: strings.Repeat("v", 43)}
				if access, refresh := c.tokens(w.browser()); access == "" || refresh == "" {
					t.Errorf("%s: no tokens", name)
				}
				if at := w.browser().open(c.request("redirect_uri", "https://evil.example/callback")); at.status != http.StatusBadRequest {
					t.Errorf("%s with another redirect: %d", name, at.status)
				}
			}
			if log := w.log.String(); !strings.Contains(log, "level=WARN") || !strings.Contains(log, "serves=built-in") ||
				!strings.Contains(log, "host=claude.ai path=/oauth/claude-code-client-metadata status=0 cause=") {
				t.Errorf("log: %s", log)
			}
			at := w.browser().open(document(w, documentID).request())
			if at.status != http.StatusServiceUnavailable || at.header.Get("Retry-After") == "" || strings.Contains(text(at.body), "its makers") ||
				!strings.Contains(text(at.body), "This server could not fetch") {
				t.Errorf("an unknown document: %d %s", at.status, text(at.body))
			}
		})
	}
}
