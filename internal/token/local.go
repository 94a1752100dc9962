package token

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
)

const (
	// localLife is how long our own tokens live: longer than the time before the end at which any
	// known client asks for the next one, or it would ask before every request. It is short, since
	// a replica that cannot ask the store serves them to their end.
	localLife = time.Hour
	// localLeeway is how far the clocks of two replicas may be apart.
	localLeeway = 30 * time.Second
	// maxLocal is the longest token in bytes that can be ours.
	maxLocal = 8 << 10
	// grantClaim names the grant that a token came from, so that the end of the grant is the end of
	// its tokens.
	grantClaim = "grant"
)

// LocalOptions configure a [Local].
type LocalOptions struct {
	// Issuer is the gateway's own identifier as authorization server. Required; https, or http on
	// this machine.
	Issuer string
	// Seeds are what the signing keys derive from, 32 secret bytes each: the first one signs, every
	// one verifies. Required.
	Seeds [][]byte
	// Endpoints say where a token is good. Default: at the resource that it was issued for.
	Endpoints Endpoints
	// Life is the longest that a token lives. Default: one hour.
	Life time.Duration
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// Local issues the gateway's own access tokens (RFC 9068), signed with Ed25519, and verifies them
// without asking anybody. It may be used by many goroutines at once.
type Local struct {
	opts   LocalOptions
	signer jose.Signer
	keys   []key
	set    []byte
	cache  *cache
}

// NewLocal derives the keys. Its error names every option that is wrong, without quoting a seed.
func NewLocal(opts LocalOptions) (*Local, error) {
	var problems []error
	if err := netx.CheckURL(opts.Issuer); err != nil {
		problems = append(problems, fmt.Errorf("token: issuer %q: %w", opts.Issuer, err))
	}
	if len(opts.Seeds) == 0 {
		problems = append(problems, errors.New("token: no seed to derive a signing key from; give at least one"))
	}
	for i, seed := range opts.Seeds {
		if len(seed) != ed25519.SeedSize {
			problems = append(problems, fmt.Errorf("token: seed %d has %d bytes; give %d", i+1, len(seed), ed25519.SeedSize))
		}
	}
	if opts.Life < 0 {
		problems = append(problems, fmt.Errorf("token: life %s: give a positive time", opts.Life))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	if opts.Life == 0 {
		opts.Life = localLife
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	l := &Local{opts: opts, cache: newCache()}
	return l, l.derive()
}

// derive makes a key of each seed. Its id is a digest of the public part, so it is the same on
// every replica, whatever the order of the seeds.
func (l *Local) derive() error {
	set := jose.JSONWebKeySet{}
	for i, seed := range l.opts.Seeds {
		private := ed25519.NewKeyFromSeed(seed)
		public, ok := private.Public().(ed25519.PublicKey)
		if !ok {
			return errors.New("token: an Ed25519 key without its public part")
		}
		sum := sha256.Sum256(public)
		id := base64.RawURLEncoding.EncodeToString(sum[:9])
		l.keys = append(l.keys, key{id: id, algorithm: string(jose.EdDSA), public: public})
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: public, KeyID: id, Algorithm: string(jose.EdDSA), Use: "sig"})
		if i > 0 {
			continue
		}
		signer, err := jose.NewSigner(
			jose.SigningKey{Algorithm: jose.EdDSA, Key: jose.JSONWebKey{Key: private, KeyID: id}},
			(&jose.SignerOptions{}).WithType(typeAccessToken),
		)
		if err != nil {
			return fmt.Errorf("token: preparing the signing key: %w", err)
		}
		l.signer = signer
	}
	l.opts.Seeds = nil
	var err error
	l.set, err = json.Marshal(set)
	return err
}

// KeySet is the public keys as a JWK set (RFC 7517 §5). Do not write into it.
func (l *Local) KeySet() []byte { return l.set }

// Life is the longest that a token lives.
func (l *Local) Life() time.Duration { return l.opts.Life }

// Issue makes an access token for a caller, good at a resource, or at several with spaces between
// them, from a grant that ends at a time, and says how long it lives: never beyond that end.
func (l *Local) Issue(caller identity.Caller, resource, grant string, end time.Time) (raw string, life time.Duration, err error) {
	if !identity.IsSubject(caller.Subject) {
		return "", 0, errors.New("token: the subject is empty, longer than 255 bytes or has characters that cannot be printed")
	}
	now := l.opts.Now()
	if life = min(l.opts.Life, end.Sub(now)); life <= 0 {
		return "", 0, errors.New("token: the grant has ended")
	}
	// RFC 9068 §2.2
	payload, err := json.Marshal(struct {
		Issuer   string `json:"iss"`
		Subject  string `json:"sub"`
		Audience any    `json:"aud"`
		ClientID string `json:"client_id"`
		Scope    string `json:"scope"`
		Issued   int64  `json:"iat"`
		Expires  int64  `json:"exp"`
		ID       string `json:"jti"`
		Grant    string `json:"grant"`
	}{
		l.opts.Issuer, caller.Subject, audienceOf(resource), caller.ClientID, strings.Join(caller.Scopes, " "),
		now.Unix(), now.Add(life).Unix(), rand.Text(), grant,
	})
	if err != nil {
		return "", 0, fmt.Errorf("token: writing the claims: %w", err)
	}
	jws, err := l.signer.Sign(payload)
	if err != nil {
		return "", 0, fmt.Errorf("token: signing: %w", err)
	}
	raw, err = jws.CompactSerialize()
	return raw, life, err
}

// Verify says what a bearer token says, if it is ours and good at this resource, see [Endpoints].
// That its grant still stands is for the caller to ask. Its only error is [InvalidError].
func (l *Local) Verify(bearer, resource string) (Token, error) {
	t, err := l.Inspect(bearer)
	if err != nil {
		return Token{}, err
	}
	if !l.opts.Endpoints.Good(t.Audience, resource) {
		return Token{}, invalid(ReasonAudience)
	}
	return t, nil
}

// Grant gives the grant and the client of a token that is ours and good somewhere.
func (l *Local) Grant(bearer string) (grant, clientID string, ok bool) {
	t, err := l.Inspect(bearer)
	return t.Grant, t.Caller.ClientID, err == nil
}

// Inspect is [Local.Verify] for a token that is not used but spoken of: it does not ask where the
// token is good.
func (l *Local) Inspect(bearer string) (Token, error) {
	if len(bearer) > maxLocal {
		return Token{}, invalid(ReasonMalformed)
	}
	now := l.opts.Now()
	sum := digest(sha256.Sum256([]byte(bearer)))
	if t, ok := l.cache.get(sum, now); ok {
		return t, nil
	}
	signed, err := parse(bearer, maxLocal, []jose.SignatureAlgorithm{jose.EdDSA}, typeAccessToken)
	if err != nil {
		return Token{}, err
	}
	c, err := parseClaims(signed.payload)
	if err != nil {
		return Token{}, err
	}
	if c.issuer != l.opts.Issuer { // RFC 9068 §4
		return Token{}, invalid(ReasonIssuer)
	}
	if len(c.audience) == 0 {
		return Token{}, invalid(ReasonNoAudience)
	}
	if err := c.checkTime(now, localLeeway); err != nil {
		return Token{}, err
	}
	if verified, _ := (Keys{keys: l.keys}).check(signed); !verified {
		return Token{}, invalid(ReasonSignature)
	}
	all, err := decoded(signed.payload)
	if err != nil {
		return Token{}, err
	}
	subject, err := subjectOf(all, "sub")
	if err != nil {
		return Token{}, err
	}
	scopes, err := scopesOf(all, []string{"scope"})
	if err != nil {
		return Token{}, err
	}
	// The ids of registered clients are longer than those that parseClaims takes from others.
	grant, okGrant := text(c.raw[grantClaim])
	clientID, okClient := text(c.raw["client_id"])
	if !okGrant || !okClient || grant == "" || clientID == "" {
		return Token{}, invalid(ReasonClaims)
	}
	t := Token{
		// Unlike an external issuer's, the subject already names who signed the person in.
		Caller:   identity.Caller{Subject: subject, ClientID: clientID, Scopes: scopes},
		Expires:  c.expires,
		Audience: c.audience,
		Grant:    grant,
	}
	until := c.expires.Add(localLeeway)
	if end := now.Add(cacheFor); end.Before(until) {
		until = end
	}
	l.cache.put(sum, t, until)
	return t, nil
}
