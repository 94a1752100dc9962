package authserver

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/token"
)

const (
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" // RFC 7523 §2.2

	// assertionLongest is how far ahead an assertion may expire: for so long it is remembered that
	// it was used.
	assertionLongest = 10 * time.Minute
	// assertionLeeway is how far a client's clock may be off.
	assertionLeeway = time.Minute
	// maxAssertionID is the longest jti.
	maxAssertionID = 512
)

// readAssertion reads a client's assertion and checks all of it but its signature and whether it
// was used before (RFC 7523 §3). Some clients leave client_assertion_type out; what is there is an
// assertion all the same, and is never ignored. clientID is what the request names beside it; ""
// for nothing, since the assertion names its client (RFC 7521 §4.2).
func (s *Server) readAssertion(raw, kind, clientID string) (*token.Assertion, *Error) {
	if kind != "" && kind != assertionType {
		return nil, fail(invalidClient, "client_assertion_type must be "+assertionType)
	}
	a, err := token.ParseAssertion(raw)
	if err != nil {
		return nil, fail(invalidClient, assertionProblem(err))
	}
	now := s.opts.Now()
	problem := ""
	switch {
	case a.Subject == "" || a.Issuer != a.Subject:
		problem = "iss and sub of client_assertion must both be the client_id"
	case clientID != "" && clientID != a.Subject:
		problem = "client_id is not the sub of client_assertion"
	case len(a.Audience) != 1 || a.Audience[0] != s.issuer && a.Audience[0] != s.issuer+TokenPath:
		problem = "aud of client_assertion must be one value: the issuer or the token_endpoint, as the metadata of this server has it"
	case !now.Before(a.Expires.Add(assertionLeeway)):
		problem = "client_assertion has expired; sign a new one for each request"
	case a.Expires.After(now.Add(assertionLongest + assertionLeeway)):
		problem = "exp of client_assertion is too far ahead; give at most 10 minutes"
	case a.NotBefore.After(now.Add(assertionLeeway)), a.Issued.After(now.Add(assertionLeeway)):
		problem = "client_assertion is not valid yet; set the clock of the client"
	case a.ID == "" || len(a.ID) > maxAssertionID:
		problem = "jti of client_assertion must have 1 to 512 bytes; give a new random one to each"
	}
	if problem != "" {
		return nil, fail(invalidClient, problem)
	}
	return a, nil
}

// assertionProblem says in our words what the reader of assertions says of one.
func assertionProblem(err error) string {
	e, ok := errors.AsType[*token.InvalidError](err)
	switch {
	case ok && (e.Reason == token.ReasonAlgorithm || e.Reason == token.ReasonSymmetric || e.Reason == token.ReasonUnsigned):
		return "client_assertion must be signed with RS256, ES256 or EdDSA"
	case ok && e.Reason == token.ReasonType:
		return "typ of client_assertion must be JWT or client-authentication+jwt, or left out"
	case ok && e.Reason == token.ReasonClaims:
		return "client_assertion must have iss, sub, jti and aud as text and exp as a number of seconds"
	case ok && e.Reason == token.ReasonCritical:
		return "client_assertion demands an extension that is not supported"
	case ok && e.Reason == token.ReasonSignature:
		return "the signature of client_assertion does not verify with the keys of the client"
	}
	return "client_assertion must be a signed JWT in compact form of at most 16 KiB"
}

// verify checks the signature of an assertion with keys that are at hand. All that is wrong is
// known.
func (c *client) verify(a *token.Assertion) *Error {
	if c.keys == nil {
		return fail(invalidClient, "this client has no keys here to verify a client_assertion with; leave it out, or register with private_key_jwt")
	}
	if !slices.Contains(c.algorithms(), a.Algorithm) {
		return errOtherAlgorithm
	}
	if err := c.keys.Verify(a); err != nil {
		return fail(invalidClient, assertionProblem(err))
	}
	return nil
}

var errOtherAlgorithm = fail(invalidClient, "client_assertion must be signed with the token_endpoint_auth_signing_alg of the client")

// algorithms are what the client's assertions may be signed with.
func (c *client) algorithms() []string {
	if c.algorithm != "" {
		return []string{c.algorithm}
	}
	return token.AssertionAlgorithms()
}

// verifyAssertion checks the signature of the assertion of a client whose keys are in its document
// or beside that, after everything else fits. If nobody can tell, that is said: a client that is
// refused throws its login away.
func (s *Server) verifyAssertion(r *http.Request, p *presented) *Error {
	if p.assertion == nil || p.client.origin != document {
		return nil // none, or verified by authenticate
	}
	return s.keysOf.verify(r.Context(), p.client.id, p.assertion, func() *Error { return s.count(r.Context(), LimitToken, s.counted(r)) })
}

// isUnanswered tells whether an error says nothing about the request, so that its client may send
// the same again.
func isUnanswered(e *Error) bool { return e.kind.status >= http.StatusInternalServerError }

// returnAssertion lets the client use its assertion again if its request could not be served.
func (s *Server) returnAssertion(ctx context.Context, p *presented, e *Error) {
	if p.assertion != nil && isUnanswered(e) {
		s.opts.Prompt.ReturnAssertion(context.WithoutCancel(ctx), p.use())
	}
}
