package authserver

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/netx"
)

// Limiter bounds how often something is asked for.
type Limiter interface {
	// Allow counts a request of a kind for an owner, and says when to come back if it is one too
	// many. After an error, which says that nobody can tell, the request is refused for the moment.
	Allow(ctx context.Context, kind, owner string) (ok bool, retryAfter time.Duration, err error)
}

// The kinds of requests that a Limiter counts. What carries nothing of ours is counted by the
// address that it comes from: registrations, authorizations, and at the token and revocation
// endpoints junk. What carries a code, a refresh token or an access token of ours is counted by the
// grant that it belongs to, for each client that asks. So an office full of junk costs nobody there
// a refresh, and whoever spends a grant's refreshes cannot keep its owner from revoking it.
const (
	LimitRegister  = "register"
	LimitAuthorize = "authorize"
	LimitDocument  = "document" // fetches of clients' metadata documents, of which others are asked something
	LimitToken     = "token"    // junk at the token and revocation endpoints
	LimitGrant     = "grant"
	LimitRevoke    = "revoke"
)

// Who asks from an address. A web page makes requests from the address of whoever looks at it,
// without that person's knowledge, so it has allowances of its own. A browser always says when a
// page of another origin asks, and what is no browser gains nothing by saying so. Pages of the
// person's own machine, where browser clients of developers run, are told from foreign ones: no
// foreign page can claim to be one.
const (
	ofForeignPage = " page"
	ofLocalPage   = " local page"
	ofStranger    = " stranger" // posts a form of ours without the cookie that comes with the form
)

// counted gives what a request to a program's endpoint or for a page is counted by.
func (s *Server) counted(r *http.Request) (owner string) {
	address := s.opts.ClientAddress(r)
	switch origin := r.Header.Get("Origin"); {
	case origin != "" && s.opts.TrustsOrigin(r):
		return address
	case isLocalOrigin(origin):
		return address + ofLocalPage
	case origin != "", isEmbedded(r.Header):
		return address + ofForeignPage
	}
	return address
}

// isEmbedded reports whether a page of another origin makes the request by itself, with an image, a
// script or a frame, and not by leading somebody here (Fetch Metadata §2). Such requests have no
// Origin.
func isEmbedded(h http.Header) bool {
	if site := h.Get("Sec-Fetch-Site"); site != "cross-site" && site != "same-site" {
		return false
	}
	dest := h.Get("Sec-Fetch-Dest")
	return h.Get("Sec-Fetch-Mode") != "navigate" || dest != "" && dest != "document"
}

func isLocalOrigin(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && netx.IsUsualLoopback(u.Hostname())
}

// ofGrant is what a request that carries something of a grant is counted by. The client that asks
// is part of it: whoever has somebody's token and names a client of their own is refused, and must
// not spend what the grant's client may ask for.
func ofGrant(grant string, c *client) string { return grant + " " + mark(c.id)[:12] }

// count counts a request, and gives the refusal if it is one too many, or if the limiter cannot
// tell.
func (s *Server) count(ctx context.Context, kind, owner string) *Error {
	if s.opts.Limiter == nil {
		return nil
	}
	ok, wait, err := s.opts.Limiter.Allow(ctx, kind, owner)
	if err != nil {
		return &Error{kind: temporarilyUnavailable, cause: err, retryAfter: retryLater}
	}
	if ok {
		return nil
	}
	e := &Error{kind: tooMany, retryAfter: max(wait, time.Second)}
	if kind == LimitGrant || kind == LimitRevoke {
		e.description = "too many requests with this login; try again later"
	}
	return e
}

// limited refuses what is one too many from an address.
func (s *Server) limited(kind string, refuse func(http.ResponseWriter, *Error), h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if e := s.count(r.Context(), kind, s.counted(r)); e != nil {
			refuse(w, e)
			return
		}
		h(w, r)
	}
}

// limitedForm is limited for forms of our pages. One that a page of another origin posts is refused
// where forms are read, with nothing looked up, and counts for nobody.
func (s *Server) limitedForm(kind string, h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		owner := s.opts.ClientAddress(r)
		if _, known := s.browserOf(r); !known {
			owner += ofStranger
		}
		if r.Header.Get("Origin") == "" || s.opts.TrustsOrigin(r) {
			if e := s.count(r.Context(), kind, owner); e != nil {
				s.errorPage(w, e)
				return
			}
		}
		h(w, r)
	}
}

// refuseUnverified answers a request with a code or token of ours whose client is not proven: an
// assertion that does not verify is junk, whatever comes with it. One that cannot be checked counts
// for the grant, as it would if it could be.
func (s *Server) refuseUnverified(w http.ResponseWriter, r *http.Request, kind, grant string, e *Error) {
	if !isUnanswered(e) {
		s.refuseJunk(w, r, e)
		return
	}
	if limited := s.count(r.Context(), kind, grant); limited != nil {
		e = limited
	}
	s.report(r, "client keys", e)
	refuse(w, e)
}

// refuseUnproven answers a request whose grant rests on what somebody else has signed, and is not
// proven. Nobody's allowance but that of its address is spent for it, also if it cannot be checked.
func (s *Server) refuseUnproven(w http.ResponseWriter, r *http.Request, e *Error) {
	if limited := s.count(r.Context(), LimitToken, s.counted(r)); limited != nil {
		e = limited
	}
	s.report(r, "grant", e)
	refuse(w, e)
}

// refuseJunk answers a request at the token or revocation endpoint that carries nothing of ours.
// Nothing was looked up for it.
func (s *Server) refuseJunk(w http.ResponseWriter, r *http.Request, e *Error) {
	if limited := s.count(r.Context(), LimitToken, s.counted(r)); limited != nil {
		e = limited
	}
	if e == nil { // RFC 7009 §2.2: a token that is not ours is as good as revoked
		done(w)
		return
	}
	refuse(w, e)
}
