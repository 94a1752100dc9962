package authserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func TestACookieOfTheRightNameWithAnotherValueIsAnotherBrowser(t *testing.T) {
	w := newWorld(t)
	c, p, other := w.program(localRedirect), w.browser(), w.browser()
	at := p.submit(form(p.open(c.request()).body))
	callback := p.open(at.location).location
	home := must(url.Parse(w.url))
	planted := 0
	for _, cookie := range p.http.Jar.Cookies(home) {
		if strings.Contains(cookie.Name, "gateway-signin-") {
			planted++
			other.http.Jar.SetCookies(home, []*http.Cookie{{Name: cookie.Name, Path: "/", Value: "x"}})
		}
	}
	if at := other.open(callback); planted != 1 || at.status != http.StatusBadRequest || at.location != "" {
		t.Errorf("%d planted: %d %q", planted, at.status, at.location)
	}
	if at := p.open(callback); at.status != http.StatusSeeOther || !strings.Contains(at.location, "code=") {
		t.Errorf("the good one: %d %q", at.status, at.location)
	}
}

func TestRememberedConsentSkipsThePage(t *testing.T) {
	w := newWorld(t)
	w.fetch = serves(`{"client_id":"` + documentID + `","redirect_uris":["` + webRedirect + `"]}`)
	c, p := &program{w: w, id: documentID, redirect: webRedirect, verifier: "v"}, w.browser()
	_, first := c.redeem(p.signIn(c.request()).Get("code"))
	p.pages, p.header = 0, http.Header{"Sec-Fetch-Site": {"none"}}
	status, again := c.redeem(p.signIn(c.request()).Get("code"))
	if p.pages != 0 || status != http.StatusOK || again["scope"] == "" || again["scope"] != first["scope"] {
		t.Errorf("%d pages, %d %v; first %v", p.pages, status, again, first)
	}
}
