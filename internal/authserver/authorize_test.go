package authserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

func TestUnknownClientOrRedirectIsNotRedirected(t *testing.T) {
	w := newWorld(t, listed(t))
	w.fetch = serves("{}")
	c := w.program(webRedirect)
	for name, changes := range map[string][]string{
		"unknown client":             {"client_id", "made-up"},
		"no client":                  {"client_id", ""},
		"denied client":              {"client_id", "blocked"},
		"denied document":            {"client_id", "https://bad.example/client.json"},
		"document of another":        {"client_id", documentID},
		"redirect mismatch":          {"redirect_uri", "https://evil.example/callback"},
		"redirect with another path": {"redirect_uri", webRedirect + "/x"},
		"redirect with a query":      {"redirect_uri", webRedirect + "?x=1"},
		"redirect in capitals":       {"redirect_uri", "https://APP.example/callback"},
		"redirect with another port": {"redirect_uri", "https://app.example:444/callback"},
		"no redirect":                {"redirect_uri", ""},
	} {
		at := w.browser().open(c.request(changes...))
		if at.status != http.StatusBadRequest || at.location != "" || strings.Contains(at.body, "evil.example") {
			t.Errorf("%s: %d %q %s", name, at.status, at.location, text(at.body))
		}
	}
	at := w.browser().open(c.request() + "&redirect_uri=" + url.QueryEscape(webRedirect))
	if at.status != http.StatusBadRequest || at.location != "" {
		t.Errorf("two redirects: %d %q", at.status, at.location)
	}
}

func TestALoopbackRedirectDiffersInItsPortOnly(t *testing.T) {
	w := newWorld(t)
	c := w.program("http://127.0.0.1:4711/callback")
	for redirect, ok := range map[string]bool{
		"http://127.0.0.1:4711/callback": true, "http://127.0.0.1:1/callback": true, "http://127.0.0.1/callback": true,
		"http://localhost:4711/callback": false, "http://[::1]:4711/callback": false, "https://127.0.0.1:4711/callback": false,
		"http://127.0.0.1:4711/callback/": false, "http://127.0.0.1:4711/callback?x": false, "http://127.0.0.1:4711@evil.example/callback": false,
		"http://127.0.0.1:4711/callback#x": false, "http://127.0.0.1.evil.example/callback": false, "http://evil.example:4711/callback": false,
		"http://127.0.0.1:4711//callback": false, "http://127.0.0.1:4711/x/../callback": false,
	} {
		if at := w.browser().open(c.request("redirect_uri", redirect)); (at.status == http.StatusOK) != ok {
			t.Errorf("%s: %d", redirect, at.status)
		}
	}
}

func TestWrongRequestsAreToldToTheClient(t *testing.T) {
	w := newWorld(t)
	c := w.program(localRedirect)
	for name, tc := range map[string]struct {
		code    string
		changes []string
	}{
		"no PKCE":             {"invalid_request", []string{"code_challenge", "", "code_challenge_method", ""}},
		"no challenge":        {"invalid_request", []string{"code_challenge", ""}},
		"plain PKCE":          {"invalid_request", []string{"code_challenge_method", "plain"}},
		"PKCE without method": {"invalid_request", []string{"code_challenge_method", ""}},
		"short challenge":     {"invalid_request", []string{"code_challenge", "abc"}},
		"implicit grant":      {"unsupported_response_type", []string{"response_type", "token"}},
		"no response type":    {"invalid_request", []string{"response_type", ""}},
		"fragment answer":     {"invalid_request", []string{"response_mode", "fragment"}},
		"request object":      {"request_not_supported", []string{"request", "x.y.z"}},
		"request by URL":      {"request_not_supported", []string{"request_uri", "https://evil.example"}},
		"foreign resource":    {"invalid_target", []string{"resource", "https://other.example/mcp"}},
		"unknown endpoint":    {"invalid_target", []string{"resource", w.url + "/other"}},
		"silent":              {"interaction_required", []string{"prompt", "none"}},
	} {
		at := w.browser().open(c.request(tc.changes...))
		u := must(url.Parse(at.location))
		q := u.Query()
		if at.status != http.StatusSeeOther || u.Host != "127.0.0.1:4711" || q.Get("error") != tc.code ||
			q.Get("state") != "state-1" || q.Get("iss") != w.url || q.Get("error_description") == "" || q.Has("code") {
			t.Errorf("%s: %d %s", name, at.status, at.location)
		}
	}
	at := w.browser().open(c.request() + "&scope=x")
	if q := must(url.Parse(at.location)).Query(); q.Get("error") != "invalid_request" {
		t.Errorf("scope twice: %q", at.location)
	}
}

// RFC 9700 §4.11.2: anybody can register a redirect, so a broken request must not become a redirect
// to it.
func TestErrorsReachARegisteredPageByAClickOnly(t *testing.T) {
	w := newWorld(t, listed(t))
	at := w.browser().open(w.program(webRedirect).request("code_challenge_method", "plain"))
	if at.status != http.StatusBadRequest || at.location != "" || !strings.Contains(at.body, `href="https://app.example/callback?error=invalid_request`) {
		t.Errorf("%d %q %s", at.status, at.location, at.body)
	}
	operators := &program{w: w, id: "warehouse", redirect: webRedirect, verifier: "v"}
	if at := w.browser().open(operators.request("code_challenge_method", "plain")); at.status != http.StatusSeeOther {
		t.Errorf("the operator's client: %d", at.status)
	}
}

func TestAClientThatNamesNoResourceGetsTheDefault(t *testing.T) {
	w := newWorld(t)
	c := w.program(localRedirect)
	status, out := c.redeem(w.browser().signIn(c.request("resource", "", "scope", "")).Get("code"))
	if status != http.StatusOK || out["scope"] != strings.Join(scopeNames, " ") {
		t.Fatalf("%d %v", status, out)
	}
	if status, _ := w.call(out["access_token"].(string)); status != http.StatusOK {
		t.Error(status)
	}
	strict := newWorld(t, func(o *authserver.Options) { o.DefaultResource = "" })
	at := strict.browser().open(strict.program(localRedirect).request("resource", ""))
	if q := must(url.Parse(at.location)).Query(); q.Get("error") != "invalid_target" {
		t.Errorf("without default: %q", at.location)
	}
}

func TestEndpointsAreLimitedPerAddress(t *testing.T) {
	w := newWorld(t)
	c := w.program(localRedirect)
	w.limiter.refuse.Store("authorize")
	if at := w.browser().open(c.request()); at.status != http.StatusTooManyRequests || at.header.Get("Retry-After") != "2" {
		t.Errorf("authorize: %d %v", at.status, at.header)
	}
	w.limiter.refuse.Store("token")
	status, out := c.refresh("x")
	wantRefused(t, "token", status, out, http.StatusTooManyRequests, "temporarily_unavailable")
	w.limiter.refuse.Store("register")
	status, out = w.post("/oauth/register", "", `{"redirect_uris":["https://a.example"]}`)
	wantRefused(t, "registration flood", status, out, http.StatusTooManyRequests, "temporarily_unavailable")
	if out["Retry-After"] != "2" {
		t.Errorf("Retry-After %v", out["Retry-After"])
	}
}

// Nobody is let through because nobody counts.
func TestUncountableRequestsAreRefusedWithRetryAfter(t *testing.T) {
	w := newWorld(t)
	c := w.program(localRedirect)
	w.limiter.lost.Store(true)
	if at := w.browser().open(c.request()); at.status != http.StatusServiceUnavailable || at.header.Get("Retry-After") == "" {
		t.Errorf("authorize: %d %v", at.status, at.header)
	}
	status, out := w.post("/oauth/register", "", `{"redirect_uris":["https://a.example"]}`)
	wantRefused(t, "registration", status, out, http.StatusServiceUnavailable, "temporarily_unavailable")
}

func TestAStoreThatIsDownCostsNobodyTheirSignIn(t *testing.T) {
	w := newWorld(t, func(o *authserver.Options) { o.Patience = time.Second })
	if w.redis == nil {
		t.Skip("skip: no redis-server on this machine; apt-get install redis-server provides it")
	}
	w.insists = true
	c := w.program(localRedirect)
	access, refresh := c.tokens(w.browser())
	code := w.browser().signIn(c.request()).Get("code")
	p := w.browser()
	asked := p.open(c.request())
	w.redis.Kill()
	w.insists = false
	status, out := c.refresh(refresh)
	wantRefused(t, "refresh", status, out, http.StatusServiceUnavailable, "temporarily_unavailable")
	if out["Retry-After"] != "5" {
		t.Errorf("Retry-After %v", out["Retry-After"])
	}
	status, out = c.redeem(code)
	wantRefused(t, "code", status, out, http.StatusServiceUnavailable, "temporarily_unavailable")
	status, out = c.redeem(strings.Repeat("A", len(code))) // junk asks no store
	wantRefused(t, "a code that is not ours", status, out, http.StatusBadRequest, "invalid_grant")
	status, out = w.post("/oauth/revoke", "application/x-www-form-urlencoded", url.Values{"client_id": {c.id}, "token": {access}}.Encode())
	wantRefused(t, "revoke", status, out, http.StatusServiceUnavailable, "temporarily_unavailable")
	// What the browser carries needs no store until somebody has signed in.
	callback := p.open(p.submit(form(asked.body)).location).location
	if at := p.open(callback); at.status != http.StatusServiceUnavailable || at.header.Get("Retry-After") == "" ||
		!strings.Contains(text(at.body), "load this page again") {
		t.Errorf("callback: %d %v %s", at.status, at.header, text(at.body))
	}
	// Redis is back, and empty: the client still is who it was, and one round trip brings
	// everything back.
	w.redis.Restart()
	// Each replica finds out by itself.
	good := 0
	testkit.Eventually(t, "both replicas use it", func() bool {
		if status, out = c.refresh(refresh); status == http.StatusServiceUnavailable {
			good = 0
		} else {
			good++
		}
		return good == 4
	})
	w.insists = true
	wantRefused(t, "lost grant", status, out, http.StatusBadRequest, "invalid_grant")
	if at := p.open(callback); at.status != http.StatusSeeOther || !strings.Contains(at.location, "code=") {
		t.Errorf("the callback, loaded again: %d %q", at.status, at.location)
	}
	access, _ = c.tokens(w.browser())
	if status, _ := w.call(access); status != http.StatusOK {
		t.Error(status)
	}
	for _, secret := range []string{access, refresh, "ann", "127.0.0.1"} {
		if strings.Contains(w.log.String(), secret) {
			t.Errorf("the log has %q: %s", secret, w.log.String())
		}
	}
}
