package authserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
)

// A browser that does not open the scheme of an app leaves a redirect to it without a word. And no
// error opens an app by itself.
func TestAnAppsOwnSchemeIsReachedByAPageWithALink(t *testing.T) {
	const redirect = "cursor://anysphere.cursor/oauth/callback"
	for name, tt := range map[string]struct {
		failure error
		want    string
	}{
		"a code": {nil, "code="},
		"denied": {authserver.ErrDenied, "error=access_denied"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			c, p := w.program(redirect), w.browser()
			at := p.submit(form(p.open(c.request()).body))
			w.provider.set("ann", tt.failure, nil)
			at = p.open(p.open(at.location).location)
			if at.status != http.StatusOK || at.header.Get("Location") != "" || !strings.Contains(at.body, `href="`+redirect+`?`) ||
				!strings.Contains(at.body, tt.want) || !strings.Contains(text(at.body), "Go back to Test app") {
				t.Errorf("%d %v %s", at.status, at.header, at.body)
			}
			if led := at.location != ""; led != (tt.failure == nil) {
				t.Errorf("it leads on by itself: %v %q", led, at.location)
			}
		})
	}
}

// What the form is checked against may be lost on the way to the provider and back.
func TestConsentAfterSignInNeedsNoBrowserCookie(t *testing.T) {
	w := newWorld(t)
	p, c := w.browser(), w.program(localRedirect)
	p.signIn(c.request())
	w.provider.set("bob", nil, nil)
	at := p.submit(form(p.open(c.request()).body))
	home := must(url.Parse(w.url))
	for _, cookie := range p.http.Jar.Cookies(home) {
		if strings.Contains(cookie.Name, "gateway-browser") {
			p.http.Jar.SetCookies(home, []*http.Cookie{{Name: cookie.Name, Path: "/", MaxAge: -1}})
		}
	}
	at = p.open(p.open(at.location).location)
	if !strings.Contains(text(at.body), "bob@example.com") {
		t.Fatalf("not asked: %s", text(at.body))
	}
	if at = p.submit(form(at.body)); !strings.Contains(at.location, "code=") {
		t.Errorf("%d %s", at.status, text(at.body))
	}
}
