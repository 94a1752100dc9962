package authserver

import (
	"net/http"

	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
)

// revoke is the revocation endpoint (RFC 7009). An access token ends its grant as well as a refresh
// token does: a client that gives one up is done with both. As at the token endpoint, what carries
// nothing of ours is answered with nothing looked up.
func (s *Server) revoke(w http.ResponseWriter, r *http.Request) {
	q, e := s.readRevocation(w, r)
	if e != nil || q == nil {
		s.refuseJunk(w, r, e)
		return
	}
	if e := s.verifyAssertion(r, q.presented); e != nil {
		s.refuseUnverified(w, r, LimitRevoke, ofGrant(q.grant, q.client), e)
		return
	}
	if e := s.count(r.Context(), LimitRevoke, ofGrant(q.grant, q.client)); e != nil {
		refuse(w, e)
		return
	}
	if err := s.revokeGrant(r, q); err != nil {
		e := asError(err)
		s.returnAssertion(r.Context(), q.presented, e)
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
	*presented
	grant string // its id
	owner string // the client that the token was issued to; "" if only the grant knows
}

// readRevocation reads a request and verifies all that can be verified without the store; nil for a
// token that is not ours.
func (s *Server) readRevocation(w http.ResponseWriter, r *http.Request) (*revocation, *Error) {
	form, e := readForm(w, r)
	if e != nil {
		return nil, e
	}
	c, e := s.authenticate(r, form)
	if e != nil {
		return nil, e
	}
	p, e := single(form, "token", "token_type_hint")
	if e != nil {
		return nil, e
	}
	if p["token"] == "" {
		return nil, fail(invalidRequest, "token is missing")
	}
	// The hint is only that (RFC 7009 §2.1): what a token is can be seen.
	q := &revocation{presented: c}
	var ok bool
	if q.grant, q.owner, ok = s.opts.Tokens.Grant(p["token"]); ok {
		return q, nil
	}
	if q.grant, ok = s.opts.Grants.OfRefreshToken(p["token"]); ok {
		return q, nil
	}
	return nil, nil
}

// revokeGrant ends a grant for its own client, which proves itself as at the token endpoint. A
// grant that is gone demands nothing any more; an access token that is left of it ends all the
// same.
func (s *Server) revokeGrant(r *http.Request, q *revocation) error {
	ctx, grants := r.Context(), s.opts.Grants
	if q.owner != "" && !q.isOwners() {
		return errOthersToken
	}
	if q.assertion != nil {
		if err := grants.UseAssertion(ctx, q.use(), q.used(s.opts.Now())); err != nil {
			return err
		}
	}
	g, err := grants.Lookup(ctx, q.grant)
	switch {
	case err == nil:
		q.owner = g.ClientID
	case ignoreGone(err) != nil, q.owner == "":
		return ignoreGone(err)
	}
	if !q.isOwners() {
		return errOthersToken
	}
	if err == nil {
		if err := q.admits(g); err != nil {
			return err
		}
	}
	return grants.Revoke(ctx, q.grant)
}

var errOthersToken = fail(unauthorizedClient, "the token was issued to another client") // RFC 7009 §2.1

// isOwners tells whether the client that asks is the one that the token was issued to.
func (q *revocation) isOwners() bool {
	return q.owner == q.client.id || q.owner == grant.ClientRef(q.client.id)
}

// ignoreGone drops the errors that mean there is nothing to revoke.
func ignoreGone(err error) error {
	if asError(err).kind == invalidGrant {
		return nil
	}
	return err
}
