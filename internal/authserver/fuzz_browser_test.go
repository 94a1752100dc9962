package authserver_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
	"github.com/google/go-cmp/cmp"
)

// serveOnce answers one request without a network.
func (w *world) serveOnce(r *http.Request) *httptest.ResponseRecorder {
	rec := httptest.NewRecorder()
	w.replicas[0].ServeHTTP(rec, r)
	return rec
}

// unsealed makes a world in which a browser may write what it is given sealed, so that the parsers
// behind are reached.
func unsealed(f *testing.F) *world {
	return newWorldOver(f, false, func(o *authserver.Options) {
		o.Keys.Browser, o.Keys.Request = clear{}, clear{}
		o.Linker = &linker{keys: map[string]string{}, refused: map[string]bool{}}
	})
}

// Whatever cookies a browser sends, it is nobody's that we have not sealed, and the page is shown.
func FuzzCookies(f *testing.F) {
	sealed, open := newWorldOver(f, false), unsealed(f)
	port := must(url.Parse(sealed.url)).Port()
	for _, s := range []string{
		"gateway-browser-" + port + "=AAAA", "gateway-browser-" + port + "=", "gateway-browser-" + port + "=x; gateway-browser-" + port + "=y",
		"__Host-gateway-browser=x", `gateway-browser-` + port + `="eyJpZCI6IngiLCJ1bnRpbCI6OTk5OTk5OTk5OTl9"`, ";=;,",
	} {
		f.Add(s)
	}
	ours, theirs := sealed.program(localRedirect).request(), open.program(localRedirect).request()
	f.Fuzz(func(t *testing.T, cookie string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, ours, nil)
		r.Header.Set("Cookie", cookie)
		if rec := sealed.serveOnce(r); rec.Code != http.StatusOK || rec.Header().Get("Set-Cookie") == "" {
			t.Errorf("%q: %d %v", cookie, rec.Code, rec.Header())
		}
		r = httptest.NewRequestWithContext(t.Context(), http.MethodGet, theirs, nil)
		r.Header.Set("Cookie", strings.ReplaceAll(cookie, port, must(url.Parse(open.url)).Port()))
		if rec := open.serveOnce(r); rec.Code != http.StatusOK {
			t.Errorf("%q unsealed: %d", cookie, rec.Code)
		}
	})
}

// Whatever a browser brings back from the provider, nobody is given anything but for what was
// sealed for that browser; and whatever is sealed is read as it was written, or not at all.
func FuzzPendingCookies(f *testing.F) {
	sealed, open := newWorldOver(f, false), unsealed(f)
	state := ""
	for _, x := range []*grant.AuthRequest{
		{}, {State: &state}, {ClientID: "c", RedirectURI: localRedirect, Challenge: "x", Asked: scopeNames, Scopes: scopeNames[1:], Keep: []byte("keep")},
	} {
		f.Add("handle", authserver.EncodePending(x))
	}
	f.Add("", []byte(nil))
	f.Add("handle", []byte("\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))
	f.Fuzz(func(t *testing.T, handle string, content []byte) {
		if x, ok := authserver.DecodePending(content); ok {
			again, ok := authserver.DecodePending(authserver.EncodePending(x))
			if diff := cmp.Diff(x, again); !ok || diff != "" {
				t.Errorf("%v %s", ok, diff)
			}
		}
		for _, w := range []*world{sealed, open} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, w.url+authserver.CallbackPath, nil)
			r.URL.RawQuery = url.Values{"state": {handle}, "code": {"ann"}}.Encode()
			r.AddCookie(&http.Cookie{
				Name:  authserver.PendingName(handle) + "-" + must(url.Parse(w.url)).Port(),
				Value: base64.RawURLEncoding.EncodeToString(content),
			})
			rec := w.serveOnce(r)
			if rec.Code >= 500 && rec.Code != http.StatusServiceUnavailable || w == sealed && rec.Code != http.StatusBadRequest ||
				strings.Contains(rec.Header().Get("Location"), "code=") {
				t.Errorf("%q %q: %d %v", handle, content, rec.Code, rec.Header())
			}
		}
	})
}

// Whatever the form of a browser's own page holds, nobody is sent on but by the request that was
// sealed for it.
func FuzzConsentForms(f *testing.F) {
	w, open := newWorldOver(f, false), unsealed(f)
	shown := func(w *world) (filled url.Values, cookies []*http.Cookie) {
		rec := w.serveOnce(httptest.NewRequestWithContext(f.Context(), http.MethodGet, w.program(localRedirect).request(), nil))
		return form(rec.Body.String()), rec.Result().Cookies()
	}
	good, cookies := shown(w)
	clearForm, clearCookies := shown(open)
	for _, s := range []string{
		good.Get("request"), clearForm.Get("request"), "", "AAAA", "e30", "eyJ4Ijp7fSwidW50aWwiOjk5OTk5OTk5OTk5fQ", "bnVsbA", "eyJ1bnRpbCI6MWU5OX0",
	} {
		f.Add(s, "allow", "messages:read", "")
		f.Add(s, "", "made:up", "x")
	}
	f.Fuzz(func(t *testing.T, request, decision, scope, handle string) {
		post := func(w *world, shown url.Values, cookies []*http.Cookie) *httptest.ResponseRecorder {
			filled := url.Values{"csrf": shown["csrf"], "request": {request}, "decision": {decision}, "scope": {scope}, "handle": {handle}}
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, w.url+authserver.ConsentPath, strings.NewReader(filled.Encode()))
			r.Header.Set("Content-Type", formType)
			for _, c := range cookies {
				r.AddCookie(c)
			}
			return w.serveOnce(r)
		}
		if rec := post(w, good, cookies); rec.Code >= 500 || request != good.Get("request") && rec.Code != http.StatusBadRequest {
			t.Errorf("%q %q %q %q: %d", request, decision, scope, handle, rec.Code)
		}
		if rec := post(open, clearForm, clearCookies); rec.Code >= 500 {
			t.Errorf("%q %q %q %q unsealed: %d", request, decision, scope, handle, rec.Code)
		}
	})
}

// Whatever is entered as a key, a page or a hand-over answers it, the page never shows it, and
// nobody else's is touched.
func FuzzKeyForms(f *testing.F) {
	l := &linker{keys: map[string]string{annsSubject: "linked"}, refused: map[string]bool{}}
	w := newWorldOver(f, false, func(o *authserver.Options) { o.Linker = l })
	p := w.browser()
	shown := p.toKeyPage(w.url + authserver.AccountKeyPath)
	good := form(shown.body)
	cookies := p.http.Jar.Cookies(must(url.Parse(w.url)))
	f.Add("anns-key", "id of linked", "link", good.Get("handle"))
	f.Add("bad", "", "link", good.Get("handle"))
	f.Add("<script>\x00", "\xff", "", "x")
	f.Fuzz(func(t *testing.T, key, replaces, decision, handle string) {
		filled := url.Values{"csrf": good["csrf"], "key": {key}, "replaces": {replaces}, "decision": {decision}, "handle": {handle}}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, w.url+authserver.KeyPath, strings.NewReader(filled.Encode()))
		r.Header.Set("Content-Type", formType)
		for _, c := range cookies {
			r.AddCookie(c)
		}
		before := l.of(annsSubject)
		rec := w.serveOnce(r)
		if rec.Code >= 500 && key != "later" || len(key) > 30 && strings.Contains(rec.Body.String(), key) {
			t.Errorf("%q %q %q %q: %d %s", key, replaces, decision, handle, rec.Code, rec.Body)
		}
		if after := l.of(annsSubject); after != before && (handle != good.Get("handle") || replaces != "id of "+before || decision != "link") {
			t.Errorf("%q %q %q %q put %q in the place of %q", key, replaces, decision, handle, after, before)
		}
	})
}
