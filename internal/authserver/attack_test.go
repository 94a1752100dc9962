package authserver_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
)

// keepsCookies is a browser that forgets no cookie when it is told to: what somebody has who copied
// them.
type keepsCookies struct{ *cookiejar.Jar }

func (k keepsCookies) SetCookies(u *url.URL, cookies []*http.Cookie) {
	for _, c := range cookies {
		if c.MaxAge >= 0 {
			k.Jar.SetCookies(u, []*http.Cookie{c})
		}
	}
}

func (w *world) thief() *person {
	p := w.browser()
	p.http.Jar = keepsCookies{must(cookiejar.New(nil))}
	return p
}

// RFC 9700 §4.7: the state is good once, whatever cookies come with it.
func TestProvidersAnswerIsTakenOnce(t *testing.T) {
	w := newWorld(t)
	c, p := w.program(localRedirect), w.thief()
	callback := p.open(p.submit(form(p.open(c.request()).body)).location).location
	if at := p.open(callback); at.status != http.StatusSeeOther || !strings.Contains(at.location, "code=") {
		t.Fatalf("%d %q", at.status, at.location)
	}
	if at := p.open(callback); at.status != http.StatusBadRequest || at.location != "" {
		t.Errorf("again: %d %q", at.status, at.location)
	}
}

func TestApprovalAfterSignInIsTakenOnce(t *testing.T) {
	w := newWorld(t)
	c, p := w.program(localRedirect), w.thief()
	c.tokens(p)
	w.provider.set("bob", nil, nil)
	shown := p.open(p.open(p.submit(form(p.open(c.request()).body)).location).location)
	f := form(shown.body)
	if at := p.submit(f); !f.Has("handle") || !strings.Contains(at.location, "code=") {
		t.Fatalf("%v %d %q", f, at.status, at.location)
	}
	if at := p.submit(f); at.status != http.StatusBadRequest || at.location != "" {
		t.Errorf("again: %d %q", at.status, at.location)
	}
}

// The state is in the provider's URL, where the person and their browser can read it.
func TestTheSignInItselfCannotBeSkipped(t *testing.T) {
	w := newWorld(t)
	c, p := w.program(localRedirect), w.browser()
	f := form(p.open(c.request()).body)
	state := must(url.Parse(p.submit(f).location)).Query().Get("state")
	f.Del("request")
	f.Set("handle", state)
	if at := p.submit(f); state == "" || at.status != http.StatusBadRequest || at.location != "" {
		t.Errorf("consent with the state %q: %d %q", state, at.status, at.location)
	}
}

// MCP security best practices, confused deputy: the cookie that ties the browser to a state comes
// with the approval.
func TestNothingIsStartedBeforeConsent(t *testing.T) {
	w := newWorld(t)
	c, p := w.program(localRedirect), w.browser()
	asked := p.open(c.request())
	for _, set := range asked.header.Values("Set-Cookie") {
		if strings.HasPrefix(set, "gateway-signin-") {
			t.Errorf("before consent: %q", set)
		}
	}
	if strings.Contains(asked.body, w.url+"/provider") || asked.location != "" {
		t.Errorf("the page leads to the provider: %q %s", asked.location, asked.body)
	}
	if set := p.submit(form(asked.body)).header.Get("Set-Cookie"); !strings.HasPrefix(set, "gateway-signin-") {
		t.Errorf("after it: %q", set)
	}
}

// An approval is the word of who the browser knew, at the beginning and at the end.
func TestAnotherPersonIsAlwaysAskedForConsent(t *testing.T) {
	w := newWorld(t)
	c := w.program(localRedirect)
	// While Ann's request was open, Bob signed in beside it: the cookie knows Bob when it ends, and
	// Ann approved.
	p := w.browser()
	c.tokens(p)
	anns := form(p.open(c.request()).body)
	w.provider.set("bob", nil, nil)
	c.tokens(p)
	if at := p.open(p.open(p.submit(anns).location).location); !strings.Contains(at.body, `name="handle"`) {
		t.Errorf("Ann approved and Bob signed in: %d %q", at.status, at.location)
	}
	// Nobody was known when the request began, and Ann when it ends.
	p = w.browser()
	nobodys := form(p.open(c.request()).body)
	w.provider.set("ann", nil, nil)
	c.tokens(p)
	w.provider.set("bob", nil, nil)
	if at := p.open(p.open(p.submit(nobodys).location).location); !strings.Contains(at.body, `name="handle"`) {
		t.Errorf("Ann's browser, and Bob signed in: %d %q", at.status, at.location)
	}
}

// RFC 9700 §4.2, §4.3, §4.12, §4.16: whatever a browser is answered, nobody frames it, keeps it or
// learns its address, and a redirect never makes it post again what it posted.
func TestBrowserAnswersForbidFramingCachingAndReferrers(t *testing.T) {
	w, _ := newLinkingWorld(t)
	c, p := w.program(localRedirect), w.browser()
	answers := map[string]page{}
	at := p.open(c.request())
	answers["consent"] = at
	at = p.submit(form(at.body))
	answers["to the provider"] = at
	at = p.open(at.location) // the provider's own
	callback := at.location
	at = p.open(callback)
	answers["key"] = at
	answers["a key that is refused"] = p.submitKey(keyForm(at.body, "bad"))
	answers["to the client"] = p.submitKey(keyForm(at.body, "anns-key"))
	answers["used state"] = p.open(callback)
	answers["no request"] = p.open(w.url + authserver.AuthorizePath)
	answers["account"] = p.open(w.url + authserver.AccountKeyPath)
	answers["wrong request"] = p.open(w.program(webRedirect).request("scope", "made-up"))
	answers["wrong request to this machine"] = p.open(c.request("scope", "made-up"))
	answers["forged form"] = p.submit(url.Values{})
	callback = p.open(p.submit(form(p.open(c.request()).body)).location).location
	answers["callback"] = p.open(callback)
	for name, at := range answers {
		h := at.header
		if h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s is kept: %v", name, h)
		}
		if h.Get("Location") != "" {
			if at.status != http.StatusSeeOther || h.Get("Referrer-Policy") != "no-referrer" {
				t.Errorf("%s: %d %v", name, at.status, h)
			}
			continue
		}
		// Forms have to say where they come from, to us and to nobody else.
		if policy := h.Get("Referrer-Policy"); policy != "no-referrer" && (policy != "same-origin" || !strings.Contains(at.body, "<form")) {
			t.Errorf("%s tells its address: %q", name, policy)
		}
		if csp := h.Get("Content-Security-Policy"); !strings.Contains(csp, "frame-ancestors 'none'") || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %v", name, h)
		}
		if strings.Contains(at.body, "anns-key") || strings.Contains(at.body, `value="bad"`) {
			t.Errorf("%s shows a key", name)
		}
	}
}

// RFC 9700 §2.4, §2.1.2: no grant takes a password.
func TestOtherGrantTypesAreUnsupported(t *testing.T) {
	w := newWorld(t, listed(t))
	c := &program{w: w, id: "warehouse", secret: "a-secret-of-the-warehouse"}
	for _, grant := range []string{
		"password", "implicit", "urn:ietf:params:oauth:grant-type:token-exchange",
		"urn:ietf:params:oauth:grant-type:jwt-bearer", "urn:ietf:params:oauth:grant-type:device_code",
	} {
		status, out := c.token("grant_type", grant, "username", "ann", "password", "x", "subject_token", "x", "assertion", "x")
		wantRefused(t, grant, status, out, http.StatusBadRequest, "unsupported_grant_type")
	}
}

// A grant is not a promise: what an endpoint no longer offers, no token of it allows.
func TestAScopeThatItsEndpointLostIsNotGivenAgain(t *testing.T) {
	var lost atomic.Bool
	w := newWorld(t, func(o *authserver.Options) {
		known := o.Resources
		o.Resources = func(resource string) ([]string, bool) {
			if _, ok := known(resource); ok && lost.Load() {
				return []string{"messages:read"}, true
			}
			return known(resource)
		}
	})
	c := w.program(localRedirect)
	_, refresh := c.tokens(w.browser())
	lost.Store(true)
	if status, out := c.refresh(refresh); status != http.StatusOK || out["scope"] != "messages:read" {
		t.Errorf("%d %v", status, out)
	}
}

// RFC 9700 §4.1, RFC 8252 §7.1: an answer goes to an app, and not to what runs in a browser or
// starts a program of the system.
func TestARedirectLeadsToAnAppAndRunsNothing(t *testing.T) {
	for _, scheme := range []string{
		"javascript", "vbscript", "data", "blob", "file", "view-source", "intent", "android-app", "ms-msdt", "ms-officecmd", "search-ms", "ldap",
		"microsoft-edge", "smb", "jar", "chrome-extension", "MS-MSDT", "JavaScript", "tel", "mailto",
	} {
		if authserver.CheckRedirect(scheme+"://x/y") == "" || authserver.CheckRedirect(scheme+":x") == "" {
			t.Errorf("%s: is a redirect", scheme)
		}
	}
	for _, app := range []string{
		"cursor://anysphere.cursor-mcp/oauth/callback", "vscode://vscode.github-authentication/did-authenticate", "vscode-insiders://x",
		"com.example.app:/callback", "claude://x", "msauth.com.example://auth",
	} {
		if problem := authserver.CheckRedirect(app); problem != "" {
			t.Errorf("%s: %s", app, problem)
		}
	}
}

func TestADeniedHostStaysDeniedHoweverSpelled(t *testing.T) {
	w := newWorld(t, func(o *authserver.Options) {
		o.Clients = must(authserver.ParseClients([]byte(`{"denied":["https://bad.example/","` + documentID + `"]}`)))
	})
	w.fetch = func(r *http.Request) (*http.Response, error) {
		return serves(`{"client_id":"` + r.URL.String() + `","redirect_uris":["` + webRedirect + `"]}`)(r)
	}
	for id, ok := range map[string]bool{
		"https://bad.example/client.json": false, "https://bad.example/a/b": false, "https://BAD.example/client.json": false,
		"https://bad.example:443/client.json": false, "https://bad.example./client.json": false, "https://bad.example//x": false,
		documentID: false, "https://app.example/other.json": true, "https://bad.example.org/client.json": true,
	} {
		if at := w.browser().open(document(w, id).request()); (at.status == http.StatusOK) != ok {
			t.Errorf("%s: %d %s", id, at.status, text(at.body))
		}
		status, out := document(w, id).refresh("x")
		if known := status != http.StatusUnauthorized; known != ok {
			t.Errorf("%s at the token endpoint: %d %v", id, status, out)
		}
	}
}
