package authserver

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// What a browser of this server keeps in cookies, and the CSRF token of its forms.

// browserLife is how long a browser remembers who signed in with it.
const browserLife = 30 * 24 * time.Hour

// cookies are how a browser is known again. On https they have the prefix __Host-, so that nobody
// but this host can set them (RFC 6265bis §4.1.3.2); below a path they have that path, which this
// prefix forbids, and the prefix __Secure-. On a loopback address over http browsers take no such
// cookies, and share those they take across ports, so the port is in the name.
type cookies struct {
	prefix, suffix string
	path           string
	secure         bool
}

func newCookies(public *url.URL) cookies {
	path := strings.TrimSuffix(public.EscapedPath(), "/")
	switch {
	case public.Scheme == "https" && path != "":
		return cookies{prefix: "__Secure-", path: path, secure: true}
	case public.Scheme == "https":
		return cookies{prefix: "__Host-", path: "/", secure: true}
	case path == "":
		path = "/"
	}
	port := public.Port()
	if port == "" {
		port = "80"
	}
	return cookies{suffix: "-" + port, path: path}
}

func (c cookies) set(w http.ResponseWriter, name, value string, life time.Duration) {
	cookie := &http.Cookie{ //nolint:gosec // not Secure on a loopback address over http only, where it could not be set
		Name: c.name(name), Value: value, Path: c.path, HttpOnly: true, Secure: c.secure, SameSite: http.SameSiteLaxMode,
		MaxAge: int(life / time.Second),
	}
	if life <= 0 {
		cookie.MaxAge = -1
	}
	http.SetCookie(w, cookie)
}

func (c cookies) name(name string) string { return c.prefix + name + c.suffix }

// plain is the reverse of name; false for a cookie that is not ours, or of a gateway on another
// port.
func (c cookies) plain(name string) (string, bool) {
	name, ok1 := strings.CutPrefix(name, c.prefix)
	name, ok2 := strings.CutSuffix(name, c.suffix)
	return name, ok1 && ok2
}

// get gives a cookie's value, "" if it is not there or there twice.
func (c cookies) get(r *http.Request, name string) string {
	found := r.CookiesNamed(c.name(name))
	if len(found) != 1 {
		return ""
	}
	return found[0].Value
}

// browser is the session of a browser: what its cookie is sealed around.
type browser struct {
	ID      string `json:"id"`
	Subject string `json:"sub,omitempty"` // "" until somebody signed in
	Name    string `json:"name,omitempty"`
	Until   int64  `json:"until"`
}

const (
	browserCookie = "gateway-browser"
	browserAAD    = "browser session"
)

// browserOf opens the browser's cookie, or begins a session if there is none that is good.
func (s *Server) browserOf(r *http.Request) (b browser, known bool) {
	sealed, err := encoding.DecodeString(s.cookies.get(r, browserCookie))
	if err == nil {
		data, err := s.opts.Keys.Browser.Open(sealed, []byte(browserAAD))
		if err == nil && json.Unmarshal(data, &b) == nil && b.ID != "" && s.opts.Now().Unix() < b.Until {
			return b, true
		}
	}
	return browser{ID: rand.Text()}, false
}

func (s *Server) setBrowser(w http.ResponseWriter, b browser) {
	b.Until = s.opts.Now().Add(browserLife).Unix()
	data, err := json.Marshal(b)
	if err != nil { // strings and a number
		return
	}
	sealed := s.opts.Keys.Browser.Seal(data, []byte(browserAAD))
	s.cookies.set(w, browserCookie, encoding.EncodeToString(sealed), browserLife)
}

// csrf is a token for forms in a browser: the same value is in the form and, sealed, in the cookie
// (double submit).
func (s *Server) csrf(b browser) string {
	return encoding.EncodeToString(s.opts.Keys.CSRF.Digest([]byte("csrf\x00" + b.ID)))
}

func (s *Server) csrfHolds(b browser, given string) bool {
	sum, err := encoding.DecodeString(given)
	return err == nil && s.opts.Keys.CSRF.Verify([]byte("csrf\x00"+b.ID), sum)
}

// mark stands for a value, such as the id of a browser's session, where it need only be compared.
func mark(value string) string {
	sum := sha256.Sum256([]byte("mark\x00" + value))
	return encoding.EncodeToString(sum[:])
}
