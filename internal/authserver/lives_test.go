package authserver_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestHowLongABrowserIsKnown(t *testing.T) {
	w := newWorld(t)
	c, p := w.program(localRedirect), w.browser()
	shown := p.open(c.request())
	at := p.submit(form(shown.body))
	at2 := p.open(p.open(at.location).location)
	pending, browser := "", ""
	for _, h := range []http.Header{shown.header, at.header, at2.header} {
		for _, line := range h.Values("Set-Cookie") {
			name, _, _ := strings.Cut(line, "=")
			for _, part := range strings.Split(line, "; ") {
				switch life, ok := strings.CutPrefix(part, "Max-Age="); {
				case !ok || life == "0":
				case strings.HasPrefix(name, "gateway-signin-"):
					pending = life
				default:
					browser = life
				}
			}
		}
	}
	if pending != "600" || browser != "2592000" { // ten minutes, thirty days
		t.Errorf("a sign-in under way for %s s, a browser for %s s", pending, browser)
	}
}
