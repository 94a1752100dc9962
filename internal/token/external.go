package token

import (
	"context"
	"crypto/sha256"
	"slices"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
)

// cacheFor is how long a verified token is taken without another look at its signature. A key that the issuer takes out
// counts this much longer.
const cacheFor = time.Minute

// Token is what a verified access token says.
type Token struct {
	// Caller is who it was issued to, through which client, and with which scopes.
	Caller identity.Caller
	// Expires is when it ends, leeway not included.
	Expires time.Time
	// Audience is whom it was issued for.
	Audience []string
	// Grant is the grant that a token of our own was issued from; "" for one of an external issuer.
	Grant string
}

// External verifies access tokens of an authorization server that is not ours. It may be used by many goroutines at once.
type External struct {
	opts       ExternalOptions
	algorithms []jose.SignatureAlgorithm
	names      claimNames
	keys       *keySet
	cache      *cache
}

// NewExternal makes a verifier. It asks nothing of the issuer, so it succeeds when the issuer is down; ctx bounds the life
// of fetches in the background. Its error names every option that is wrong.
func NewExternal(ctx context.Context, opts ExternalOptions) (*External, error) {
	allowed, err := opts.normalize()
	if err != nil {
		return nil, err
	}
	source := newIssuer(opts.HTTPClient, opts.Issuer, opts.JWKSURL)
	return &External{
		opts:       opts,
		algorithms: allowed,
		names:      claimNames{subject: opts.SubjectClaim, scope: opts.ScopeClaim},
		keys:       &keySet{lifetime: ctx, fetch: source.keys, now: opts.Now, leeway: opts.Leeway},
		cache:      newCache(),
	}, nil
}

// Verify says what a bearer token says, if it is good at this resource. Its errors are [InvalidError],
// [DeniedError] and [UnavailableError].
func (e *External) Verify(ctx context.Context, bearer, resource string) (Token, error) {
	t, err := e.verify(ctx, bearer)
	if err != nil {
		return Token{}, err
	}
	if !e.accepts(t.Audience, resource) {
		return Token{}, invalid(ReasonAudience)
	}
	return t, nil
}

func (e *External) verify(ctx context.Context, bearer string) (Token, error) {
	if len(bearer) > MaxLength {
		return Token{}, invalid(ReasonMalformed)
	}
	now := e.opts.Now()
	sum := digest(sha256.Sum256([]byte(bearer)))
	if t, ok := e.cache.get(sum, now); ok {
		return t, nil
	}
	types := []string{typeAccessToken}
	if !e.opts.RequireType {
		types = append(types, typeJWT, typeNone)
	}
	signed, err := parse(bearer, MaxLength, e.algorithms, types...)
	if err != nil {
		return Token{}, err
	}
	// What costs nothing comes first: a token that is bad anyway causes no request to the issuer.
	c, err := e.names.parse(signed.payload)
	if err != nil {
		return Token{}, err
	}
	if c.issuer != e.opts.Issuer { // RFC 9068 §4
		return Token{}, invalid(ReasonIssuer)
	}
	if err := c.checkTime(now, e.opts.Leeway); err != nil {
		return Token{}, err
	}
	if err := e.keys.verify(ctx, signed, c.issued); err != nil {
		return Token{}, err
	}
	if !e.allows(signed.payload) {
		return Token{}, &DeniedError{}
	}
	t := Token{
		Caller: identity.Caller{
			// An issuer has no fragment (RFC 8414 §2), so the first # ends it and no two pairs are spelled alike.
			Subject:  c.issuer + "#" + c.subject,
			ClientID: c.clientID,
			Scopes:   e.granted(c.scopes),
		},
		Expires:  c.expires,
		Audience: c.audience,
	}
	until := c.expires.Add(e.opts.Leeway)
	if end := now.Add(cacheFor); end.Before(until) {
		until = end
	}
	e.cache.put(sum, t, until)
	return t, nil
}

// accepts goes by [Endpoints], or by an audience that the operator says is good everywhere.
func (e *External) accepts(audience []string, resource string) bool {
	return e.opts.Endpoints.Good(audience, resource) ||
		slices.ContainsFunc(audience, func(a string) bool { return slices.Contains(e.opts.Audiences, a) })
}

// allows asks whether whom a verified payload describes may come in.
func (e *External) allows(payload []byte) bool {
	if e.opts.Allow == nil {
		return true
	}
	var all map[string]any
	return json.Unmarshal(payload, &all) == nil && e.opts.Allow(all)
}

// granted translates the issuer's scopes into ours.
func (e *External) granted(theirs []string) []string {
	ours := slices.Clone(theirs)
	if len(e.opts.ScopeMap) > 0 {
		ours = nil
		for _, scope := range theirs {
			ours = append(ours, e.opts.ScopeMap[scope]...)
		}
	}
	slices.Sort(ours)
	return slices.Compact(ours)
}
