package authserver

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"

	"github.com/clerkchat/mcp-gateway/pkg/session"
)

// authorize is the authorization endpoint (RFC 6749 §3.1). It ends with the consent page, or at the provider where that
// page need not be shown again.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	// RFC 6749 §4.1.2.1: without a client and a redirect of its own there is nobody to answer but the person.
	p, e := single(q, "client_id", "redirect_uri")
	if e != nil {
		s.errorPage(w, e)
		return
	}
	c, err := s.clients.forBrowser(r.Context(), p["client_id"])
	if err != nil {
		s.errorPage(w, asError(err))
		return
	}
	redirect := p["redirect_uri"]
	if redirect == "" || !c.allows(redirect) {
		s.errorPage(w, fail(invalidRequest, "the redirect_uri is not one that the client has registered"))
		return
	}
	x, e := s.parseRequest(c, redirect, q)
	if e != nil {
		s.refuseRequest(w, c, &x.Exchange, e)
		return
	}
	b, known := s.browserOf(r)
	if !known {
		s.setBrowser(w, b)
	}
	x.Known = b.Subject
	skip, err := s.remembered(r, c, x, b)
	if err != nil {
		s.failPage(w, r, "consent", err)
		return
	}
	if !skip {
		s.askConsent(w, c.origin, &x.Exchange, b, "")
		return
	}
	location, err := s.beginSignIn(w, r, &x.Exchange)
	if err != nil {
		s.failPage(w, r, "sign-in", err)
		return
	}
	redirectTo(w, location)
}

// remembered tells whether the page can be left out: this browser's person approved all of it before, the client is proven
// to be the one that was approved, and no other site started it. A client that registered itself, or that is on this
// machine, could be any program, so it is always asked about (RFC 8252 §8.6).
func (s *Server) remembered(r *http.Request, c *client, x *request, b browser) (bool, error) {
	if b.Subject == "" || !c.onOwnHost(x.RedirectURI) || r.Header.Get("Sec-Fetch-Site") != "none" || slices.Contains(x.prompt, "consent") {
		return false, nil
	}
	return s.opts.Consents.Covers(r.Context(), b.Subject, x.ClientID, x.RedirectURI, x.Asked)
}

// beginSignIn sends the browser to the provider, with an approved exchange that only this browser can go on with.
func (s *Server) beginSignIn(w http.ResponseWriter, r *http.Request, x *session.Exchange) (location string, err error) {
	handle := rand.Text() + rand.Text()
	if location, x.Keep, err = s.opts.SignIn.Begin(r.Context(), handle); err != nil {
		return "", err
	}
	x.Browser = s.bind(w, handle)
	return location, s.opts.Exchanges.Begin(r.Context(), handle, x)
}

// refuseRequest tells a client by redirect what is wrong. A client that anybody can register must not make this server
// send people anywhere without their doing (RFC 9700 §4.11.2), so there they follow a link.
func (s *Server) refuseRequest(w http.ResponseWriter, c *client, x *session.Exchange, e *Error) {
	location := s.errorURL(x, e)
	if _, local := place(x.RedirectURI); local || c.origin == preregistered {
		redirectTo(w, location)
		return
	}
	s.errorPageWithLink(w, e, c.name, location)
}

// redirectTo does not use http.Redirect, which would read a path into the URI of an app (RFC 8252 §7.1). 303 turns any
// method into GET (RFC 9700 §4.12).
func redirectTo(w http.ResponseWriter, location string) {
	h := w.Header()
	h.Set("Location", location)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	w.WriteHeader(http.StatusSeeOther)
}

// A view of what went wrong.
type errorView struct {
	Name, Text    string
	Later         bool // it may work in a moment
	Client, Where string
}

// errorPage tells a person what went wrong where no client can be told.
func (s *Server) errorPage(w http.ResponseWriter, e *Error) { s.errorPageWithLink(w, e, "", "") }

func (s *Server) errorPageWithLink(w http.ResponseWriter, e *Error, client, location string) {
	setRetryAfter(w.Header(), e)
	status := e.kind.status
	if status == http.StatusUnauthorized {
		status = http.StatusBadRequest // 401 would have to say how to log in (RFC 9110 §15.5.2)
	}
	text := e.text()
	text = strings.ToUpper(text[:1]) + text[1:] + "."
	s.opts.Pages.Render(w, status, "signin-error", struct {
		errorView
		Link any
	}{errorView{Name: s.opts.Name, Text: text, Later: e.retryAfter > 0, Client: client, Where: location}, link(location)})
}

// failPage is errorPage for what is no fault of the request.
func (s *Server) failPage(w http.ResponseWriter, r *http.Request, step string, err error) {
	e := asError(err)
	s.report(r, step, e)
	s.errorPage(w, e)
}
