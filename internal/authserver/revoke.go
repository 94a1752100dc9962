package authserver

import (
	"net/http"

	"github.com/clerkchat/mcp-gateway/pkg/session"
)

// revoke is the revocation endpoint (RFC 7009). An access token ends its grant as well as a refresh token does: a client
// that gives one up is done with both. As at the token endpoint, what carries nothing of ours is answered with nothing
// looked up.
func (s *Server) revoke(w http.ResponseWriter, r *http.Request) {
	q, e := s.readRevocation(w, r)
	if e != nil || q == nil {
		s.refuseJunk(w, r, e)
		return
	}
	if e := s.count(r.Context(), LimitRevoke, q.grant); e != nil {
		refuse(w, e)
		return
	}
	if err := s.revokeGrant(r, q); err != nil {
		e := asError(err)
		s.report(r, "revoke", e)
		refuse(w, e) // RFC 7009 §2.2.1: 503 means that the token still is good
		return
	}
	done(w)
}

func done(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
}

// revocation is a request to revoke a token of ours.
type revocation struct {
	client *client
	grant  string // its id
	owner  string // the client that the token was issued to; "" if only the grant knows
}

// readRevocation reads a request and verifies all that can be verified without the store; nil for a token that is not ours.
func (s *Server) readRevocation(w http.ResponseWriter, r *http.Request) (*revocation, *Error) {
	form, e := readForm(w, r)
	if e != nil {
		return nil, e
	}
	c, err := s.authenticate(r, form)
	if err != nil {
		return nil, asError(err)
	}
	p, e := single(form, "token", "token_type_hint")
	if e != nil {
		return nil, e
	}
	if p["token"] == "" {
		return nil, fail(invalidRequest, "token is missing")
	}
	// The hint is only that (RFC 7009 §2.1): what a token is can be seen.
	q := &revocation{client: c}
	var ok bool
	if q.grant, q.owner, ok = s.opts.Tokens.Grant(p["token"]); ok {
		return q, nil
	}
	if q.grant, ok = s.opts.Grants.OfRefreshToken(p["token"]); ok {
		return q, nil
	}
	return nil, nil
}

func (s *Server) revokeGrant(r *http.Request, q *revocation) error {
	if q.owner == "" {
		g, err := s.opts.Grants.Lookup(r.Context(), q.grant)
		if err != nil {
			return ignoreGone(err)
		}
		q.owner = g.ClientID
	}
	if q.owner != q.client.id && q.owner != session.ClientRef(q.client.id) { // RFC 7009 §2.1
		return fail(unauthorizedClient, "the token was issued to another client")
	}
	return s.opts.Grants.Revoke(r.Context(), q.grant)
}

// ignoreGone drops the errors that mean there is nothing to revoke.
func ignoreGone(err error) error {
	if asError(err).kind == invalidGrant {
		return nil
	}
	return err
}
