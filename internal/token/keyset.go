package token

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/flight"
)

// The JWKS of an issuer: when it is fetched, and how long it serves.

// When keys are fetched. Every wait is for the issuer's sake: tokens with made-up key ids must not
// become requests to it.
const (
	// keysFresh is how old keys may be before they are fetched again in the background, so that a
	// key that the issuer took out stops counting.
	keysFresh = 15 * time.Minute
	// afterSuccess is the least time between a fetch that succeeded and the next.
	afterSuccess = 10 * time.Second
	// afterFailure is the same for one that failed.
	afterFailure = 5 * time.Second
	// fetchTimeout bounds one fetch, discovery included.
	fetchTimeout = 10 * time.Second
)

var errNotDue = errors.New("the token names a key that the issuer did not have a moment ago")

// keySet holds the issuer's keys. When the issuer cannot be reached it goes on with those it has.
type keySet struct {
	value  *flight.Value[Keys]
	now    func() time.Time
	leeway time.Duration // how far the issuer's clock may be off
}

// newKeySet asks nobody yet. pause is the least time between two fetches, however the first ended;
// 0 for afterSuccess and afterFailure. life ends fetches under way.
func newKeySet(life context.Context, fetch func(context.Context) (Keys, error), now func() time.Time, leeway, pause time.Duration) *keySet {
	return &keySet{now: now, leeway: leeway, value: flight.NewValue(flight.Options[Keys]{
		Fetch: func(ctx context.Context, _ *Keys) (*Keys, error) {
			keys, err := fetch(ctx)
			return &keys, err
		},
		Life: life, Timeout: fetchTimeout, Fresh: keysFresh, Now: now,
		AfterSuccess: cmp.Or(pause, afterSuccess), AfterFailure: cmp.Or(pause, afterFailure),
	})}
}

// known is what the last fetches gave.
type known struct {
	Keys
	fetched time.Time // when the keys came
	failure error     // of the last fetch, nil if it succeeded
}

func knownFrom(k flight.Known[Keys]) known {
	if k.Value == nil {
		return known{failure: k.Failure}
	}
	return known{*k.Value, k.Fetched, k.Failure}
}

// current gives what is known, and starts a fetch in the background if that is getting old.
func (s *keySet) current() known { return knownFrom(s.value.Current()) }

// refresh fetches the keys if that is due, waits for a fetch under way, and gives what is known
// then, whether that is as fresh as this call, and how long to wait before the next one. Its error
// is that of ctx.
func (s *keySet) refresh(ctx context.Context) (k known, fresh bool, wait time.Duration, err error) {
	now, fresh, wait, err := s.value.Refresh(ctx)
	return knownFrom(now), fresh, wait, err
}

// verify finds the key that signed a token. issued is when the token says it was.
func (s *keySet) verify(ctx context.Context, t *signed, issued time.Time) error {
	verified, reason := s.current().check(t)
	if verified {
		return nil
	}
	if reason != "" {
		return invalid(reason)
	}
	// The issuer may have rotated its keys (OpenID Connect Core §10.1.1).
	now, fresh, wait, err := s.refresh(ctx)
	if err != nil {
		return &UnavailableError{after: wait, err: err}
	}
	if verified, reason = now.check(t); verified {
		return nil
	}
	switch {
	case reason != "":
		return invalid(reason)
	case now.failure != nil:
		return &UnavailableError{after: wait, err: now.failure}
	}
	if k, ok := now.unusableKey(t); ok {
		if k.unreadable { // then nobody can tell whether this key signed the token
			return &UnavailableError{after: wait, err: fmt.Errorf("the key that the token names %s", k.why)}
		}
		return &InvalidError{Reason: ReasonKey, detail: "the key " + k.why}
	}
	if !fresh && issued.Add(s.leeway).After(now.fetched) {
		// Too early to ask again, and the token may be younger than what we know: it may well be
		// good.
		return &UnavailableError{after: wait, err: errNotDue}
	}
	return invalid(ReasonSignature)
}

// check tries the keys that a token may mean. It gives a reason if one of the token's key id exists
// and does not verify it.
func (k Keys) check(t *signed) (verified bool, refused Reason) {
	for _, key := range k.keys {
		if t.keyID != "" && key.id != t.keyID {
			continue
		}
		switch {
		case !t.verifiedBy(key):
			if t.keyID != "" && key.fits(t.algorithm) {
				refused = ReasonSignature
			}
		case t.issuer != "" && !key.issuedFor(t.issuer, t.tenant):
			refused = ReasonKeyIssuer
		default:
			return true, ""
		}
	}
	return false, refused
}

// unusableKey finds the key that a token names among those that cannot be used.
func (k Keys) unusableKey(t *signed) (unusableKey, bool) {
	i := slices.IndexFunc(k.unusable, func(u unusableKey) bool { return u.id != "" && u.id == t.keyID })
	if i < 0 {
		return unusableKey{}, false
	}
	return k.unusable[i], true
}
