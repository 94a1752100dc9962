package token

import (
	"context"
	"crypto/sha256"
	"slices"
	"strings"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/setting"
	"github.com/go-jose/go-jose/v4"
)

// cacheFor is how long a verified token is taken without another look at its signature. A key that
// the issuer takes out counts this much longer.
const cacheFor = time.Minute

// Token is what a verified access token says.
type Token struct {
	// Caller is who it was issued to, through which client, and with which scopes.
	Caller identity.Caller
	// Expires is when it ends, leeway not included.
	Expires time.Time
	// Audience is whom it was issued for.
	Audience []string
	// Anywhere says that it names no audience and is good at every resource, by its client: see
	// [ExternalOptions].Clients.
	Anywhere bool
	// Grant is the grant that a token of our own was issued from; "" for one of an external issuer.
	Grant string
}

// External verifies access tokens of authorization servers that are not ours. It may be used by
// many goroutines at once.
type External struct {
	opts       ExternalOptions
	algorithms []jose.SignatureAlgorithm
	issuers    []trusted
	cache      *cache
}

// trusted is an issuer with its own keys, which verify no other issuer's tokens.
type trusted struct {
	id       string
	template string // if it stands for many tenants, else ""
	keys     *keySet
}

// NewExternal makes a verifier. It asks nothing of the issuers, so it succeeds when they are down;
// ctx bounds the life of fetches in the background. Its error names every option that is wrong,
// each as an [OptionError].
func NewExternal(ctx context.Context, opts ExternalOptions) (*External, error) {
	allowed, err := opts.normalize()
	if err != nil {
		return nil, err
	}
	e := &External{opts: opts, algorithms: allowed, cache: newCache()}
	for i, id := range opts.Issuers {
		keysURL := ""
		if len(opts.JWKSURLs) > 0 {
			keysURL = opts.JWKSURLs[i]
		}
		source := newIssuer(opts.HTTPClient, id, keysURL)
		t := trusted{id: id, keys: newKeySet(ctx, source.keys, opts.Now, opts.Leeway, 0)}
		t.template, _ = identity.TenantTemplate(id)
		e.issuers = append(e.issuers, t)
	}
	return e, nil
}

// Verify says what a bearer token says, if it is good at this resource. Its errors are
// [InvalidError], [DeniedError] and [UnavailableError].
func (e *External) Verify(ctx context.Context, bearer, resource string) (Token, error) {
	t, err := e.verify(ctx, bearer)
	if err != nil {
		return Token{}, err
	}
	if !t.Anywhere && !e.accepts(t.Audience, resource) {
		expected := append([]string{resource}, e.opts.Audiences...)
		return Token{}, &InvalidError{Reason: ReasonAudience, detail: "expected " + strings.Join(expected, " or ") + ", found " + shown(t.Audience)}
	}
	return t, nil
}

func (e *External) verify(ctx context.Context, bearer string) (Token, error) {
	if len(bearer) > MaxLength {
		return Token{}, &InvalidError{Reason: ReasonMalformed, detail: "it is too long"}
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
	c, err := parseClaims(signed.payload)
	if err != nil {
		return Token{}, err
	}
	from, err := e.issuerOf(c)
	if err != nil {
		return Token{}, err
	}
	if err := c.checkTime(now, e.opts.Leeway); err != nil {
		return Token{}, err
	}
	anywhere, err := e.checkClient(c)
	if err != nil {
		return Token{}, err
	}
	signed.issuer, signed.tenant = c.issuer, c.tenant
	if err := from.keys.verify(ctx, signed, c.issued); err != nil {
		return Token{}, err
	}
	caller, err := e.caller(c, signed.payload)
	if err != nil {
		return Token{}, err
	}
	t := Token{Caller: caller, Expires: c.expires, Audience: c.audience, Anywhere: anywhere}
	until := c.expires.Add(e.opts.Leeway)
	if end := now.Add(cacheFor); end.Before(until) {
		until = end
	}
	e.cache.put(sum, t, until)
	return t, nil
}

// issuerOf finds the issuer that a token names (RFC 9068 §4), to the letter first. Only its keys
// are asked then, so that no issuer signs for another.
func (e *External) issuerOf(c *claims) (trusted, error) {
	for _, t := range e.issuers {
		if t.id == c.issuer && t.id != t.template {
			return t, nil
		}
	}
	ids := make([]string, len(e.issuers))
	for i, t := range e.issuers {
		if t.template != "" && issuerFits(t.template, c.issuer, c.tenant) {
			return t, nil
		}
		before, after, isTemplate := strings.Cut(t.template, tenantPlaceholder)
		if isTemplate && strings.HasPrefix(c.issuer, before) && strings.HasSuffix(c.issuer, after) {
			return trusted{}, &InvalidError{Reason: ReasonTenant, detail: "expected " + t.template + " with the tid of the token, found " + plausible(c.issuer)}
		}
		ids[i] = t.id
	}
	return trusted{}, &InvalidError{Reason: ReasonIssuer, detail: "expected " + strings.Join(ids, " or ") + ", found " + plausible(c.issuer)}
}

// checkClient holds a token to the clients that are admitted, if there is a list. A client on it
// stands for an absent audience if the token says that it is an access token: an ID token must not
// become one.
func (e *External) checkClient(c *claims) (anywhere bool, err error) {
	if len(e.opts.Clients) == 0 {
		if c.audience == nil {
			return false, &InvalidError{Reason: ReasonNoAudience, detail: "a list of clients that are admitted would stand for it, see " +
				setting.TokenClientsFlag}
		}
		return false, nil
	}
	id := c.clientID
	if c.audience == nil {
		if _, ok := c.raw["token_use"]; !ok { // another one than "access" is refused before
			return false, &InvalidError{Reason: ReasonTokenUse, detail: "without an audience it must be access"}
		}
		id, _ = text(c.raw["client_id"])
	}
	if !slices.Contains(e.opts.Clients, id) {
		return false, &InvalidError{Reason: ReasonClient, detail: setting.TokenClientsFlag + " has those that are, found " + shown([]string{id})}
	}
	return c.audience == nil, nil
}

// caller is whom a verified token was issued to, if they may come in.
func (e *External) caller(c *claims, payload []byte) (identity.Caller, error) {
	all, err := decoded(payload)
	if err != nil {
		return identity.Caller{}, err
	}
	subject, err := subjectOf(all, e.opts.SubjectClaim)
	if err != nil {
		return identity.Caller{}, err
	}
	scopes, err := scopesOf(all, e.opts.ScopeClaims)
	if err != nil {
		return identity.Caller{}, err
	}
	if e.opts.Allow != nil {
		if why := e.opts.Allow(all); why != nil {
			return identity.Caller{}, &DeniedError{why: why}
		}
	}
	return identity.Caller{
		// An issuer has no fragment (RFC 8414 §2), so the first # ends it and no two pairs are
		// spelled alike.
		Subject:  c.issuer + "#" + subject,
		ClientID: c.clientID,
		Scopes:   e.granted(scopes),
	}, nil
}

// accepts goes by [Endpoints], or by an audience that the operator says is good everywhere.
func (e *External) accepts(audience []string, resource string) bool {
	return e.opts.Endpoints.Good(audience, resource) ||
		slices.ContainsFunc(audience, func(a string) bool { return slices.Contains(e.opts.Audiences, a) })
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
