package upstream

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/flight"
	"github.com/clerkchat/mcp-gateway/internal/request"
)

const (
	// leaseTime is how long a holder that died keeps others from renewing. It is longer than
	// heldTime, in which all is done under a lease but repeating a write, so that a lease ends
	// early only for who stalled.
	leaseTime = 25 * time.Second
	heldTime  = 20 * time.Second
	// checkTime is the default of [ProviderOptions.CheckTime], which bounds what is asked between
	// the provider's tokens and their place in the store.
	checkTime = 3 * time.Second
	// waitTime is how often others look whether the holder is done, for renewLimit at most.
	waitTime   = 100 * time.Millisecond
	renewLimit = leaseTime + providerTimeout + heldTime
	// pauseTime is how long a provider that failed is not asked about the same grant again.
	pauseTime = 2 * time.Second
)

// task is something that is asked of the provider about a grant, by one replica at a time.
type task struct {
	grant, subject string
	store          Store
	// load reads what is kept, and says whether the task is to be done still.
	load func(ctx context.Context) (s *state, version uint64, todo bool, err error)
	// ask asks the provider and changes s. [ErrGrantOver] is a no; another error changes nothing.
	ask func(ctx context.Context, m *metadata, s *state) error
	// ready is asked under the lease; nil for what always is. failed is told under the lease that
	// there was no answer.
	ready  func(ctx context.Context, grant string) error
	failed func(ctx context.Context, grant string)
	// limit is how long to wait for another holder of the lease; zero for as long as the context
	// lasts.
	limit time.Duration
	// check says that the person is what is asked about: a doubt about them is not a success.
	check bool

	// asked says that the provider was asked, withoutMetadata that it could not be.
	asked, withoutMetadata bool
}

// renewed gives a state that is not stale any more. Callers of this process share one renewal,
// which goes on when one of them goes away.
func (l *Login) renewed(ctx context.Context, subject string, stale func(*state) bool) (*state, error) {
	grant := request.From(ctx).Caller.Grant
	for {
		f, mine := l.joinRenewal(ctx, grant, subject, stale)
		select {
		case <-f.Done():
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
		}
		// Somebody else's renewal may have been for another reason, and have found nothing to do.
		if s, err := f.Result(); mine || err != nil || !stale(s) {
			return s, err
		}
	}
}

// joinRenewal joins the renewal under way or starts one.
func (l *Login) joinRenewal(ctx context.Context, grant, subject string, stale func(*state) bool) (f *flight.Flight[*state], mine bool) {
	t := task{
		grant: grant, subject: subject, store: l.store, ask: l.provider.renew,
		failed: func(context.Context, string) {
			l.paused.Add(grant, l.now().Add(pauseTime))
		},
	}
	t.load = func(ctx context.Context) (*state, uint64, bool, error) {
		s, version, err := l.load(ctx, grant, subject)
		switch {
		case err != nil || !stale(s):
			return s, version, false, err
		case l.pausing(grant):
			return nil, 0, false, fmt.Errorf("%w: the provider failed a moment ago", ErrUnavailable)
		}
		return s, version, true, nil
	}
	return l.join(context.WithoutCancel(ctx), grant+"\x00"+subject, func(ctx context.Context) (*state, error) { return l.renew(ctx, &t) })
}

// join joins what is under way under a key or starts it.
func (l *Login) join(
	ctx context.Context, key string, do func(ctx context.Context) (*state, error),
) (f *flight.Flight[*state], mine bool) {
	return l.flights.Join(key, func() (*state, error) {
		ctx, cancel := context.WithTimeout(ctx, renewLimit)
		defer cancel()
		return do(ctx)
	})
}

// renew waits for the lease or for what its holder stores, whichever comes first.
func (l *Login) renew(ctx context.Context, t *task) (*state, error) {
	late := time.Now().Add(t.limit)
	for {
		s, version, todo, err := t.load(ctx)
		if err != nil || !todo {
			return s, err
		}
		if l.unsavedSince(t.grant, version) == nil { // else that has to be stored first
			// The lease is for the request that counts, and not for what can be had before.
			m, err := l.provider.metadata(ctx)
			if err != nil {
				if t.withoutMetadata = t.check; t.check {
					t.failed(ctx, t.grant)
				}
				return nil, err
			}
			began := time.Now()
			release, held, err := t.store.Lease(ctx, t.grant, leaseTime)
			if err != nil {
				return nil, fmt.Errorf("%w: the store gives no lease", ErrUnavailable)
			}
			if held {
				// Who stalls here sends nothing: the lease may have ended.
				ctx, cancel := context.WithDeadline(ctx, began.Add(heldTime))
				defer cancel()
				return l.renewHeld(ctx, m, t, release)
			}
		}
		if t.limit > 0 && !time.Now().Before(late) {
			l.pauseCheck(t.grant, pauseTime, false)
			return nil, errSkipped
		}
		timer := time.NewTimer(waitTime)
		select {
		case <-timer.C:
		case <-l.closing:
			timer.Stop()
			return nil, errStopping
		case <-ctx.Done():
			timer.Stop()
			return nil, fmt.Errorf("%w: another replica renews", ErrUnavailable)
		}
	}
}

// renewHeld asks under the lease, and releases it: what was stored before it was had may be old.
func (l *Login) renewHeld(ctx context.Context, m *metadata, t *task, release func(context.Context)) (*state, error) {
	released := func() { release(context.WithoutCancel(ctx)) }
	s, version, todo, err := t.load(ctx)
	if err == nil && todo && t.ready != nil {
		err = t.ready(ctx, t.grant)
	}
	if err != nil || !todo {
		released()
		return s, err
	}
	next := *s
	t.asked = true
	err = t.ask(ctx, m, &next)
	verdict := err
	switch {
	case errors.Is(err, ErrGrantOver):
		next.Over, next.Access, next.Refresh, next.doubt = true, "", "", nil
	case err != nil:
		t.failed(context.WithoutCancel(ctx), t.grant)
		released()
		return nil, err
	case next.doubt != nil && t.check:
		verdict = next.doubt // the tokens are good all the same
		t.failed(context.WithoutCancel(ctx), t.grant)
	}
	data, err := next.encode()
	if err != nil {
		released()
		return nil, ErrUnreadable
	}
	saved, err := t.store.Save(ctx, t.grant, version, data)
	if err != nil && !next.Over {
		l.savePending(ctx, t.grant, &pendingSave{version: version, state: &next, data: data}, released)
		return &next, verdict // the tokens are good, and only this process has them
	}
	released()
	switch {
	case err != nil:
		l.known.Remove(t.grant) // it must not be used while the store is away
		return nil, errUnrecorded
	case !saved: // somebody else wrote, or the grant ended: theirs counts
		got, _, _, err := t.load(ctx)
		return got, err
	case next.Over:
		l.known.Remove(t.grant)
		return nil, verdict
	}
	l.keep(t.grant, data)
	return &next, verdict
}

func (l *Login) pausing(grant string) bool {
	until, known := l.paused.Get(grant)
	return known && l.now().Before(until)
}
