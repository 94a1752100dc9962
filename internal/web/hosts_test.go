package web_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/web"
)

func guarded(t *testing.T, hosts, origins []string) http.Handler {
	t.Helper()
	public, err := url.Parse("https://MCP.example.com")
	if err != nil {
		t.Fatal(err)
	}
	g, err := web.NewGuard(public, hosts, origins)
	if err != nil {
		t.Fatal(err)
	}
	return web.Chain(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }), g.Hosts, g.Origins)
}

func TestGuardDecidesByHostAndOrigin(t *testing.T) {
	h := guarded(t, []string{"alias.example.com"}, []string{"https://app.example.com"})
	const in, out = http.StatusTeapot, http.StatusForbidden
	for _, tt := range []struct {
		name, host, origin string
		want               int
	}{
		{"the public name", "mcp.example.com", "", in},
		{"the public name in capitals with a port", "MCP.EXAMPLE.COM:443", "", in},
		{"an allowed name", "alias.example.com", "", in},
		{"loopback name", "localhost:8080", "", in},
		{"loopback address", "127.0.0.1:8080", "", in},
		{"IPv6 loopback", "[::1]:8080", "", in},
		{"an address, which no page can rebind", "203.0.113.9", "", in},
		{"a foreign name", "evil.example.net", "", out},
		{"a name that only ends like ours", "notmcp.example.com", "", out},
		{"a name that only begins like loopback", "localhost.evil.example.net", "", out},
		{"no name", "", "", out},
		{"our own page", "mcp.example.com", "https://mcp.example.com", in},
		{"an allowed page", "mcp.example.com", "https://APP.example.com", in},
		{"a page of this very host", "127.0.0.1:8080", "http://127.0.0.1:8080", in},
		{"a page of another port", "127.0.0.1:8080", "http://127.0.0.1:3000", out},
		{"a foreign page", "mcp.example.com", "https://evil.example.net", out},
		{"an opaque page", "mcp.example.com", "null", out},
		{"a scheme that is not a web page", "localhost:8080", "file://localhost:8080", out},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/mcp", nil)
			r.Host = tt.host
			if tt.origin != "" {
				r.Header.Set("Origin", tt.origin)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != tt.want {
				t.Errorf("answered %d, want %d", w.Code, tt.want)
			}
			if w.Code == out && w.Header().Get("Access-Control-Allow-Origin") != "" {
				t.Error("a refused origin was told that it is allowed")
			}
		})
	}
}

func TestGuardAnswersPreflightOfAllowedOriginsOnly(t *testing.T) {
	h := guarded(t, nil, []string{"https://app.example.com"})
	preflight := func(origin string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodOptions, "/mcp", nil)
		r.Host = "mcp.example.com"
		r.Header.Set("Origin", origin)
		r.Header.Set("Access-Control-Request-Method", "POST")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	if w := preflight("https://app.example.com"); w.Code != http.StatusNoContent ||
		w.Header().Get("Access-Control-Allow-Origin") != "https://app.example.com" {
		t.Errorf("allowed origin: %d %v", w.Code, w.Header())
	}
	if w := preflight("https://evil.example.net"); w.Code != http.StatusForbidden {
		t.Errorf("foreign origin: %d", w.Code)
	}
}

func TestNewGuardReportsEveryBadEntry(t *testing.T) {
	_, err := web.NewGuard(nil, []string{"https://a", "b:80", "*.c"}, []string{"app.example.com"})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{`"https://a"`, `"b:80"`, `"app.example.com"`, `"*.c": there are no wildcards`} {
		if !contains(err.Error(), want) {
			t.Errorf("%q does not mention %s", err, want)
		}
	}
}
