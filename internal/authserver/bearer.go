package authserver

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/fault"
	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/setting"
	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
)

// grantBearer is the grant type of assertions (RFC 7523 §2.1).
const grantBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer" //nolint:gosec // the name of a kind

const (
	// bearerLongest is how long an assertion may live: for so long it is remembered that it was
	// used.
	bearerLongest = time.Hour
	// outlives is by how much an access token may outlive the assertion that it was given for.
	outlives = 10 * time.Minute
	// maxBearerSubject is the longest name of a person or workload: issuer, "#" and sub.
	maxBearerSubject = identity.MaxSubject
)

// takesAssertions tells whether there is anybody whose assertions are taken.
func (s *Server) takesAssertions() bool {
	return s.opts.Workloads != nil || s.opts.IdentityAssertions != nil
}

// jwtBearer is the grant of an assertion (RFC 7523 §2.1). Its type says which of two kinds it is,
// and each kind has issuers of its own, so that none passes for the other.
func (s *Server) jwtBearer(_ *http.Request, q *tokenRequest) (*direct, *Error) {
	a, err := token.ParseGrantAssertion(q.params["assertion"])
	if err != nil {
		return nil, fail(invalidGrant, bearerProblem(err))
	}
	if a.Identity {
		return s.identityAssertion(q, a)
	}
	return s.workload(q, a)
}

// checkBearer compares what counts for every assertion and needs neither keys nor the store (RFC
// 7523 §3).
func (s *Server) checkBearer(a *token.GrantAssertion) *Error {
	now := s.opts.Now()
	problem := ""
	switch {
	case len(a.Audience) != 1 || a.Audience[0] != s.issuer:
		problem = "aud of the assertion must be one value, the issuer as the metadata of this server has it: " + s.issuer
	case !now.Before(a.Expires.Add(assertionLeeway)):
		problem = "the assertion has expired; get a new one for each request"
	case a.Expires.After(now.Add(bearerLongest + assertionLeeway)), !a.Issued.IsZero() && a.Expires.Sub(a.Issued) > bearerLongest:
		problem = "the assertion lives too long; at most an hour may lie between its iat and its exp"
	case a.NotBefore.After(now.Add(assertionLeeway)), a.Issued.After(now.Add(assertionLeeway)):
		problem = "the assertion is not valid yet; the clocks of its issuer and of this server differ"
	case len(a.ID) > maxAssertionID:
		problem = "jti of the assertion must have at most 512 bytes"
	case len(bearerSubject(a)) > maxBearerSubject:
		problem = "iss and sub of the assertion together must have at most 254 bytes"
	}
	if problem != "" {
		return fail(invalidGrant, problem)
	}
	return nil
}

// bearerSubject is who an assertion is about. An issuer has no fragment, so the first # ends it.
func bearerSubject(a *token.GrantAssertion) string { return a.Issuer + "#" + a.Subject }

// fromAssertion begins a grant of an assertion, which can be used once: its jti, or without one
// what is signed of it.
func (s *Server) fromAssertion(q *tokenRequest, a *token.GrantAssertion) *direct {
	id := "jti\x00" + a.ID
	if a.ID == "" {
		id = "digest\x00" + a.Digest()
	}
	return &direct{
		subject: bearerSubject(a), owner: "subject " + bearerSubject(a), notAfter: a.Expires.Add(outlives),
		once:    &grant.Assertion{ClientID: "issuer\x00" + a.Issuer, ID: id, Request: q.request},
		onceFor: max(time.Second, a.Expires.Sub(s.opts.Now())+2*assertionLeeway),
	}
}

// verifyBearer checks the signature of an assertion. If nobody can tell, that is said: the same
// assertion may then come again.
func (s *Server) verifyBearer(ctx context.Context, keys GrantKeys, a *token.GrantAssertion) *Error {
	err := keys.Verify(ctx, a)
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*token.InvalidError](err); ok {
		return fail(invalidGrant, bearerProblem(e))
	}
	wait := retryLater
	if answer := fault.Of(err); answer.Kind == fault.Unavailable {
		wait = max(wait, answer.RetryAfter)
		if s.told.First(s.opts.Now(), "keys "+a.Issuer) {
			s.opts.Logger.WarnContext(ctx, "an assertion cannot be verified: the keys of its issuer cannot be fetched, or it names a key that they do not have yet",
				"issuer", a.Issuer)
		}
	}
	return &Error{
		kind: temporarilyUnavailable, retryAfter: wait,
		description: "the keys of the assertion's issuer are not available at the moment; the assertion was not used, try again shortly",
	}
}

// bearerProblem says in our words what the reader of assertions says of one.
func bearerProblem(err error) string {
	e, ok := errors.AsType[*token.InvalidError](err)
	if !ok {
		return "the assertion cannot be read"
	}
	switch e.Reason {
	case token.ReasonAlgorithm, token.ReasonSymmetric, token.ReasonUnsigned:
		return "the assertion must be signed with an asymmetric algorithm, such as RS256, ES256 or EdDSA"
	case token.ReasonType:
		return "this token was made for something else: the assertion must be a workload's token (typ JWT or none) or an identity assertion " +
			"(typ oauth-id-jag+jwt), never an access token or an ID token of a person"
	case token.ReasonBound:
		return "the assertion is bound to a key of its client (cnf), which is not supported"
	case token.ReasonCritical:
		return "the assertion demands an extension that is not supported"
	case token.ReasonIssuer, token.ReasonSubject, token.ReasonAudience, token.ReasonClaims:
		return "the assertion must have iss, sub and aud, and exp as a number of seconds; jti, client_id, scope and resource only in the form of their specifications"
	case token.ReasonSignature:
		return "the signature of the assertion does not verify with the keys of its issuer"
	}
	return "the assertion must be a signed JWT in compact form of at most 16 KiB"
}

// namesClient tells whether a request says anything about a client.
func namesClient(r *http.Request, form url.Values) bool {
	_, _, basic := r.BasicAuth()
	return basic || form.Get("client_id") != "" || form.Get("client_secret") != "" || form.Get("client_assertion") != ""
}

// noClient is what a request presents that needs no client and names none. Who reads its grant says
// who comes instead.
func noClient() *presented {
	return &presented{client: &client{origin: preregistered}, request: rand.Text()}
}

// workload is the grant of an assertion about a program, which needs no client: the platform that
// it runs on vouches for it. One that is named all the same must be the operator's, and proves
// itself as ever.
func (s *Server) workload(q *tokenRequest, a *token.GrantAssertion) (*direct, *Error) {
	if q.client.id != "" && q.client.origin != preregistered {
		return nil, fail(unauthorizedClient, "a workload needs no client_id; one that is sent must be a client that the operator of this server has listed")
	}
	var issuer *workloadIssuer
	if s.opts.Workloads != nil {
		issuer = s.opts.Workloads.issuers[a.Issuer]
	}
	if issuer == nil {
		return nil, fail(invalidGrant, "the issuer of the assertion is not one whose workloads this server lets in")
	}
	if e := s.checkBearer(a); e != nil {
		return nil, e
	}
	resources, e := s.directResources(q.resources)
	if e != nil {
		return nil, e
	}
	if q.client.id == "" {
		if q.client = issuer.client(); s.clients.list.denied(q.client.id) {
			return nil, fail(invalidClient, "the workloads of this issuer were blocked by the operator of the server")
		}
	}
	d := s.fromAssertion(q, a)
	d.resources = resources
	d.verify = func(ctx context.Context) *Error {
		if e := s.verifyBearer(ctx, issuer.keys, a); e != nil {
			return e
		}
		// Nobody learns which workloads there are rules for who cannot sign for one.
		rule, ok := issuer.rule(a)
		if !ok {
			if s.told.First(s.opts.Now(), "rule "+a.Issuer) {
				s.opts.Logger.InfoContext(ctx, "a workload was turned away: no rule of "+setting.WorkloadIssuersFlag+" fits it",
					"issuer", a.Issuer, "sub", a.Subject)
			}
			return fail(invalidGrant, "no rule of this server lets this workload in; ask its operator, and tell them the claims of the assertion")
		}
		d.name, d.scopes = rule.name, rule.scopes
		return nil
	}
	return d, nil
}
