package token

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// When keys are fetched. Every wait is for the issuer's sake: tokens with made-up key ids must not become requests to it.
const (
	// keysFresh is how old keys may be before they are fetched again in the background, so that a key that the issuer took
	// out stops counting.
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
	lifetime context.Context // ends fetches under way
	fetch    func(context.Context) (Keys, error)
	now      func() time.Time
	leeway   time.Duration // how far the issuer's clock may be off
	pause    time.Duration // the least time between two fetches, however the first ended; 0 for afterSuccess and afterFailure

	mu     sync.Mutex
	known  known
	due    time.Time     // no fetch before
	flight chan struct{} // closed when the fetch under way is done; nil if there is none
}

// known is what the last fetches gave.
type known struct {
	Keys
	fetched time.Time // when the keys came
	failure error     // of the last fetch, nil if it succeeded
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
		// Too early to ask again, and the token may be younger than what we know: it may well be good.
		return &UnavailableError{after: wait, err: errNotDue}
	}
	return invalid(ReasonSignature)
}

// check tries the keys that a token may mean. It gives a reason if one of the token's key id exists and does not verify it.
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

// current gives what is known, and starts a fetch in the background if that is getting old.
func (s *keySet) current() known {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.now(); len(s.known.keys) > 0 && !now.Before(s.known.fetched.Add(keysFresh)) {
		s.start(now)
	}
	return s.known
}

// refresh fetches the keys if that is due, waits for a fetch under way, and gives what is known then, whether that is as
// fresh as this call, and how long to wait before the next one. Its error is that of ctx.
func (s *keySet) refresh(ctx context.Context) (k known, fresh bool, wait time.Duration, err error) {
	s.mu.Lock()
	fresh = s.start(s.now())
	flight := s.flight
	s.mu.Unlock()
	if flight != nil {
		select {
		case <-flight:
		case <-ctx.Done():
			return known{}, false, 0, ctx.Err()
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known, fresh, s.due.Sub(s.now()), nil
}

// start starts a fetch unless one is under way or not due, and reports whether it did. s.mu is held.
func (s *keySet) start(now time.Time) bool {
	if s.flight != nil || now.Before(s.due) {
		return false
	}
	done := make(chan struct{})
	s.flight = done
	go func() {
		// Not the request's context: others wait for the same fetch.
		ctx, cancel := context.WithTimeout(s.lifetime, fetchTimeout)
		defer cancel()
		keys, err := s.fetch(ctx)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.known.failure = err
		s.due = s.now().Add(afterFailure)
		if err == nil {
			s.known.Keys, s.known.fetched = keys, now // as old as the request for them
			s.due = s.now().Add(afterSuccess)
		}
		if s.pause > 0 {
			s.due = now.Add(s.pause)
		}
		s.flight = nil
		close(done)
	}()
	return true
}
