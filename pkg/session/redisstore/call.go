package redisstore

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// restPause is how long a call that waits for the end of a rest waits at least, while another one
// tries.
const restPause = 25 * time.Millisecond

// lateReads is how often a read is repeated.
const lateReads = 3

// attempt is one try of a call, as the guards of the servers see it: a cluster may ask several.
type attempt struct {
	// timeout is the store's own that bounds it; 0 if a deadline of the caller's does.
	timeout time.Duration
	// late says that its time-out says nothing about the server, which answered others meanwhile,
	// or this process had no time.
	late atomic.Bool
}

// values are what this package keeps in a context, under one key.
type values struct {
	prefetch *prefetch // what is read ahead for a request; nil if nothing is
	look     *look     // the mark that is looked at beside other calls; nil for none
	attempt  *attempt  // that a command is part of; nil for one that is not a call's
}

type valuesKey struct{}

func valuesOf(ctx context.Context) values {
	v, _ := ctx.Value(valuesKey{}).(*values)
	if v == nil {
		return values{}
	}
	return *v
}

func withValues(ctx context.Context, v values) context.Context {
	return context.WithValue(ctx, valuesKey{}, &v)
}

// do makes one call, once. It waits in the queue as long as the caller's own context lives; only
// then the call's clock starts, and it may take what is left of the caller's deadline and the
// store's. That the caller went away does not end a call that is under way: a connection whose call
// is given up must be closed, and clients that hang up would have them dialed all day.
func (s *Store) do(ctx context.Context, call func(context.Context, redis.UniversalClient) error) error {
	return s.repeat(ctx, 0, call)
}

// read makes a call that only reads, so that it may be made again: a read that this process was too
// late to see the answer of is repeated.
func (s *Store) read(ctx context.Context, call func(context.Context, redis.UniversalClient) error) error {
	return s.repeat(ctx, lateReads, call)
}

// repeat makes a call, and makes it again after it was late: as often as it takes if it was not
// sent, else so many times.
func (s *Store) repeat(ctx context.Context, times int, call func(context.Context, redis.UniversalClient) error) error {
	left := s.opts.Timeout
	for {
		if !s.queue.enter(ctx) {
			return &Error{Kind: Queued, Cause: ctx.Err()}
		}
		begun := time.Now()
		failure, late := s.ask(ctx, left, call)
		switch {
		case failure == nil:
			return nil
		case late && ctx.Err() == nil && (times > 0 || isUnsent(failure.Cause)):
			if left = s.opts.Timeout; !isUnsent(failure.Cause) {
				times--
			}
		case s.waits && failure.Kind == CircuitOpen && pause(ctx, min(max(failure.rest, restPause), left)):
			// What rests was not asked, so asking it later is asking it once.
			if left -= time.Since(begun); left <= 0 {
				return failure
			}
		default:
			return failure
		}
	}
}

// ask makes one try of a call whose turn has come, and ends the turn. late is that of [attempt].
func (s *Store) ask(
	ctx context.Context, timeout time.Duration, call func(context.Context, redis.UniversalClient) error,
) (failure *Error, late bool) {
	defer s.queue.leave()
	a := &attempt{timeout: timeout}
	if timeout < s.opts.Timeout/4 { // what rests have left of it is not a measure of the server
		a.timeout = 0
	}
	limit := time.Now().Add(timeout)
	if deadline, ok := ctx.Deadline(); ok && deadline.Before(limit) {
		limit, a.timeout = deadline, 0
	}
	ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), limit)
	defer cancel()
	v := valuesOf(ctx)
	v.attempt = a
	err := call(withValues(ctx, v), s.client)
	if err == nil || errors.Is(err, redis.Nil) {
		return nil, false
	}
	return asError(err), a.late.Load()
}

// isUnsent tells a time-out before anything was written. Those of reading and writing are of
// another type.
func isUnsent(err error) bool {
	return errors.Is(err, redis.ErrPoolTimeout) || errors.Is(err, context.DeadlineExceeded)
}

// pause tells whether ctx leaves time for what comes after it.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
