package authserver

import (
	"net/http"

	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
)

// The end of a sign-in: the person has signed in and agrees. conclude is the way there for every
// request; complete is the last step.

// conclude ends a request whose person has signed in and agrees: with the client's answer, or first
// with the page that asks for their key. In a request without a client the person came for that
// page.
func (s *Server) conclude(w http.ResponseWriter, r *http.Request, b browser, x *grant.AuthRequest, on onward) {
	if s.opts.Linker != nil {
		link, err := s.opts.Linker.Check(r.Context(), x.Person.Subject)
		if err == nil && (x.ClientID == "" || !link.Usable()) {
			if err = s.askKey(w, r, b, x, link); err == nil {
				return
			}
		}
		if err != nil {
			s.giveUp(w, r, "key", x, asError(err), on)
			return
		}
	}
	if x.ClientID == "" { // begun on a replica that has a linker, while this one has none
		s.errorPage(w, errFinished)
		return
	}
	s.complete(w, r, b, x, on)
}

// complete stores the grant and the approval, and gives the client's answer: a code, or why there
// is none.
func (s *Server) complete(w http.ResponseWriter, r *http.Request, b browser, x *grant.AuthRequest, on onward) {
	code, err := s.opts.Grants.Begin(r.Context(), grant.Grant{
		Subject: x.Person.Subject, Name: x.Person.Name, Email: x.Person.Email, ClientID: x.ClientID, ClientName: x.ClientName,
		Resource: x.Resource, Scopes: x.Scopes, AuthMethods: x.AuthMethods,
	}, grant.Binding{RedirectURI: x.RedirectURI, Challenge: x.Challenge}, x.Person.Upstream)
	if err != nil {
		s.giveUp(w, r, "grant", x, asError(err), on)
		return
	}
	// An approval that is not remembered is asked for again, which is not a reason to fail.
	if err := s.opts.Consents.Remember(r.Context(), x.Person.Subject, x.ClientID, x.RedirectURI, x.Scopes); err != nil {
		s.report(r, "consent", asError(err))
	}
	if ref := x.ClientID; s.clients.keepsDocumentOf(ref) {
		if err := s.opts.Documents.completed(r.Context(), ref, x.Person.Subject, s.clients.list.schemes); err != nil {
			s.report(r, "client document", asError(err))
		}
	}
	b.Subject, b.Name = x.Person.Subject, x.Person.Name
	s.setBrowser(w, b)
	on(w, x.ClientName, s.answerURL(x, "code", code))
}
