package authserver

import (
	"html/template"
	"net/http"
	"strings"

	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
)

// onward sends a browser on: by a redirect, or by a page after a form (see consent).
type onward func(w http.ResponseWriter, client, location string)

// byRedirect leads on at once, but by a page to an app's own scheme: a browser that does not open
// it would show nothing.
func (s *Server) byRedirect(w http.ResponseWriter, client, location string) {
	if isApps(location) {
		s.handBack(w, client, location)
		return
	}
	redirectTo(w, location)
}

// handBack is the page that leads to the client.
func (s *Server) handBack(w http.ResponseWriter, client, location string) {
	s.handOver(w, handover{Client: clientOr(client, "the app"), Link: link(location), Refresh: refresh(location)})
}

// giveUp tells the client what went wrong, or the person where no client waits.
func (s *Server) giveUp(w http.ResponseWriter, r *http.Request, step string, x *grant.AuthRequest, e *Error, on onward) {
	s.report(r, step, e)
	if x.ClientID == "" {
		s.errorPage(w, e)
		return
	}
	s.tellClient(w, x, e, sentence(e.text()), on)
}

// declined tells the client that its person does not want it.
func (s *Server) declined(w http.ResponseWriter, x *grant.AuthRequest, e *Error) {
	s.tellClient(w, x, e, "You did not give it access.", s.handBack)
}

// tellClient gives the client an error (RFC 6749 §4.1.2.1). No error opens an app without a click:
// whoever makes somebody deny, or fail, would choose which app is opened with what. The page of
// that click says what the problem is.
func (s *Server) tellClient(w http.ResponseWriter, x *grant.AuthRequest, e *Error, problem string, on onward) {
	tell(w, http.StatusSeeOther, e)
	location := s.errorURL(x, e)
	if !isApps(x.RedirectURI) {
		on(w, x.ClientName, location)
		return
	}
	s.handOver(w, handover{Client: clientOr(x.ClientName, "the app"), Link: link(location), Problem: problem})
}

// sentence makes one of a text for clients.
func sentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] + "." }

func clientOr(name, other string) string {
	if name == "" {
		return other
	}
	return name
}

// handover is what the page shows that leads on: by itself if there is a Refresh, and by a link.
type handover struct {
	Name, Client  string // without a client it leads to the provider
	Link, Refresh any
	Problem       string // why the client is told an error, a sentence
}

func (s *Server) handOver(w http.ResponseWriter, v handover) {
	v.Name = s.opts.Name
	s.opts.Pages.Render(w, http.StatusOK, "handover", v)
}

// link is an address that a page may lead to: one of a client's redirects or the provider's,
// checked before. Schemes of apps would be taken out otherwise.
func link(location string) any {
	return template.URL(location) //nolint:gosec // checked by checkRedirect, or the operator's provider
}

// refresh is the whole attribute, for the same reason. Its quotes, angles and ampersands are
// escaped here.
func refresh(location string) any {
	return template.HTMLAttr(`content="0;url=` + template.HTMLEscapeString(location) + `"`) //nolint:gosec // escaped
}
