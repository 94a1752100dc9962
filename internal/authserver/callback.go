package authserver

import (
	"errors"
	"net/http"

	"github.com/clerkchat/mcp-gateway/pkg/session"
)

const maxSubject = 255

var (
	errNoExchange    = fail(invalidRequest, "this sign-in has expired or was finished before; start again from your app")
	errNotTheBrowser = fail(invalidRequest, "this sign-in was started in another browser or under another address, or this browser keeps "+
		"no cookies of this site; start again from your app")
)

// callback is where the provider sends the browser back to. The state must be one of ours, not used before, and come from
// the browser that approved: whoever starts a sign-in and lets somebody else finish it gets nothing (RFC 9700 §4.7).
func (s *Server) callback(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	p, e := single(q, "state")
	if e != nil {
		s.errorPage(w, e)
		return
	}
	handle := p["state"]
	x, finish, err := s.opts.Exchanges.Open(r.Context(), handle)
	if err != nil {
		s.failExchange(w, r, err)
		return
	}
	if x.Person != nil {
		s.errorPage(w, errNoExchange)
		return
	}
	if !s.bound(r, handle, x.Browser) {
		s.errorPage(w, errNotTheBrowser)
		return
	}
	if err := finish(r.Context()); err != nil {
		s.failExchange(w, r, err)
		return
	}
	s.cookies.set(w, exchangeCookie(handle), "", 0)
	person, err := s.opts.SignIn.Finish(r.Context(), q, x.Keep)
	if err == nil && (person.Subject == "" || len(person.Subject) > maxSubject) {
		err = errors.New("the provider gave a subject that is empty or longer than 255 bytes")
	}
	if err != nil {
		s.giveUp(w, r, "sign-in", x, asError(err), s.byRedirect)
		return
	}
	x.Person = &session.Person{Subject: person.Subject, Name: person.Name, Email: person.Email, Upstream: person.Upstream}
	b, known := s.browserOf(r)
	another := x.Known != "" && x.Known != person.Subject || known && b.Subject != "" && b.Subject != person.Subject
	if another && x.ClientID != "" { // whoever comes for their key has approved nothing that could be another's
		if err := s.askPerson(w, r, b, x); err != nil {
			s.giveUp(w, r, "consent", x, asError(err), s.byRedirect)
		}
		return
	}
	s.conclude(w, r, b, x, s.byRedirect)
}

// complete stores the grant and the approval, and gives the client's answer: a code, or why there is none.
func (s *Server) complete(w http.ResponseWriter, r *http.Request, b browser, x *session.Exchange) string {
	code, err := s.opts.Grants.Begin(r.Context(), session.Grant{
		Subject: x.Person.Subject, Name: x.Person.Name, Email: x.Person.Email, ClientID: x.ClientID, ClientName: x.ClientName,
		Resource: x.Resource, Scopes: x.Scopes,
	}, session.Binding{RedirectURI: x.RedirectURI, Challenge: x.Challenge}, x.Person.Upstream)
	if err != nil {
		e := asError(err)
		s.report(r, "grant", e)
		return s.errorURL(x, e)
	}
	// An approval that is not remembered is asked for again, which is no reason to fail.
	if err := s.opts.Consents.Remember(r.Context(), x.Person.Subject, x.ClientID, x.RedirectURI, x.Scopes); err != nil {
		s.report(r, "consent", asError(err))
	}
	b.Subject, b.Name = x.Person.Subject, x.Person.Name
	s.setBrowser(w, b)
	return s.answerURL(x, "code", code)
}

func (s *Server) failExchange(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, session.ErrNoExchange) {
		s.errorPage(w, errNoExchange)
		return
	}
	s.failPage(w, r, "exchange", err)
}
