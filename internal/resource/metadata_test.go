package resource_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/resource"
	"github.com/google/go-cmp/cmp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
)

func readMetadata(t testing.TB, s *resource.Server, suffix string) oauthex.ProtectedResourceMetadata {
	t.Helper()
	w := ask(t, http.HandlerFunc(s.ServeMetadata), http.MethodGet, metadata+suffix, nil)
	var m oauthex.ProtectedResourceMetadata
	if err := json.Unmarshal(w.Body.Bytes(), &m); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%s: status %d, %s", suffix, w.Code, w.Body)
	}
	return m
}

func TestMetadataSaysAllThatAClientNeeds(t *testing.T) {
	want := oauthex.ProtectedResourceMetadata{
		Resource:               public + "/mcp",
		AuthorizationServers:   []string{issuer},
		ScopesSupported:        []string{"messages:read", "messages:send"},
		BearerMethodsSupported: []string{"header"},
		ResourceName:           "Clerk Chat",
		ResourceDocumentation:  "https://docs.example.com",
	}
	if diff := cmp.Diff(want, readMetadata(t, newServer(t), "/mcp")); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestEachEndpointIsItsOwnResourceAsSpelled(t *testing.T) {
	s := newServer(t)
	for _, suffix := range []string{"", "/", "/mcp", "/mcp/", "/mcp/readonly"} {
		if got := readMetadata(t, s, suffix).Resource; got != public+suffix {
			t.Errorf("%q: resource %q", suffix, got)
		}
	}
	if got := readMetadata(t, s, "/mcp/readonly").ScopesSupported; !cmp.Equal(got, []string{"messages:read"}) {
		t.Errorf("the narrowed endpoint offers %q", got)
	}
}

func TestMetadataOfWhatIsNoEndpointIsNotFound(t *testing.T) {
	h := http.HandlerFunc(newServer(t).ServeMetadata)
	for _, suffix := range []string{"/other", "/mcp/other", "mcp", "/mcp%2Freadonly", "//", "/mcp//"} {
		if w := ask(t, h, http.MethodGet, metadata+suffix, nil); w.Code != http.StatusNotFound {
			t.Errorf("%q: status %d", suffix, w.Code)
		}
	}
}

func TestMetadataIsPublicAndCached(t *testing.T) {
	h := http.HandlerFunc(newServer(t).ServeMetadata)
	w := ask(t, h, http.MethodGet, metadata+"/mcp", http.Header{"Origin": {"https://anybody.example.net"}})
	for name, want := range map[string]string{
		"Access-Control-Allow-Origin": "*",
		"Cache-Control":               "public, max-age=300",
		"Content-Type":                "application/json",
	} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	w = ask(t, h, http.MethodOptions, metadata+"/mcp", http.Header{"Access-Control-Request-Method": {"GET"}})
	preflight := http.Header{
		"Access-Control-Allow-Origin":  {"*"},
		"Access-Control-Allow-Methods": {"GET"},
		"Access-Control-Allow-Headers": {"*, Authorization, MCP-Protocol-Version"},
		"Access-Control-Max-Age":       {"3600"},
	}
	if diff := cmp.Diff(preflight, w.Header()); diff != "" || w.Code != http.StatusNoContent {
		t.Errorf("preflight: %d, -want +got\n%s", w.Code, diff)
	}
	w = ask(t, h, http.MethodPost, metadata, nil)
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD, OPTIONS" {
		t.Errorf("POST: %d %v", w.Code, w.Header())
	}
}

// resourceAt is the resource that a request to a listening server belongs to.
func resourceAt(t *testing.T, publicURL, host string) string {
	t.Helper()
	s := newServer(t, func(o *resource.Options) {
		o.PublicURL = nil
		if publicURL != "" {
			o.PublicURL = parse(t, publicURL)
		}
	})
	server := httptest.NewServer(http.HandlerFunc(s.ServeMetadata))
	defer server.Close()
	port := server.URL[strings.LastIndex(server.URL, ":"):]
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+resource.MetadataPath+"/mcp", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Host = strings.ReplaceAll(host, ":PORT", port)
	resp, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var m oauthex.ProtectedResourceMetadata
	if err := json.NewDecoder(resp.Body).Decode(&m); err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(m.Resource, port, ":PORT")
}

// A host that is not ours must never become part of the resource: a token for that host would be
// good here.
func TestTheResourceIsNotWhatTheHostHeaderClaims(t *testing.T) {
	for name, tc := range map[string]struct{ public, host, want string }{
		"public":                            {"https://mcp.example.com", "mcp.example.com", "https://mcp.example.com/mcp"},
		"public, asked by address":          {"https://mcp.example.com", "10.0.0.7:8080", "https://mcp.example.com/mcp"},
		"public, asked as localhost":        {"https://mcp.example.com", "localhost:PORT", "https://mcp.example.com/mcp"},
		"public, asked with its port":       {"https://mcp.example.com", "localhost", "https://mcp.example.com/mcp"},
		"public with a slash":               {"https://mcp.example.com/", "x", "https://mcp.example.com/mcp"},
		"loopback by address":               {"", "127.0.0.1:PORT", "http://127.0.0.1:PORT/mcp"},
		"loopback by name":                  {"", "localhost:PORT", "http://localhost:PORT/mcp"},
		"loopback by IPv6":                  {"", "[::1]:PORT", "http://[::1]:PORT/mcp"},
		"loopback, another port":            {"", "localhost:1", "http://127.0.0.1:PORT/mcp"},
		"loopback, no port":                 {"", "localhost", "http://127.0.0.1:PORT/mcp"},
		"loopback, another host":            {"", "evil.example.net:PORT", "http://127.0.0.1:PORT/mcp"},
		"loopback, another address":         {"", "10.0.0.7:PORT", "http://127.0.0.1:PORT/mcp"},
		"public on loopback":                {"http://127.0.0.1:8080", "localhost:8080", "http://localhost:8080/mcp"},
		"public on loopback, its own name":  {"http://localhost:8080", "localhost:8080", "http://localhost:8080/mcp"},
		"public on loopback, another port":  {"http://127.0.0.1:8080", "localhost:PORT", "http://127.0.0.1:8080/mcp"},
		"public on loopback, standard port": {"https://localhost", "127.0.0.1", "https://127.0.0.1/mcp"},
		"public on an address":              {"http://10.0.0.7:8080", "localhost:8080", "http://10.0.0.7:8080/mcp"},
		"public on an IPv6 address":         {"http://[fd00::7]:8080", "localhost:8080", "http://[fd00::7]:8080/mcp"},
		"public on another loopback":        {"http://127.9.9.9:8080", "localhost:8080", "http://localhost:8080/mcp"},
		"public on IPv6 loopback":           {"http://[::1]:8080", "localhost:8080", "http://localhost:8080/mcp"},
		"standard port of HTTPS, said":      {"https://localhost", "127.0.0.1:443", "https://127.0.0.1:443/mcp"},
		"standard port of HTTPS, not said":  {"https://localhost:443", "[::1]", "https://[::1]/mcp"},
		"standard port of HTTP, said":       {"http://localhost", "127.0.0.1:80", "http://127.0.0.1:80/mcp"},
		"standard port of HTTP, not said":   {"http://localhost:80", "[::1]", "http://[::1]/mcp"},
		"HTTPS, standard port of HTTP":      {"https://localhost", "127.0.0.1:80", "https://localhost/mcp"},
		"HTTP, standard port of HTTPS":      {"http://localhost", "127.0.0.1:443", "http://localhost/mcp"},
		"a colon and no port":               {"http://localhost", "127.0.0.1:", "http://127.0.0.1:/mcp"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := resourceAt(t, tc.public, tc.host); got != tc.want {
				t.Errorf("resource %q, want %q", got, tc.want)
			}
		})
	}
}

func TestWithoutAConnectionNoNameIsOurs(t *testing.T) {
	s := newServer(t, func(o *resource.Options) { o.PublicURL = nil })
	w := ask(t, http.HandlerFunc(s.ServeMetadata), http.MethodGet, "http://localhost"+resource.MetadataPath+"/mcp", nil)
	if !strings.Contains(w.Body.String(), `"resource":"http://host.invalid/mcp"`) {
		t.Errorf("%s", w.Body)
	}
}
