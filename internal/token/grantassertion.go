package token

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
)

// typeIdentity is that of an identity assertion (draft-ietf-oauth-identity-assertion-authz-grant
// §3.1).
const typeIdentity = "oauth-id-jag+jwt"

// GrantAssertion is an assertion that is exchanged for an access token (RFC 7523 §2.1). Nothing in
// it is verified before [IssuerKeys.Verify] says so.
type GrantAssertion struct {
	// Identity says that it is an identity assertion: its header says so, and it is about a person.
	// All others are about workloads.
	Identity bool
	// Issuer and Subject say whom it is about, by whose word. A usable subject has neither control
	// characters nor broken text.
	Issuer, Subject string
	// ID is its jti, "" if absent.
	ID string
	// ClientID is the client that an identity assertion was issued to, "" if absent.
	ClientID string
	Audience []string
	// Resources are where it is meant to be used, none if absent.
	Resources []string
	// Scopes are what its issuer granted. HasScopes is false if it says nothing about that.
	Scopes    []string
	HasScopes bool
	// Expires is never zero, the others are if absent.
	Expires, NotBefore, Issued time.Time

	claims map[string]json.RawMessage
	signed *signed
}

// ParseGrantAssertion reads the form of an assertion and its claims, and compares nothing. What was
// made for something else is told by its header and, where that says nothing, by claims that only
// such tokens have: [ReasonType]. Its only error is [InvalidError].
func ParseGrantAssertion(raw string) (*GrantAssertion, error) {
	s, err := parse(raw, maxAssertion, asymmetric(), typeIdentity, typeJWT, typeNone)
	if err != nil {
		return nil, err
	}
	a := &GrantAssertion{Identity: s.typ == typeIdentity, signed: s}
	if !utf8.Valid(s.payload) || json.Unmarshal(s.payload, &a.claims) != nil || a.claims == nil { // as for an access token's claims
		return nil, invalid(ReasonClaims)
	}
	if _, bound := a.claims["cnf"]; bound { // RFC 7800 §3.1
		return nil, invalid(ReasonBound)
	}
	// Of an ID token (OpenID Connect Core §2, §3.3.2.11) and of a security event (RFC 8417 §2.2),
	// of which many have no type.
	for _, name := range []string{"nonce", "at_hash", "c_hash", "events"} {
		if _, there := a.claims[name]; there {
			return nil, invalid(ReasonType)
		}
	}
	return a, a.read()
}

// read takes the claims apart that count for every assertion.
func (a *GrantAssertion) read() error {
	var ok bool
	if a.Issuer, ok = text(a.claims["iss"]); !ok {
		return invalid(ReasonIssuer)
	}
	if a.Subject, ok = text(a.claims["sub"]); !ok || !identity.IsSubject(a.Subject) {
		return invalid(ReasonSubject)
	}
	if a.Audience, ok = texts(a.claims["aud"]); !ok {
		return invalid(ReasonAudience)
	}
	for name, into := range map[string]*string{"jti": &a.ID, "client_id": &a.ClientID} {
		if raw, there := a.claims[name]; there {
			if *into, ok = text(raw); !ok || *into == "" {
				return invalid(ReasonClaims)
			}
		}
	}
	if raw, there := a.claims["resource"]; there {
		if a.Resources, ok = texts(raw); !ok || len(a.Resources) == 0 {
			return invalid(ReasonClaims)
		}
	}
	_, a.HasScopes = a.claims["scope"]
	var okExpires, okNotBefore, okIssued, okScopes bool
	a.Scopes, okScopes = assertedScopes(a.claims["scope"])
	a.Expires, okExpires = date(a.claims["exp"], math.Floor)
	a.NotBefore, okNotBefore = date(a.claims["nbf"], math.Ceil)
	a.Issued, okIssued = date(a.claims["iat"], math.Ceil)
	if !okScopes || !okExpires || a.Expires.IsZero() || !okNotBefore || !okIssued {
		return invalid(ReasonClaims)
	}
	return nil
}

// assertedScopes are text separated by spaces (RFC 8693 §4.2) or an array. An absent claim names
// none.
func assertedScopes(raw json.RawMessage) ([]string, bool) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, true
	}
	var value any
	if json.Unmarshal(raw, &value) != nil {
		return nil, false
	}
	if _, object := value.(map[string]any); object {
		return nil, false
	}
	return scopeValues(value)
}

// Claim gives a claim that is text, a number or a boolean, as it is spelled. ok is false for all
// else.
func (a *GrantAssertion) Claim(name string) (value string, ok bool) {
	raw := a.claims[name]
	if value, ok = text(raw); ok {
		return value, true
	}
	if len(raw) == 0 || strings.IndexByte("tf-0123456789", raw[0]) < 0 {
		return "", false
	}
	return string(raw), true
}

// Claims are all claims, as JSON decodes into any.
func (a *GrantAssertion) Claims() map[string]any {
	var all map[string]any
	_ = json.Unmarshal(a.signed.payload, &all) // it has been read before
	return all
}

// Digest names an assertion by what is signed of it: some algorithms have several signatures for
// the same.
func (a *GrantAssertion) Digest() string {
	content := a.signed.raw[:strings.LastIndexByte(a.signed.raw, '.')]
	sum := sha256.Sum256([]byte(content))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// IssuerKeysOptions configure [IssuerKeys].
type IssuerKeysOptions struct {
	// Issuer is the identifier of who signs, to the letter as in assertions. Required; https, or
	// http on this machine.
	Issuer string
	// JWKSURL is where the issuer's keys are. Default: found by its metadata when first needed.
	JWKSURL string
	// JWKS are the keys themselves, a JWK set: then nothing is fetched.
	JWKS []byte
	// Leeway is how far the clocks may be apart.
	Leeway time.Duration
	// HTTPClient says by which transport metadata and keys are fetched. Default:
	// [http.DefaultTransport]. A fetch takes 10 seconds at most and follows three redirects,
	// whatever the client says.
	HTTPClient *http.Client
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// IssuerKeys are the keys of somebody whose assertions are taken. They may be used by many
// goroutines at once.
type IssuerKeys struct {
	fixed Keys
	set   *keySet // nil if the keys are given
	// source makes what asks the issuer for them.
	source func() *issuer
}

// NewIssuerKeys asks nobody, so it succeeds when the issuer is down; ctx bounds the life of fetches
// in the background. Its error names every option that is wrong.
func NewIssuerKeys(ctx context.Context, opts IssuerKeysOptions) (*IssuerKeys, error) {
	var problems []error
	if err := CheckIssuer(opts.Issuer); err != nil {
		problems = append(problems, err)
	}
	if opts.JWKSURL != "" {
		if err := netx.CheckURL(opts.JWKSURL); err != nil {
			problems = append(problems, fmt.Errorf("JWK set %q: %w", opts.JWKSURL, err))
		}
	}
	k := &IssuerKeys{}
	if len(opts.JWKS) > 0 {
		if opts.JWKSURL != "" {
			problems = append(problems, errors.New("there are keys and the address of keys; give one of them"))
		}
		parsed, skipped, err := ParseKeys(opts.JWKS, names(asymmetric())...)
		if err == nil && skipped > 0 {
			err = fmt.Errorf("the JWK set has keys that cannot be used (%d)", skipped)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("%w; give public keys only: RSA of at least 2048 bits, P-256, P-384, P-521 or Ed25519", err))
		}
		k.fixed = parsed
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	if len(opts.JWKS) > 0 {
		return k, nil
	}
	if opts.HTTPClient == nil {
		opts.HTTPClient = &http.Client{}
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	k.source = func() *issuer { return newIssuer(opts.HTTPClient, opts.Issuer, opts.JWKSURL) }
	k.set = newKeySet(ctx, k.source().keys, opts.Now, opts.Leeway, 0)
	return k, nil
}

func names(algorithms []jose.SignatureAlgorithm) []string {
	out := make([]string, len(algorithms))
	for i, a := range algorithms {
		out[i] = string(a)
	}
	return out
}

// Verify checks the signature of an assertion. Its errors are [InvalidError], [UnavailableError] if
// nobody can tell now, and that of ctx.
func (k *IssuerKeys) Verify(ctx context.Context, a *GrantAssertion) error {
	if k.set == nil {
		if verified, _ := k.fixed.check(a.signed); !verified {
			return invalid(ReasonSignature)
		}
		return nil
	}
	made := a.Issued
	if made.IsZero() { // it may be younger than the keys that are known
		made = k.set.now()
	}
	return k.set.verify(ctx, a.signed, made)
}

// CheckIssuer says what is wrong with an issuer's identifier (RFC 8414 §2). It is that of one
// issuer, as assertions have it.
func CheckIssuer(issuer string) error {
	if identity.SharedByTenants(issuer) {
		return fmt.Errorf("issuer %q: stands for many tenants, and no assertion has it; give that of each tenant, with the tenant's id in it", issuer)
	}
	if err := netx.CheckURL(issuer); err != nil {
		return fmt.Errorf("issuer %q: %w", issuer, err)
	}
	if u, err := url.Parse(issuer); err != nil || u.RawQuery != "" || strings.ContainsAny(issuer, "?#") {
		return fmt.Errorf("issuer %q: must have no query and no fragment (RFC 8414 §2)", issuer)
	}
	return nil
}

// SameIssuer tells whether two identifiers mean one issuer: they differ at most in the case of the
// host, a default port or a slash at the end. Tokens are compared to the letter; this is for
// keeping two roles apart.
func SameIssuer(a, b string) bool {
	x, y := normalIssuer(a), normalIssuer(b)
	return x != "" && x == y
}

// IssuersOverlap is SameIssuer where each may also stand for many tenants (see
// [identity.TenantTemplate]): it tells too whether one is a tenant of the other, whose people it
// then signs for.
func IssuersOverlap(a, b string) bool {
	x, y := normalIssuer(a), normalIssuer(b)
	if x == "" || y == "" {
		return false
	}
	t, u := template(x), template(y)
	if _, ok := identity.TenantIn(t, y); ok && t != "" {
		return true
	}
	if _, ok := identity.TenantIn(u, x); ok && u != "" {
		return true
	}
	return x == y || t != "" && t == u
}

func template(issuer string) string {
	t, _ := identity.TenantTemplate(issuer)
	return t
}

func normalIssuer(issuer string) string {
	u, err := url.Parse(strings.TrimSpace(issuer))
	if err != nil || u.Host == "" {
		return ""
	}
	scheme, host, port := strings.ToLower(u.Scheme), strings.ToLower(u.Hostname()), u.Port()
	if scheme == "https" && port == "443" || scheme == "http" && port == "80" {
		port = ""
	}
	return scheme + "://" + strings.TrimSuffix(host, ".") + ":" + port + strings.TrimRight(u.Path, "/")
}
