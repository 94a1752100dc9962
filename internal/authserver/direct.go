package authserver

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
)

// direct is a grant that no browser takes part in: what its request presents is all that it rests
// on (RFC 6749 §4.4, RFC 7523 §2.1). It gives one access token and no refresh token, and goes
// through the same pipeline as all others. Who makes one has verified everything that needs neither
// the store nor another host; the client is authenticated by then.
type direct struct {
	// subject, name and email say who it is, as in [grant.Grant].
	subject, name, email string
	// resources are where it is good, scopes all that it may have there.
	resources, scopes []string
	// owner is what it is counted and waits for the store by: the least that is proven, and nothing
	// secret.
	owner string
	// notAfter is when the access token ends at the latest; zero if that is left to
	// --access-token-life.
	notAfter time.Time
	// verify checks what needs another host, before anything is counted; nil for nothing. An error
	// of 5xx says that nobody can tell, and any other one that it is junk.
	verify func(ctx context.Context) *Error
	// allowed tells whether its subject may come in; nil if the client is all there is to judge.
	allowed func(ctx context.Context) error
	// once is what can be used once, on all replicas together, with how long that is remembered;
	// nil for nothing.
	once    *grant.Assertion
	onceFor time.Duration
	// upstream is kept with the grant, as [Person.Upstream] is; nil for nothing.
	upstream []byte
}

// judge asks whether the subject may come in.
func (d *direct) judge(ctx context.Context) error {
	if d.allowed == nil {
		return nil
	}
	return d.allowed(ctx)
}

// readDirect reads a direct grant, which the request is counted by from then on.
func (s *Server) readDirect(r *http.Request, q *tokenRequest) (e *Error) {
	if q.direct, e = q.kind.direct(s, r, q); e != nil {
		return e
	}
	q.grant = q.direct.owner
	return nil
}

// verifyDirect is [direct.verify], for any request.
func (q *tokenRequest) verifyDirect(ctx context.Context) *Error {
	if q.direct == nil || q.direct.verify == nil {
		return nil
	}
	return q.direct.verify(ctx)
}

// find gives the next step of the grant, or the only one.
func (q *tokenRequest) find(ctx context.Context, grants *grant.Grants) (*grant.Rotation, error) {
	d := q.direct
	if d == nil {
		return q.kind.find(ctx, grants, q)
	}
	turn := grants.Direct(grant.Grant{
		Subject: d.subject, Name: d.name, Email: d.email, ClientID: grant.ClientRef(q.client.id), ClientName: q.client.name,
		Resource: strings.Join(d.resources, " "), Scopes: d.scopes, AuthMethods: q.client.methods,
	}, d.notAfter)
	turn.Carry(d.upstream)
	return turn, nil
}

// useOnce uses up what can be used once. It is asked after everything else that can be wrong with a
// request.
func (q *tokenRequest) useOnce(ctx context.Context, grants *grant.Grants) error {
	if q.direct == nil || q.direct.once == nil {
		return nil
	}
	err := grants.UseAssertion(ctx, *q.direct.once, q.direct.onceFor)
	if errors.Is(err, grant.ErrAssertionUsed) {
		return fail(invalidGrant, "the assertion was used before; get a new one for each request")
	}
	return err
}

// returnOnce lets it be used again if the request could not be served.
func (s *Server) returnOnce(ctx context.Context, q *tokenRequest, e *Error) {
	if q.direct != nil && q.direct.once != nil && isUnanswered(e) {
		s.opts.Prompt.ReturnAssertion(context.WithoutCancel(ctx), *q.direct.once)
	}
}

// instead says what to do about a refusal: a person can sign in again, and for software its
// operator has to act.
func (q *tokenRequest) instead(signIn string) string {
	if q.direct != nil {
		return "the operator of this server can allow it"
	}
	return signIn
}

// directResources are where a direct grant is good: where its request says, or where a person's is
// who names nothing.
func (s *Server) directResources(named []string) ([]string, *Error) {
	if len(named) == 0 && s.opts.DefaultResource != "" {
		named = []string{s.opts.DefaultResource}
	}
	if _, ok := s.scopesOf(named); !ok {
		return nil, fail(invalidTarget, "resource must be the URL of an MCP endpoint of this server")
	}
	return named, nil
}
