package authserver

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/setting"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
)

// SoftwareSubject is who a client is that acts for itself. No person has it: this server is not
// where people sign in.
func SoftwareSubject(issuer, clientID string) string {
	return issuer + "#client:" + grant.ClientRef(clientID)
}

// may tells whether a client may use a grant type. Others than these are for who reads their grants
// to judge.
func (c *client) may(grantType string) *Error {
	switch {
	case c.grants == nil && grantType == grantClient:
		return fail(unauthorizedClient, "client_credentials is for clients only to which the operator of this server gave it, in the list of clients")
	case c.grants == nil || slices.Contains(c.grants, grantType):
		return nil
	case grantType == grantCode || grantType == grantRefresh:
		return fail(unauthorizedClient, "this client acts for itself and signs nobody in; it gets a token with the grant_types that the "+
			"operator of this server gave it")
	case grantType == grantClient:
		return fail(unauthorizedClient, "the operator of this server has not given client_credentials to this client")
	case grantType == grantBearer:
		return fail(unauthorizedClient, "the operator of this server has not given "+grantBearer+" to this client")
	}
	return nil
}

// clientCredentials is the grant of a client that acts for itself (RFC 6749 §4.4): its
// authentication is all there is to it.
func (s *Server) clientCredentials(_ *http.Request, q *tokenRequest) (*direct, *Error) {
	c := q.client
	resources, e := s.directResources(q.resources)
	if e != nil {
		return nil, e
	}
	return &direct{
		subject: SoftwareSubject(s.issuer, c.id), name: c.name, resources: resources, scopes: c.scopes,
		owner: "client " + grant.ClientRef(c.id),
	}, nil
}

// listedGrantTypes are what an entry of the operator's list may have in grant_types.
var listedGrantTypes = []string{grantCode, grantRefresh, grantClient, grantBearer}

// listedGrants gives a client of the list its grant types and scopes, or says what is wrong.
// Whether the scopes are known is for [ClientList.CheckSoftware] to say.
func listedGrants(c *client, grants []string, scope string) (problem string) {
	c.grants, c.scopes = grants, strings.Fields(scope)
	signsIn := len(grants) == 0 || slices.Contains(grants, grantCode)
	for _, g := range grants {
		if !slices.Contains(listedGrantTypes, g) {
			return fmt.Sprintf("the grant type %q is not one of %s", g, strings.Join(listedGrantTypes, ", "))
		}
	}
	switch {
	case signsIn && len(c.redirects) == 0:
		return "give at least one of redirect_uris"
	case !signsIn && len(c.redirects) > 0:
		return "there are redirect_uris, which are for authorization_code, and grant_types has not that"
	case !signsIn && slices.Contains(grants, grantRefresh) && !slices.Contains(grants, grantCode):
		return "grant_types has refresh_token without authorization_code, which alone gives refresh tokens"
	case slices.Contains(grants, grantBearer) && slices.Contains(c.methods, methodNone):
		return "grant_types has " + grantBearer + ", for which the entry must have a client_secret or jwks"
	case !slices.Contains(grants, grantClient):
		return ""
	case slices.Contains(c.methods, methodNone):
		return "grant_types has client_credentials, for which the entry must have a client_secret or jwks"
	case len(c.scopes) == 0:
		return "grant_types has client_credentials, for which the entry must have a scope: what the client may do"
	}
	return ""
}

// permitted are those of some scopes that a client may have, whoever it acts for.
func (c *client) permitted(scopes []string) []string {
	if len(c.scopes) == 0 {
		return scopes
	}
	return slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return !slices.Contains(c.scopes, s) })
}

// Software gives all that a client of the list may do that acts for itself; ok is false if it is
// not one, or not any more. Nobody is in a nil list.
func (l *ClientList) Software(id string) (scopes []string, ok bool) {
	if l == nil {
		return nil, false
	}
	c, ok := l.known[id]
	if !ok || !slices.Contains(c.grants, grantClient) || l.denied(id) {
		return nil, false
	}
	return c.scopes, true
}

// CheckSoftware says which scopes of the list's clients are not among all that there are, and which
// clients that act for themselves have a name that no token can have.
func (l *ClientList) CheckSoftware(issuer string, scopes []string) error {
	var problems []error
	for _, id := range slices.Sorted(maps.Keys(l.known)) {
		c := l.known[id]
		for _, s := range c.scopes {
			if !slices.Contains(scopes, s) {
				problems = append(problems, fmt.Errorf("client %q: the scope %q is not one of %s", id, s, strings.Join(scopes, ", ")))
			}
		}
		subject := SoftwareSubject(issuer, id)
		if slices.Contains(c.grants, grantClient) && !identity.IsSubject(subject) {
			problems = append(problems, fmt.Errorf("client %q: it has client_credentials, for which its client_id must be printable, and "+
				"at most %d bytes together with "+setting.PublicURLFlag, id, identity.MaxSubject))
		}
	}
	return errors.Join(problems...)
}

// SoftwareID is a client of the list that acts for itself, "" if there is none.
func (l *ClientList) SoftwareID() string {
	for _, id := range slices.Sorted(maps.Keys(l.known)) {
		if _, ok := l.Software(id); ok {
			return id
		}
	}
	return ""
}
