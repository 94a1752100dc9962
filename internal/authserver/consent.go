package authserver

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/web"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
)

const (
	// pageLife is how long a consent page may lie open.
	pageLife = 30 * time.Minute
	maxForm  = 64 << 10

	unnamedApp = "An unnamed app"
)

// askedRequest is what a consent page carries until it is answered: the whole request, sealed for
// this browser.
type askedRequest struct {
	Request grant.AuthRequest `json:"x"`
	Until   int64             `json:"until"`
}

// consentView is what the consent page shows.
type consentView struct {
	destination
	Name, Client, ClientHost      string
	Redirect                      string // the whole of it
	Known                         bool   // the client is proven
	Person, Email                 string
	Resources                     []string
	Everywhere                    bool // at every address of the gateway
	Scopes                        []offeredScope
	Action, CSRF, Request, Handle string
}

// offeredScope is a scope on the page, and whether its box is ticked from the beginning.
type offeredScope struct {
	Scope
	Ticked bool
}

// publisher is who stands behind a client's name.
type publisher struct {
	known bool
	host  string // that proves it, may be ""
}

func publisherOf(c *client) publisher {
	p := publisher{known: c.origin != registered}
	if u, err := url.Parse(c.id); err == nil && c.origin == document {
		p.host = u.Host
	}
	return p
}

// askConsent shows the page: which program, where its answer goes, what it may do. With a handle
// the person has signed in already and is another one than the browser knew.
func (s *Server) askConsent(w http.ResponseWriter, from publisher, x *grant.AuthRequest, b browser, handle string) {
	v := consentView{
		Name: s.opts.Name, Client: x.ClientName, ClientHost: from.host, Known: from.known, Resources: strings.Fields(x.Resource),
		destination: destinationOf(x.RedirectURI), Redirect: x.RedirectURI, Action: s.base + ConsentPath, CSRF: s.csrf(b), Handle: handle,
	}
	v.Everywhere = slices.ContainsFunc(v.Resources, func(r string) bool { return s.opts.Covers([]string{r}, s.issuer) })
	if v.Client == "" {
		v.Client = unnamedApp
	}
	if x.Person != nil {
		v.Person, v.Email = x.Person.Name, x.Person.Email
		if v.Person == "" {
			v.Person = x.Person.Subject
		}
	}
	for _, scope := range s.opts.Scopes {
		if slices.Contains(x.Asked, scope.Name) {
			v.Scopes = append(v.Scopes, offeredScope{scope, slices.Contains(x.Scopes, scope.Name)})
		}
	}
	if handle == "" {
		data, _ := json.Marshal(askedRequest{Request: *x, Until: s.opts.Now().Add(pageLife).Unix()}) // it is of strings only
		v.Request = encoding.EncodeToString(s.opts.Keys.Request.Seal(data, []byte("request\x00"+b.ID)))
	}
	// With no-referrer browsers would not say where the form comes from (Fetch, appending a request
	// Origin header).
	w.Header().Set("Referrer-Policy", "same-origin")
	s.opts.Pages.Render(w, http.StatusOK, "consent", v)
}

var (
	errPageExpired = fail(invalidRequest, "this page has expired or belongs to another browser, or this browser keeps no cookies of this site; "+
		"start again from your app").because(web.ReasonPageExpired)
	errForeignForm = fail(invalidRequest, "this answer did not come from our page; start again from your app").because(web.ReasonForeignForm)
)

// consent takes the answer of the page. Its own answers are pages, never redirects: Chromium holds
// every redirect that follows a form to form-action (CSP Level 3 §6.4.1), and the provider's chain
// is not ours.
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
		s.declined(w, x, e)
		return
	}
	location, err := s.beginSignIn(w, r, b, x)
	if err != nil {
		s.failPage(w, r, "sign-in", err)
		return
	}
	s.handOver(w, handover{Link: link(location), Refresh: refresh(location)})
}

// ownForm reads a form that one of our pages posted, from the browser that it was shown to; else it
// answers.
func (s *Server) ownForm(w http.ResponseWriter, r *http.Request) (b browser, ok bool) {
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	b, known := s.browserOf(r)
	if origin := r.Header.Get("Origin"); origin != "" && origin != s.origin || r.ParseForm() != nil {
		s.errorPage(w, errForeignForm)
		return browser{}, false
	}
	if !known || !s.csrfHolds(b, r.PostForm.Get("csrf")) {
		s.errorPage(w, errPageExpired)
		return browser{}, false
	}
	return b, true
}

func (s *Server) openRequest(b browser, given string) (*grant.AuthRequest, bool) {
	sealed, err := encoding.DecodeString(given)
	if err != nil {
		return nil, false
	}
	data, err := s.opts.Keys.Request.Open(sealed, []byte("request\x00"+b.ID))
	var asked askedRequest
	if err != nil || json.Unmarshal(data, &asked) != nil || s.opts.Now().Unix() >= asked.Until {
		return nil, false
	}
	return &asked.Request, true
}

// decide puts into x what was allowed of what was asked. Nothing allowed is a denial.
func decide(form url.Values, x *grant.AuthRequest) *Error {
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

// confirmPerson ends a request whose person was asked after signing in.
func (s *Server) confirmPerson(w http.ResponseWriter, r *http.Request, b browser, handle string) {
	x, finish, err := s.opts.AuthRequests.Open(r.Context(), handle)
	if err != nil {
		s.failAuthRequest(w, r, err)
		return
	}
	if x.Person == nil || x.Linking || !sameText(x.Browser, mark(b.ID)) {
		s.errorPage(w, errPageExpired)
		return
	}
	if err := finish(r.Context()); err != nil {
		s.failAuthRequest(w, r, err)
		return
	}
	if e := decide(r.PostForm, x); e != nil {
		s.declined(w, x, e)
		return
	}
	s.conclude(w, r, b, x, s.handBack)
}

// askPerson shows the page again, to somebody who signed in where the browser knew another.
func (s *Server) askPerson(w http.ResponseWriter, r *http.Request, b browser, x *grant.AuthRequest) error {
	handle, err := s.store(w, r, b, x)
	if err != nil {
		return err
	}
	from := publisher{}
	if c, err := s.clients.forToken(x.ClientID); err == nil {
		from = publisherOf(c)
	}
	s.askConsent(w, from, x, b, handle)
	return nil
}

// store keeps a request whose person has signed in until they answer a page in this browser, and
// names it.
func (s *Server) store(w http.ResponseWriter, r *http.Request, b browser, x *grant.AuthRequest) (handle string, err error) {
	handle = newHandle()
	x.Browser, x.Keep = mark(b.ID), nil
	if err := s.opts.AuthRequests.Store(r.Context(), handle, x); err != nil {
		return "", err
	}
	s.setBrowser(w, b) // the form is checked against it
	return handle, nil
}
