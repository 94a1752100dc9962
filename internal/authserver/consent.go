package authserver

import (
	"crypto/rand"
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
)

const (
	// pageLife is how long a consent page may lie open.
	pageLife = 30 * time.Minute
	maxForm  = 64 << 10

	unnamedApp = "An unnamed app"
)

// askedRequest is what a consent page carries until it is answered: the whole request, sealed for this browser.
type askedRequest struct {
	Exchange session.Exchange `json:"x"`
	Until    int64            `json:"until"`
}

// consentView is what the consent page shows.
type consentView struct {
	Name, Client, ClientHost, Place string
	Local, Known                    bool // Local: leads to this machine only; Known: the client is proven
	Person, Email                   string
	Resource                        string
	Scopes                          []Scope
	Action, CSRF, Request, Handle   string
}

// askConsent shows the page: which program, where its answer goes, what it may do. With a handle the person has signed in
// already and is another one than the browser knew.
func (s *Server) askConsent(w http.ResponseWriter, o origin, x *session.Exchange, b browser, handle string) {
	v := consentView{
		Name: s.opts.Name, Client: x.ClientName, Known: o != registered, Resource: x.Resource,
		Action: ConsentPath, CSRF: s.csrf(b), Handle: handle,
	}
	if v.Client == "" {
		v.Client = unnamedApp
	}
	v.Place, v.Local = place(x.RedirectURI)
	if u, err := url.Parse(x.ClientID); err == nil && o == document {
		v.ClientHost = u.Host
	}
	if x.Person != nil {
		v.Person, v.Email = x.Person.Name, x.Person.Email
		if v.Person == "" {
			v.Person = x.Person.Subject
		}
	}
	for _, scope := range s.opts.Scopes {
		if slices.Contains(x.Asked, scope.Name) {
			v.Scopes = append(v.Scopes, scope)
		}
	}
	if handle == "" {
		data, err := json.Marshal(askedRequest{Exchange: *x, Until: s.opts.Now().Add(pageLife).Unix()})
		if err != nil { // strings only
			s.errorPage(w, &Error{kind: serverError})
			return
		}
		v.Request = encoding.EncodeToString(s.opts.Keys.Request.Seal(data, []byte("request\x00"+b.ID)))
	}
	// With no-referrer browsers would not say where the form comes from (Fetch, appending a request Origin header).
	w.Header().Set("Referrer-Policy", "same-origin")
	s.opts.Pages.Render(w, http.StatusOK, "consent", v)
}

var (
	errPageExpired = fail(invalidRequest, "this page has expired or belongs to another browser, or this browser keeps no cookies of this site; "+
		"start again from your app")
	errForeignForm = fail(invalidRequest, "this answer did not come from our page; start again from your app")
)

// consent takes the answer of the page. Its own answers are pages, never redirects: Chromium holds every redirect that
// follows a form to form-action (CSP Level 3 §6.4.1), and the provider's chain is not ours.
func (s *Server) consent(w http.ResponseWriter, r *http.Request) {
	b, ok := s.ownForm(w, r)
	if !ok {
		return
	}
	if handle := r.PostForm.Get("handle"); handle != "" {
		s.confirmPerson(w, r, b, handle)
		return
	}
	x, ok := s.openRequest(b, r.PostForm.Get("request"))
	if !ok {
		s.errorPage(w, errPageExpired)
		return
	}
	if e := decide(r.PostForm, x); e != nil {
		s.handBack(w, x.ClientName, s.errorURL(x, e))
		return
	}
	location, err := s.beginSignIn(w, r, x)
	if err != nil {
		s.failPage(w, r, "sign-in", err)
		return
	}
	s.handOver(w, "", location)
}

// ownForm reads a form that one of our pages posted, from the browser that it was shown to; else it answers.
func (s *Server) ownForm(w http.ResponseWriter, r *http.Request) (b browser, ok bool) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	b, known := s.browserOf(r)
	if origin := r.Header.Get("Origin"); origin != "" && origin != s.issuer || r.ParseForm() != nil {
		s.errorPage(w, errForeignForm)
		return browser{}, false
	}
	if !known || !s.csrfHolds(b, r.PostForm.Get("csrf")) {
		s.errorPage(w, errPageExpired)
		return browser{}, false
	}
	return b, true
}

func (s *Server) openRequest(b browser, given string) (*session.Exchange, bool) {
	sealed, err := encoding.DecodeString(given)
	if err != nil {
		return nil, false
	}
	data, err := s.opts.Keys.Request.Open(sealed, []byte("request\x00"+b.ID))
	var asked askedRequest
	if err != nil || json.Unmarshal(data, &asked) != nil || s.opts.Now().Unix() >= asked.Until {
		return nil, false
	}
	return &asked.Exchange, true
}

// decide puts into x what was allowed of what was asked. Nothing allowed is a denial.
func decide(form url.Values, x *session.Exchange) *Error {
	if form.Get("decision") != "allow" {
		return fail(accessDenied, "the person declined")
	}
	var scopes []string
	for _, scope := range x.Asked {
		if slices.Contains(form["scope"], scope) {
			scopes = append(scopes, scope)
		}
	}
	if len(scopes) == 0 {
		return fail(accessDenied, "the person allowed nothing")
	}
	x.Scopes = scopes
	return nil
}

// confirmPerson ends an exchange whose person was asked after signing in.
func (s *Server) confirmPerson(w http.ResponseWriter, r *http.Request, b browser, handle string) {
	x, finish, err := s.opts.Exchanges.Open(r.Context(), handle)
	if err != nil {
		s.failExchange(w, r, err)
		return
	}
	if x.Person == nil || x.Linking || !s.bound(r, handle, x.Browser) {
		s.errorPage(w, errPageExpired)
		return
	}
	if err := finish(r.Context()); err != nil {
		s.failExchange(w, r, err)
		return
	}
	s.cookies.set(w, exchangeCookie(handle), "", 0)
	if e := decide(r.PostForm, x); e != nil {
		s.handBack(w, x.ClientName, s.errorURL(x, e))
		return
	}
	s.conclude(w, r, b, x, s.handBack)
}

// askPerson shows the page again, to somebody who signed in where the browser knew another.
func (s *Server) askPerson(w http.ResponseWriter, r *http.Request, b browser, x *session.Exchange) error {
	handle := rand.Text() + rand.Text()
	x.Browser, x.Keep = s.bind(w, handle), nil
	if err := s.opts.Exchanges.Begin(r.Context(), handle, x); err != nil {
		return err
	}
	s.setBrowser(w, b) // the form is checked against it
	o := registered
	if c, err := s.clients.forToken(x.ClientID); err == nil {
		o = c.origin
	}
	s.askConsent(w, o, x, b, handle)
	return nil
}

// handBack is the page that leads to the client.
func (s *Server) handBack(w http.ResponseWriter, client, location string) {
	if client == "" {
		client = "the app"
	}
	s.handOver(w, client, location)
}

// handOver is a page that leads on by itself, and by a link where it does not.
func (s *Server) handOver(w http.ResponseWriter, client, location string) {
	s.opts.Pages.Render(w, http.StatusOK, "handover", struct {
		Name, Client  string
		Link, Refresh any
	}{s.opts.Name, client, link(location), refresh(location)})
}

// link is an address that a page may lead to: one of a client's redirects or the provider's, checked before. Schemes of
// apps would be taken out otherwise.
func link(location string) any {
	return template.URL(location) //nolint:gosec // checked by checkRedirect, or the operator's provider
}

// refresh is the whole attribute, for the same reason. Its quotes, angles and ampersands are escaped here.
func refresh(location string) any {
	return template.HTMLAttr(`content="0;url=` + template.HTMLEscapeString(location) + `"`) //nolint:gosec // escaped
}
