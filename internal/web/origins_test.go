package web_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/web"
)

func TestOriginPatternsMatchWhatTheySay(t *testing.T) {
	for _, tt := range []struct {
		pattern string
		in, out []string
	}{
		{
			"https://*.example.com",
			[]string{"https://a.example.com", "https://a.b.EXAMPLE.com"},
			[]string{"https://example.com", "https://aexample.com", "http://a.example.com", "https://a.example.com:8443", "https://a.example.com.evil.net", "https://.example.com", "null"},
		},
		{
			"http://localhost:*",
			[]string{"http://localhost", "http://localhost:3000"},
			[]string{"https://localhost:3000", "http://localhost.evil.net:3000", "http://evil.net:3000"},
		},
		{"https://*.example.com:*", []string{"https://a.example.com:1"}, []string{"https://example.com:1"}},
		{"https://app.example.com:8443", []string{"https://app.example.com:8443"}, []string{"https://app.example.com", "https://app.example.com:84430"}},
		{"chrome-extension://abcdefghijklmnop", []string{"chrome-extension://abcdefghijklmnop"}, []string{"chrome-extension://abc", "https://abcdefghijklmnop"}},
		{"vscode-webview://*", []string{"vscode-webview://0a1b2c"}, []string{"https://0a1b2c", "vscode-webview2://x", "null"}},
		{"*", []string{"https://anything.example", "null", "chrome-extension://x"}, nil},
	} {
		h := guarded(t, nil, []string{tt.pattern})
		for want, origins := range map[int][]string{http.StatusTeapot: tt.in, http.StatusForbidden: tt.out} {
			for _, origin := range origins {
				r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/mcp", nil)
				r.Host = "mcp.example.com"
				r.Header.Set("Origin", origin)
				w := httptest.NewRecorder()
				if h.ServeHTTP(w, r); w.Code != want {
					t.Errorf("%s: %s was answered %d", tt.pattern, origin, w.Code)
				}
			}
		}
	}
}

// A request comes from one page (RFC 6454 §7.3): what reads the first of two would let the other
// one in.
func TestTwoOriginsAreNoneThatIsAllowed(t *testing.T) {
	h := guarded(t, nil, []string{"https://app.example.com"})
	for _, origins := range [][]string{{"https://app.example.com", "https://evil.net"}, {"", "https://evil.net"}, {"https://app.example.com", "https://app.example.com"}} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/mcp", nil)
		r.Host = "mcp.example.com"
		r.Header["Origin"] = origins
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, r); w.Code != http.StatusForbidden {
			t.Errorf("%q: answered %d", origins, w.Code)
		}
	}
}

func TestMalformedOriginPatternsAreRefused(t *testing.T) {
	for _, pattern := range []string{
		"", "app.example.com", "https://", "https://a*.example.com", "https://a.*.com", "https://*.", "https://*.*", "https://a:*:*", "https://a:80:*",
		"https://a/path", "https://u@a", "https://a?x", "**", "://x", "file://",
	} {
		if _, err := web.NewGuard(nil, nil, []string{pattern}); err == nil {
			t.Errorf("%q is taken", pattern)
		}
	}
}

func TestOpenOriginsAreThoseThatAnyPageCanHave(t *testing.T) {
	given := []string{
		"*", "https://*", "http://*:*", "https://*.com", "https://*.example.com", "http://localhost:*", "http://*.localhost:*",
		"chrome-extension://*", "vscode-webview://*", "https://app.example.com",
	}
	if open := web.OpenOrigins(given); !slices.Equal(open, given[:4]) {
		t.Errorf("open are %q", open)
	}
}

func TestOpenOriginsAreNotTrusted(t *testing.T) {
	g, err := web.NewGuard(nil, nil, []string{"*", "https://*.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	for origin, want := range map[string]bool{"https://evil.example.net": false, "https://a.example.com": true} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/oauth/token", nil)
		r.Header.Set("Origin", origin)
		if g.TrustsOrigin(r) != want {
			t.Errorf("%s: trusted %v", origin, !want)
		}
	}
}

func TestPreflightsAreAllowedTheHeadersTheyAskFor(t *testing.T) {
	h := guarded(t, nil, []string{"https://app.example.com"})
	for asked, want := range map[string]string{
		"baggage,traceparent, x-anything":   "baggage,traceparent, x-anything",
		"":                                  "Authorization, Content-Type, Accept",
		"x\r\nset-cookie: a":                "Authorization, Content-Type, Accept",
		"a:b":                               "Authorization, Content-Type, Accept",
		"x-" + strings.Repeat("long", 2000): "Authorization, Content-Type, Accept",
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodOptions, "/mcp", nil)
		r.Host = "mcp.example.com"
		r.Header.Set("Origin", "https://app.example.com")
		r.Header.Set("Access-Control-Request-Method", "POST")
		if asked != "" {
			r.Header["Access-Control-Request-Headers"] = []string{asked}
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if got := w.Header().Get("Access-Control-Allow-Headers"); w.Code != http.StatusNoContent || !strings.HasPrefix(got, want) {
			t.Errorf("%.20q: %d %q", asked, w.Code, got)
		}
	}
}
