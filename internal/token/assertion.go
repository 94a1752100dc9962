package token

import (
	"cmp"
	"context"
	"math"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json"
)

// maxAssertion is the longest assertion in bytes that is looked at. It names its client twice, by
// an id of up to 4 KiB.
const maxAssertion = 16 << 10

// AssertionAlgorithms are what clients may sign assertions with.
func AssertionAlgorithms() []string {
	return []string{string(jose.RS256), string(jose.ES256), string(jose.EdDSA)}
}

// Assertion is a client's assertion (RFC 7523 §3). Nothing in it is verified before [Keys.Verify]
// or [KeySet.Verify] says so.
type Assertion struct {
	Issuer, Subject, ID        string
	Audience                   []string
	Expires, NotBefore, Issued time.Time // the last two are zero if absent
	Algorithm                  string

	signed *signed
}

// ParseAssertion reads the form of an assertion and its claims, and compares nothing. Its only
// error is [InvalidError].
func ParseAssertion(raw string) (*Assertion, error) {
	s, err := parse(raw, maxAssertion, algorithmsOf(AssertionAlgorithms()), typeAssertion, typeJWT, typeNone)
	if err != nil {
		return nil, err
	}
	var all map[string]json.RawMessage
	if !utf8.Valid(s.payload) || json.Unmarshal(s.payload, &all) != nil || all == nil { // as for an access token's claims
		return nil, invalid(ReasonClaims)
	}
	a := &Assertion{Algorithm: string(s.algorithm), signed: s}
	ok := true
	for name, into := range map[string]*string{"iss": &a.Issuer, "sub": &a.Subject, "jti": &a.ID} {
		var present bool
		*into, present = text(all[name])
		ok = ok && present
	}
	var okAudience, okExpires, okNotBefore, okIssued bool
	a.Audience, okAudience = texts(all["aud"])
	a.Expires, okExpires = date(all["exp"], math.Floor)
	a.NotBefore, okNotBefore = date(all["nbf"], math.Ceil)
	a.Issued, okIssued = date(all["iat"], math.Ceil)
	if !ok || !okAudience || !okExpires || a.Expires.IsZero() || !okNotBefore || !okIssued {
		return nil, invalid(ReasonClaims)
	}
	return a, nil
}

func algorithmsOf(names []string) []jose.SignatureAlgorithm {
	out := make([]jose.SignatureAlgorithm, len(names))
	for i, name := range names {
		out[i] = jose.SignatureAlgorithm(name)
	}
	return out
}

// Keys are public keys that verify assertions.
type Keys struct {
	keys     []key
	unusable []unusableKey
}

// ParseKeys reads a JWK set (RFC 7517 §5) and keeps the keys that can verify a signature of one of
// the algorithms; of one that is kept nothing else is taken, so one algorithm makes a key be for
// that only. Others are skipped, which is counted: of unknown kinds, for other uses, RSA keys of
// less than 2048 bits, secret or broken ones. It is an error if none is left.
func ParseKeys(data []byte, algorithms ...string) (keys Keys, skipped int, err error) {
	keys, err = parseKeys(data)
	all := len(keys.keys) + len(keys.unusable)
	keys.keys = slices.DeleteFunc(keys.keys, func(k key) bool { return !slices.ContainsFunc(algorithmsOf(algorithms), k.fits) })
	if len(algorithms) == 1 {
		for i := range keys.keys {
			keys.keys[i].algorithm = algorithms[0]
		}
	}
	if err == nil && len(keys.keys) == 0 {
		err = errNoKeys
	}
	return keys, all - len(keys.keys), err
}

// JSON is the keys as a JWK set, with nothing in it that verifying does not need.
func (k Keys) JSON() ([]byte, error) {
	set := jose.JSONWebKeySet{}
	for _, key := range k.keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: key.public, KeyID: key.id, Algorithm: key.algorithm})
	}
	return json.Marshal(set)
}

// Verify checks the signature of an assertion. Its only error is [InvalidError]: these keys are all
// there are.
func (k Keys) Verify(a *Assertion) error {
	if verified, reason := k.check(a.signed); !verified {
		return invalid(cmp.Or(reason, ReasonSignature))
	}
	return nil
}

// KeySet are the keys of a client that publishes them. It goes on with those it has while they
// cannot be fetched.
type KeySet struct{ set *keySet }

// NewKeySet fetches a JWK set when it is first needed, when it gets old and when an assertion names
// a key that is not in it, but never sooner than pause after the last fetch. leeway is how far the
// clocks may be apart.
func NewKeySet(fetch func(context.Context) (Keys, error), pause, leeway time.Duration, now func() time.Time) *KeySet {
	return &KeySet{newKeySet(context.Background(), fetch, now, leeway, pause)} // a fetch ends by its time-out
}

// Verify checks the signature of an assertion. Its errors are [InvalidError], [UnavailableError] if
// nobody can tell now, and that of ctx.
func (s *KeySet) Verify(ctx context.Context, a *Assertion) error {
	made := a.Issued
	if made.IsZero() { // it may be younger than the keys that are known
		made = s.set.now()
	}
	return s.set.verify(ctx, a.signed, made)
}
