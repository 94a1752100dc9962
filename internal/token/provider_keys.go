package token

import (
	"context"
	"time"

	"github.com/go-jose/go-jose/v4/json"
)

// providerPause is the least time between two fetches of a provider's keys. It is short: who asks
// has an ID token that the provider itself has just given.
const providerPause = time.Second

// ProviderKeys are the keys of an OpenID Connect provider, which verify ID tokens. A key that
// cannot be read is one key less and no more. It may be used by many goroutines at once.
type ProviderKeys struct{ set *keySet }

// NewProviderKeys finds keys in what fetch gives, which is a JWK set. now is the clock; nil for
// [time.Now].
func NewProviderKeys(fetch func(context.Context) ([]byte, error), now func() time.Time) *ProviderKeys {
	if now == nil {
		now = time.Now
	}
	return &ProviderKeys{newKeySet(context.Background(), func(ctx context.Context) (Keys, error) { // a fetch ends by its time-out
		data, err := fetch(ctx)
		if err != nil {
			return Keys{}, err
		}
		keys, err := parseKeys(data)
		if err != nil {
			return Keys{}, &ProviderKeyError{word: "no_usable_key"}
		}
		return keys, nil
	}, now, 0, providerPause)}
}

// VerifySignature gives the payload of an ID token that one of the keys signed. Its errors are
// those of fetch, that of ctx, and [ProviderKeyError]. Nothing else of the token is judged.
func (p *ProviderKeys) VerifySignature(ctx context.Context, raw string) ([]byte, error) {
	t, err := parse(raw, maxIDToken, asymmetric()) // no specification says what typ an ID token has
	if err != nil {
		return nil, &ProviderKeyError{word: "signature"}
	}
	var claims struct {
		Issuer string `json:"iss"`
		Tenant string `json:"tid"`
	}
	if json.Unmarshal(t.payload, &claims) == nil {
		t.issuer, t.tenant = claims.Issuer, claims.Tenant
	}
	if verified, _ := p.set.current().check(t); verified {
		return t.payload, nil
	}
	// The provider may have rotated its keys (OpenID Connect Core §10.1.1).
	known, fresh, _, err := p.set.refresh(ctx)
	if err != nil {
		return nil, err
	}
	verified, reason := known.check(t)
	switch {
	case verified:
		return t.payload, nil
	case known.failure != nil:
		return nil, known.failure
	}
	word := "unknown_key"
	switch reason {
	case ReasonSignature:
		word = "signature"
	case ReasonKeyIssuer:
		word = "key_of_another_one"
	}
	return nil, &ProviderKeyError{word: word, temporary: !fresh} // what was fetched may be older than the token
}

// maxIDToken is the longest ID token in bytes: some have hundreds of groups or roles.
const maxIDToken = 256 << 10

// Count says how many keys the provider has, and how many of them can verify signatures. It fetches
// them if need be.
func (p *ProviderKeys) Count(ctx context.Context) (usable, all int, err error) {
	known := p.set.current()
	if len(known.keys) == 0 {
		if known, _, _, err = p.set.refresh(ctx); err != nil {
			return 0, 0, err
		}
	}
	if len(known.keys) == 0 {
		err = known.failure
	}
	return len(known.keys), len(known.keys) + len(known.unusable), err
}

// ProviderKeyError says why no key of a provider verifies a signature.
type ProviderKeyError struct {
	word      string
	temporary bool
}

func (e *ProviderKeyError) Error() string { return "token: the keys of the provider: " + e.word }

// KeyReason is a fixed word: unknown_key, signature, key_of_another_one or no_usable_key. temporary
// says that the keys were fetched so shortly before that there may be another one by now.
func (e *ProviderKeyError) KeyReason() (word string, temporary bool) { return e.word, e.temporary }
