package authserver_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
)

func TestCookiesAreBoundToHostAndLoopbackPort(t *testing.T) {
	w := newWorld(t)
	c := w.program(localRedirect)
	port := must(url.Parse(w.url)).Port()
	p := w.browser()
	asked := p.open(c.request())
	sent := p.submit(form(asked.body))
	for _, set := range []string{asked.header.Get("Set-Cookie"), sent.header.Get("Set-Cookie")} {
		name, rest, _ := strings.Cut(set, "=")
		if !strings.HasPrefix(name, "gateway-") || !strings.HasSuffix(name, "-"+port) || strings.Contains(rest, "Secure") ||
			!strings.Contains(rest, "HttpOnly") || !strings.Contains(rest, "SameSite=Lax") || !strings.Contains(rest, "Path=/;") {
			t.Errorf("over http: %q", set)
		}
	}
	var mux *http.ServeMux
	public := newWorld(t, func(o *authserver.Options) {
		o.PublicURL = must(url.Parse("https://mcp.example.com"))
	})
	mux = public.replicas[0]
	rec := httptest.NewRecorder()
	mux.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, public.program(localRedirect).request(), nil))
	set := rec.Header().Get("Set-Cookie")
	if !strings.HasPrefix(set, "__Host-gateway-browser=") || !strings.Contains(set, "; Secure") || strings.Contains(set, "Domain") ||
		!strings.Contains(set, "Path=/;") || !strings.Contains(set, "HttpOnly") || !strings.Contains(set, "SameSite=Lax") {
		t.Errorf("over https: %q", set)
	}
}

func TestTwoSignInsGoOnSideBySideInOneBrowser(t *testing.T) {
	w := newWorld(t)
	c := w.program(localRedirect)
	p := w.browser()
	one, two := form(p.open(c.request("state", "one")).body), form(p.open(c.request("state", "two")).body)
	atTwo, atOne := p.submit(two), p.submit(one)
	for want, at := range map[string]page{"one": atOne, "two": atTwo} {
		end := p.open(p.open(at.location).location)
		if q := must(url.Parse(end.location)).Query(); q.Get("state") != want || q.Get("code") == "" {
			t.Errorf("%s: %d %q", want, end.status, end.location)
		}
	}
}

func TestAForgedBrowserCookieIsNobodys(t *testing.T) {
	w := newWorld(t)
	c := w.program(localRedirect)
	port := must(url.Parse(w.url)).Port()
	for _, value := range []string{"x", strings.Repeat("A", 200), "%00"} {
		p := w.browser()
		p.header = http.Header{"Cookie": {"gateway-browser-" + port + "=" + value}}
		if at := p.open(c.request()); at.status != http.StatusOK || at.header.Get("Set-Cookie") == "" {
			t.Errorf("%q: %d %v", value, at.status, at.header)
		}
	}
}
