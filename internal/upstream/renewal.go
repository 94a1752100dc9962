package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/identity"
)

const (
	// leaseTime is how long a holder that died keeps others from renewing. It is longer than heldTime, in which all is done
	// under a lease but repeating a write, so that a lease ends early only for who stalled.
	leaseTime = 25 * time.Second
	heldTime  = 20 * time.Second
	// checkTime bounds what is asked of the provider between its tokens and their place in the store.
	checkTime = 3 * time.Second
	// waitTime is how often others look whether the holder is done, for renewLimit at most.
	waitTime   = 100 * time.Millisecond
	renewLimit = leaseTime + providerTimeout + heldTime
	// pauseTime is how long a provider that failed is not asked about the same grant again.
	pauseTime = 2 * time.Second
)

// flight is a renewal under way in this process.
type flight struct {
	done  chan struct{}
	state *state
	err   error
}

// renewed gives a state that is not stale any more. Callers of this process share one renewal, which goes on when one
// of them goes away.
func (l *Login) renewed(ctx context.Context, subject string, stale func(*state) bool) (*state, error) {
	grant := identity.CallerFrom(ctx).Grant
	for {
		f, mine := l.join(ctx, grant, subject, stale)
		select {
		case <-f.done:
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
		}
		// Somebody else's renewal may have been for another reason, and have found nothing to do.
		if mine || f.err != nil || !stale(f.state) {
			return f.state, f.err
		}
	}
}

// join joins the renewal under way or starts one.
func (l *Login) join(ctx context.Context, grant, subject string, stale func(*state) bool) (f *flight, mine bool) {
	key := grant + "\x00" + subject
	l.mu.Lock()
	defer l.mu.Unlock()
	if f := l.flights[key]; f != nil {
		return f, false
	}
	f = &flight{done: make(chan struct{})}
	if l.closed {
		f.err = fmt.Errorf("%w: this replica stops", ErrUnavailable)
		close(f.done)
		return f, true
	}
	l.flights[key] = f
	l.work.Go(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), renewLimit)
		defer cancel()
		f.state, f.err = l.renew(ctx, grant, subject, stale)
		l.mu.Lock()
		delete(l.flights, key)
		l.mu.Unlock()
		close(f.done)
	})
	return f, true
}

// renew waits for the lease or for what its holder stores, whichever comes first.
func (l *Login) renew(ctx context.Context, grant, subject string, stale func(*state) bool) (*state, error) {
	for {
		s, version, err := l.load(ctx, grant, subject)
		if err != nil || !stale(s) {
			return s, err
		}
		if l.pausing(grant) {
			return nil, fmt.Errorf("%w: the provider failed a moment ago", ErrUnavailable)
		}
		if l.unsavedSince(grant, version) == nil { // else that has to be stored first
			// The lease is for the request that counts, and not for what can be had before.
			m, err := l.provider.metadata(ctx)
			if err != nil {
				return nil, err
			}
			began := time.Now()
			release, held, err := l.store.Lease(ctx, grant, leaseTime)
			if err != nil {
				return nil, fmt.Errorf("%w: the store gives no lease", ErrUnavailable)
			}
			if held {
				// Who stalls here sends nothing: the lease may have ended.
				ctx, cancel := context.WithDeadline(ctx, began.Add(heldTime))
				defer cancel()
				return l.renewHeld(ctx, m, grant, subject, stale, release)
			}
		}
		timer := time.NewTimer(waitTime)
		select {
		case <-timer.C:
		case <-l.closing:
			timer.Stop()
			return nil, fmt.Errorf("%w: this replica stops", ErrUnavailable)
		case <-ctx.Done():
			timer.Stop()
			return nil, fmt.Errorf("%w: another replica renews", ErrUnavailable)
		}
	}
}

// renewHeld renews under the lease, and releases it: what was stored before it was had may be old.
func (l *Login) renewHeld(
	ctx context.Context, m *metadata, grant, subject string, stale func(*state) bool, release func(context.Context),
) (*state, error) {
	released := func() { release(context.WithoutCancel(ctx)) }
	s, version, err := l.load(ctx, grant, subject)
	if err != nil || !stale(s) {
		released()
		return s, err
	}
	next := *s
	switch err := l.provider.renew(ctx, m, &next); {
	case errors.Is(err, ErrGrantOver):
		next.Over, next.Access, next.Refresh = true, "", ""
	case err != nil:
		released()
		until := l.now().Add(pauseTime)
		l.paused.put(grant, &until)
		return nil, err
	}
	data, err := next.encode()
	if err != nil {
		released()
		return nil, errState
	}
	saved, err := l.store.Save(ctx, grant, version, data)
	if err != nil && !next.Over {
		l.saveLater(ctx, grant, &unsaved{version: version, state: &next, data: data}, released)
		return &next, nil // the tokens are good, and only this process has them
	}
	released()
	switch {
	case err != nil:
		l.known.drop(grant) // it must not be used while the store is away
		return nil, fmt.Errorf("%w: the store does not take the end of a grant", ErrUnavailable)
	case !saved: // somebody else wrote, or the grant ended: theirs counts
		got, _, err := l.load(ctx, grant, subject)
		return got, err
	case next.Over:
		l.known.drop(grant)
		return nil, ErrGrantOver
	}
	l.known.put(grant, &next)
	return &next, nil
}

func (l *Login) pausing(grant string) bool {
	until := l.paused.get(grant)
	return until != nil && l.now().Before(*until)
}

// renew asks the provider for new tokens, once, and changes s. Errors are [ErrGrantOver] and [ErrUnavailable].
func (p *Provider) renew(ctx context.Context, m *metadata, s *state) error {
	if s.Refresh == "" {
		return ErrGrantOver
	}
	got, err := p.tokens.redeem(ctx, m.TokenURL, m.AuthMethods, url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {s.Refresh},
	})
	switch {
	case errors.Is(err, errInvalidGrant):
		return ErrGrantOver
	case errors.Is(err, ErrUnavailable):
		return err
	case err != nil: // such as a wrong client secret, which is no word about the grant
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	}
	s.take(got, p.opts.Now())
	if got.IDToken == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, checkTime)
	defer cancel()
	claims, err := p.verify(ctx, m, got, "")
	switch {
	case errors.Is(err, ErrUnavailable):
		return nil // the tokens are good; what is known of the person stays
	case err != nil || p.subject(claims) != s.Subject: // OpenID Connect Core §12.2
		return ErrGrantOver
	}
	fresh := &state{Claims: claims}
	err = p.admit(ctx, m, fresh, got.Access)
	if err == nil || errors.Is(err, ErrNotAllowed) {
		s.Claims, s.UserInfo = fresh.Claims, fresh.UserInfo
	}
	if errors.Is(err, ErrNotAllowed) {
		return ErrGrantOver
	}
	return nil
}
