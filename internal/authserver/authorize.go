package authserver

import (
	"net/http"
	"slices"

	"github.com/clerkchat/mcp-gateway/internal/web"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
)

// authorize is the authorization endpoint (RFC 6749 §3.1). It ends with the consent page, or at the
// provider where that page need not be shown again.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	// RFC 6749 §4.1.2.1: without a client and a redirect of its own there is nobody to answer but
	// the person.
	p, e := single(q, "client_id", "redirect_uri")
	if e != nil {
		s.requestPage(w, e, "", "")
		return
	}
	c, err := s.clients.forBrowser(r.Context(), p["client_id"], func() *Error { return s.count(r.Context(), LimitDocument, s.counted(r)) })
	if err != nil {
		s.clientPage(w, asError(err))
		return
	}
	if e := c.may(grantCode); e != nil { // it has no redirect either
		s.requestPage(w, e, c.name, "")
		return
	}
	redirect := p["redirect_uri"]
	if redirect == "" || !c.allows(redirect) {
		s.requestPage(w, fail(invalidRequest, "the redirect_uri is not one that the client has registered").because(web.ReasonRedirectMismatch), c.name, "")
		return
	}
	// A registration never expires, so the rules of today are asked.
	if problem := checkRedirect(redirect, s.clients.list.schemes); problem != "" {
		s.requestPage(w, fail(invalidRequest, problem).because(web.ReasonRedirectMismatch), c.name, "")
		return
	}
	x, e := s.parseRequest(c, redirect, q)
	if e != nil {
		s.refuseRequest(w, c, &x.AuthRequest, e)
		return
	}
	b, known := s.browserOf(r)
	if !known {
		s.setBrowser(w, b)
	}
	if b.Subject != "" {
		x.Known = mark(b.Subject)
	}
	skip, err := s.remembered(r, c, x, b)
	if err != nil {
		s.failPage(w, r, "consent", err)
		return
	}
	if !skip {
		s.askConsent(w, publisherOf(c), &x.AuthRequest, b, "")
		return
	}
	x.Scopes = x.Asked // which the person allowed before
	location, err := s.beginSignIn(w, r, b, &x.AuthRequest)
	if err != nil {
		s.failPage(w, r, "sign-in", err)
		return
	}
	redirectTo(w, location)
}

// remembered tells whether the page can be left out: this browser's person approved all of it
// before, the client is proven to be the one that was approved, and no other site started it. A
// client that registered itself, or that is on this machine, could be any program, so it is always
// asked about (RFC 8252 §8.6).
func (s *Server) remembered(r *http.Request, c *client, x *request, b browser) (bool, error) {
	if b.Subject == "" || !c.onOwnHost(x.RedirectURI) || r.Header.Get("Sec-Fetch-Site") != "none" || slices.Contains(x.prompt, "consent") {
		return false, nil
	}
	return s.opts.Consents.Covers(r.Context(), b.Subject, x.ClientID, x.RedirectURI, x.Asked)
}

// beginSignIn sends the browser to the provider, with an approved request that only this browser
// can go on with. Nothing is stored: nobody has signed in yet.
func (s *Server) beginSignIn(w http.ResponseWriter, r *http.Request, b browser, x *grant.AuthRequest) (location string, err error) {
	handle := newHandle()
	if location, x.Keep, err = s.opts.SignIn.Begin(r.Context(), handle); err != nil {
		return "", err
	}
	x.ClientID, x.Browser = grant.ClientRef(x.ClientID), mark(b.ID)
	return location, s.setPending(w, r, x, handle)
}

// refuseRequest tells a client by redirect what is wrong. A client that anybody can register must
// not make this server send people anywhere without their doing (RFC 9700 §4.11.2), and nothing
// opens an app by itself: there they follow a link. This machine, the operator's clients and the
// host that proves a client's document are told at once.
func (s *Server) refuseRequest(w http.ResponseWriter, c *client, x *grant.AuthRequest, e *Error) {
	location := s.errorURL(x, e)
	trusted := destinationOf(x.RedirectURI).Local || c.origin == preregistered || c.onOwnHost(x.RedirectURI)
	if trusted && !isApps(x.RedirectURI) {
		tell(w, http.StatusSeeOther, e)
		redirectTo(w, location)
		return
	}
	s.requestPage(w, e, c.name, location)
}

// redirectTo does not use http.Redirect, which would read a path into the URI of an app (RFC 8252
// §7.1). 303 turns any method into GET (RFC 9700 §4.12).
func redirectTo(w http.ResponseWriter, location string) {
	h := w.Header()
	h.Set("Location", location)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(http.StatusSeeOther)
}

// errorView is what a page shows of what went wrong.
type errorView struct {
	Name, Text string
	Later      bool   // it may work in a moment
	Reload     bool   // Later, by loading this page again
	Request    bool   // the request of the client is wrong, which the person can do nothing about
	Operator   bool   // trying again does not help, its operator has to change the configuration
	ErrorID    string // by which the operator finds it in the log, "" if there is none
	Deployment bool   // it is this server's setting or network, which its operator can do something about
	Client     string // may be ""
	Where      string // back to the client with the error, "" if it must not be told
	Link       any    // Where, for the page
}

// errorPage tells a person what went wrong where no client can be told.
func (s *Server) errorPage(w http.ResponseWriter, e *Error) { s.showError(w, e, errorView{}) }

// requestPage tells a person that the client's request is wrong; the client is told only by the
// person's going there.
func (s *Server) requestPage(w http.ResponseWriter, e *Error, client, location string) {
	s.showError(w, e, errorView{Request: e.kind.status < http.StatusInternalServerError, Client: client, Where: location})
}

// clientPage tells a person that their app is not known: for what the app did, or for how this
// server is set up.
func (s *Server) clientPage(w http.ResponseWriter, e *Error) {
	switch {
	case e.deployment:
		s.showError(w, e, errorView{Deployment: true})
	case e.kind == tooMany:
		s.errorPage(w, e)
	default:
		s.requestPage(w, e, "", "")
	}
}

func (s *Server) showError(w http.ResponseWriter, e *Error, v errorView) {
	setRetryAfter(w.Header(), e)
	status := e.kind.status
	if status == http.StatusUnauthorized {
		status = http.StatusBadRequest // 401 would have to say how to log in (RFC 9110 §15.5.2)
	}
	tell(w, status, e)
	v.Operator, v.ErrorID = e.operator, w.Header().Get(web.RequestIDHeader)
	v.Name, v.Text, v.Later, v.Link = s.opts.Name, e.text(), e.retryAfter > 0, link(v.Where)
	if !v.Request { // the other is for makers of clients, and has names of parameters in it
		v.Text = sentence(v.Text)
	}
	s.opts.Pages.Render(w, status, "signin-error", v)
}

// failPage is errorPage for what is not a fault of the request.
func (s *Server) failPage(w http.ResponseWriter, r *http.Request, step string, err error) {
	e := asError(err)
	s.report(r, step, e)
	s.errorPage(w, e)
}
