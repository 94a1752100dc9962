package authserver

import (
	"net/http"
)

// revoke is the revocation endpoint (RFC 7009). An access token ends its grant as well as a refresh token does: a client
// that gives one up is done with both.
func (s *Server) revoke(w http.ResponseWriter, r *http.Request) {
	form, e := readForm(w, r)
	if e != nil {
		refuse(w, e)
		return
	}
	if err := s.revokeToken(r, form); err != nil {
		e := asError(err)
		s.report(r, "revoke", e)
		refuse(w, e) // RFC 7009 §2.2.1: 503 means that the token still is good
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
}

func (s *Server) revokeToken(r *http.Request, form map[string][]string) error {
	c, err := s.authenticate(r, form)
	if err != nil {
		return err
	}
	p, e := single(form, "token", "token_type_hint")
	if e != nil {
		return e
	}
	if p["token"] == "" {
		return fail(invalidRequest, "token is missing")
	}
	// The hint is only that (RFC 7009 §2.1): what a token is can be seen.
	grant, clientID, ok := s.opts.Tokens.Grant(p["token"])
	if !ok {
		if grant, ok = s.opts.Grants.OfRefreshToken(p["token"]); !ok {
			return nil // RFC 7009 §2.2: an unknown token is as good as revoked
		}
		g, err := s.opts.Grants.Lookup(r.Context(), grant)
		if err != nil {
			return ignoreGone(err)
		}
		clientID = g.ClientID
	}
	if clientID != c.id { // RFC 7009 §2.1
		return fail(unauthorizedClient, "the token was issued to another client")
	}
	return s.opts.Grants.Revoke(r.Context(), grant)
}

// ignoreGone drops the errors that mean there is nothing to revoke.
func ignoreGone(err error) error {
	if asError(err).kind == invalidGrant {
		return nil
	}
	return err
}
