package authserver_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
)

func TestConsentPageShowsClientAndDestination(t *testing.T) {
	w := newWorld(t)
	w.fetch = serves(goodDocument)
	for name, tc := range map[string]struct {
		c    *program
		want []string
		not  string
	}{
		"loopback": {w.program(localRedirect), []string{"Test app", "this computer (127.0.0.1:4711)", "Only go on if you started this yourself"}, "Published by"},
		"web":      {w.program(webRedirect), []string{"Test app", "app.example", "Nobody has checked this name"}, "Published by"},
		"document": {&program{w: w, id: documentID, redirect: webRedirect, verifier: "v"}, []string{"Example app", "Published by app.example"}, "Nobody has checked"},
	} {
		at := w.browser().open(tc.c.request())
		body := text(at.body)
		for _, want := range append(tc.want, "Read messages", "Send text messages from your numbers.", w.url+"/mcp") {
			if !strings.Contains(body, want) {
				t.Errorf("%s: %q is missing: %s", name, want, body)
			}
		}
		if strings.Contains(body, tc.not) || strings.Contains(body, "Change contacts") {
			t.Errorf("%s: says too much: %s", name, body)
		}
		policy := at.header.Get("Content-Security-Policy")
		if at.status != http.StatusOK || !strings.Contains(policy, "frame-ancestors 'none'") || !strings.Contains(policy, "default-src 'none'") ||
			at.header.Get("Cache-Control") != "no-store" || at.header.Get("Referrer-Policy") != "same-origin" {
			t.Errorf("%s: %d %v", name, at.status, at.header)
		}
	}
}

func TestANameCannotBreakOutOfThePage(t *testing.T) {
	w := newWorld(t)
	_, out := w.post("/oauth/register", "", `{"redirect_uris":["`+localRedirect+`"],"client_name":"<script>x</script>\u202e\u0000 \n  y","token_endpoint_auth_method":"none"}`)
	if out["client_name"] != "<script>x</script> y" {
		t.Errorf("name %q", out["client_name"])
	}
	at := w.browser().open((&program{w: w, id: out["client_id"].(string), redirect: localRedirect, verifier: "v"}).request())
	if strings.Contains(at.body, "<script>x") || !strings.Contains(at.body, "&lt;script&gt;x") {
		t.Error(at.body)
	}
}

func TestConsentCannotBeSkippedOrForged(t *testing.T) {
	w := newWorld(t)
	c := w.program(localRedirect)
	victim, attacker := w.browser(), w.browser()
	mine := form(attacker.open(c.request()).body)
	theirs := form(victim.open(c.request()).body)
	mixed := url.Values{"decision": {"allow"}, "scope": theirs["scope"], "csrf": theirs["csrf"], "request": mine["request"]}
	for name, f := range map[string]url.Values{
		"another browser's page":    mine,
		"another browser's request": mixed,
		"no CSRF token":             {"decision": {"allow"}, "scope": theirs["scope"], "request": theirs["request"]},
		"forged CSRF token":         {"decision": {"allow"}, "scope": theirs["scope"], "request": theirs["request"], "csrf": {strings.Repeat("A", 43)}},
		"no request":                {"decision": {"allow"}, "scope": theirs["scope"], "csrf": theirs["csrf"]},
		"forged request":            {"decision": {"allow"}, "scope": theirs["scope"], "csrf": theirs["csrf"], "request": {strings.Repeat("A", 400)}},
		"forged handle":             {"decision": {"allow"}, "scope": theirs["scope"], "csrf": theirs["csrf"], "handle": {"x"}},
	} {
		if at := victim.submit(f); at.status != http.StatusBadRequest || at.location != "" {
			t.Errorf("%s: %d %q", name, at.status, at.location)
		}
	}
	if at := w.browser().submit(theirs); at.status != http.StatusBadRequest || at.location != "" {
		t.Errorf("without cookies: %d %q", at.status, at.location)
	}
	req := must(http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+authserver.ConsentPath, strings.NewReader(theirs.Encode())))
	req.Header.Set("Content-Type", formType)
	req.Header.Set("Origin", "https://evil.example")
	if at := victim.do(req); at.status != http.StatusBadRequest || at.location != "" {
		t.Errorf("from another site: %d %q", at.status, at.location)
	}
	w.ahead.Store(int64(31 * time.Minute))
	if at := victim.submit(theirs); at.status != http.StatusBadRequest || at.location != "" {
		t.Errorf("an old page: %d %q", at.status, at.location)
	}
	w.ahead.Store(0)
	if at := victim.submit(theirs); at.status != http.StatusOK || !strings.HasPrefix(at.location, w.url+"/provider?") {
		t.Errorf("the good one: %d %q", at.status, at.location)
	}
}

// Chromium holds redirects after a form to form-action, so the answer is a page.
func TestTheAnswerToConsentIsAPageThatLeadsOn(t *testing.T) {
	w := newWorld(t)
	c := w.program(localRedirect)
	for _, decision := range []string{"allow", "deny", ""} {
		p := w.browser()
		f := form(p.open(c.request()).body)
		f.Set("decision", decision)
		at := p.submit(f)
		if at.status != http.StatusOK || at.header.Get("Location") != "" || at.location == "" || !strings.Contains(at.body, `<a class="button" href="http`) {
			t.Errorf("%q: %d %q\n%s", decision, at.status, at.location, at.body)
		}
		denied := must(url.Parse(at.location)).Query().Get("error") == "access_denied"
		if denied != (decision != "allow") {
			t.Errorf("%q leads to %s", decision, at.location)
		}
	}
	p := w.browser()
	p.allow = func(f url.Values) { f.Del("scope") }
	if q := p.signIn(c.request()); q.Get("error") != "access_denied" || q.Get("iss") != w.url {
		t.Errorf("nothing allowed: %v", q)
	}
}

func TestASignInIsFinishedOnceAndInTheBrowserThatApproved(t *testing.T) {
	w := newWorld(t)
	c := w.program(localRedirect)
	p := w.browser()
	at := p.submit(form(p.open(c.request()).body))
	callback := p.open(at.location).location
	// Another person's browser finishes a sign-in that somebody else started.
	other := w.browser()
	other.open(c.request())
	if at := other.open(callback); at.status != http.StatusBadRequest || at.location != "" {
		t.Errorf("another browser: %d %q", at.status, at.location)
	}
	for name, address := range map[string]string{
		"forged state": w.url + authserver.CallbackPath + "?code=ann&state=made-up",
		"no state":     w.url + authserver.CallbackPath + "?code=ann",
		"two states":   callback + "&state=x",
	} {
		if at := p.open(address); at.status != http.StatusBadRequest || at.location != "" {
			t.Errorf("%s: %d %q", name, at.status, at.location)
		}
	}
	if at := p.open(callback); at.status != http.StatusSeeOther || !strings.Contains(at.location, "code=") {
		t.Errorf("the good one: %d %q", at.status, at.location)
	}
	if at := p.open(callback); at.status != http.StatusBadRequest || at.location != "" {
		t.Errorf("reused state: %d %q", at.status, at.location)
	}
}

func TestASignInThatFailsIsToldToTheClient(t *testing.T) {
	w := newWorld(t)
	c := w.program(localRedirect)
	for _, tc := range []struct {
		err  error
		code string
	}{
		{authserver.ErrDenied, "access_denied"}, {authserver.ErrNotAllowed, "access_denied"},
		{authserver.ErrUnavailable, "temporarily_unavailable"}, {errors.New("a secret cause"), "server_error"},
	} {
		w.provider.set("", tc.err, nil)
		q := w.browser().signIn(c.request())
		if q.Get("error") != tc.code || q.Has("code") || q.Get("state") != "state-1" || strings.Contains(q.Encode(), "secret") {
			t.Errorf("%v: %v", tc.err, q)
		}
	}
	if strings.Contains(w.log.String(), "secret") {
		t.Errorf("logged: %s", w.log.String())
	}
	w.provider.set(strings.Repeat("x", 256), nil, nil)
	if q := w.browser().signIn(c.request()); q.Get("error") != "server_error" {
		t.Errorf("a subject that is too long: %v", q)
	}
}

func TestAnotherPersonIsAskedAfterSignIn(t *testing.T) {
	w := newWorld(t)
	c := w.program(localRedirect)
	p := w.browser()
	c.tokens(p)
	if p.pages != 1 {
		t.Fatalf("%d pages", p.pages)
	}
	w.provider.set("bob", nil, nil)
	p.pages = 0
	access, _ := c.tokens(p)
	if _, body := w.call(access); p.pages != 2 || !strings.HasPrefix(body, "https://id.example#bob ") {
		t.Errorf("%d pages, %s", p.pages, body)
	}
	w.provider.set("ann", nil, nil)
	p.allow = func(f url.Values) {
		if f.Has("handle") {
			f.Set("decision", "deny")
		}
	}
	if q := p.signIn(c.request()); q.Get("error") != "access_denied" || q.Has("code") {
		t.Errorf("denied after signing in: %v", q)
	}
	// The page after signing in is for the browser that signed in, once.
	p.allow = nil
	at := p.submit(form(p.open(c.request()).body))
	at = p.open(p.open(at.location).location)
	f := form(at.body)
	other := w.browser()
	stolen := form(other.open(c.request()).body)
	stolen.Del("request")
	stolen.Set("handle", f.Get("handle"))
	if at := other.submit(stolen); at.status != http.StatusBadRequest || at.location != "" {
		t.Errorf("another browser: %d %q", at.status, at.location)
	}
	if at := p.submit(f); !strings.Contains(at.location, "code=") {
		t.Errorf("%d %q", at.status, at.location)
	}
	if at := p.submit(f); at.status != http.StatusBadRequest {
		t.Errorf("again: %d %q", at.status, at.location)
	}
}

func TestConsentIsRememberedForClientsThatAreProvenOnly(t *testing.T) {
	w := newWorld(t)
	w.fetch = serves(`{"client_id":"` + documentID + `","redirect_uris":["` + webRedirect + `","` + localRedirect + `","https://other.example/cb"]}`)
	proven := func(redirect string) *program {
		return &program{w: w, id: documentID, redirect: redirect, verifier: "v"}
	}
	for name, tc := range map[string]struct {
		c       *program
		site    string
		changes []string
		pages   int
	}{
		"opened by hand":       {proven(webRedirect), "none", nil, 0},
		"fewer scopes":         {proven(webRedirect), "none", []string{"scope", "messages:read"}, 0},
		"sent by another site": {proven(webRedirect), "cross-site", nil, 1},
		"site unknown":         {proven(webRedirect), "", nil, 1},
		"asked to ask":         {proven(webRedirect), "none", []string{"prompt", "consent"}, 1},
		"more scopes":          {proven(webRedirect), "none", []string{"scope", ""}, 1},
		"loopback redirect":    {proven(localRedirect), "none", nil, 1},
		"another host":         {proven("https://other.example/cb"), "none", nil, 1},
		"registered":           {w.program(webRedirect), "none", nil, 1},
	} {
		p := w.browser()
		p.signIn(tc.c.request())
		p.pages, p.header = 0, http.Header{"Sec-Fetch-Site": {tc.site}}
		if q := p.signIn(tc.c.request(tc.changes...)); p.pages != tc.pages || q.Get("code") == "" {
			t.Errorf("%s: %d pages, want %d; %v", name, p.pages, tc.pages, q)
		}
	}
	stranger := w.browser()
	stranger.header = http.Header{"Sec-Fetch-Site": {"none"}}
	if stranger.signIn(proven(webRedirect).request()); stranger.pages != 1 {
		t.Errorf("a browser that knows nobody: %d pages", stranger.pages)
	}
	// Somebody else signs in where the page was left out.
	p := w.browser()
	p.signIn(proven(webRedirect).request())
	p.pages, p.header = 0, http.Header{"Sec-Fetch-Site": {"none"}}
	w.provider.set("bob", nil, nil)
	if p.signIn(proven(webRedirect).request()); p.pages != 1 {
		t.Errorf("bob: %d pages", p.pages)
	}
}
