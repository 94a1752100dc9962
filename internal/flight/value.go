package flight

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Options say how a [Value] is fetched. Fetch and Timeout are required.
type Options[T any] struct {
	// Fetch gives the value. It is told of the one before, nil if there is none.
	Fetch func(ctx context.Context, old *T) (*T, error)
	// Timeout bounds a fetch. No caller's context does, since others wait for it.
	Timeout time.Duration
	// Life ends fetches under way. Default: nothing does.
	Life context.Context //nolint:containedctx // of the value, and not of a call
	// Fresh is the age from which on a value is fetched again when it is used.
	Fresh time.Duration
	// Stale is the age up to which [Value.Get] gives it meanwhile. Default: Get waits for the
	// fetch.
	Stale time.Duration
	// AfterSuccess and AfterFailure are the least time from the end of a fetch to the next one.
	AfterSuccess, AfterFailure time.Duration
	// Strict says that after a failure the value before does not count any more. Default: it does,
	// however old it is.
	Strict bool
	// Now is the clock. Default: [time.Now].
	Now func() time.Time
}

// Known is what there is of a value.
type Known[T any] struct {
	// Value is nil if there is none. Nobody may change it.
	Value *T
	// Fetched is when the fetch of it began.
	Fetched time.Time
	// Failure is why the last fetch gave nothing, nil if it did.
	Failure error
}

// Value is fetched from elsewhere by one caller for all. It may be used by many goroutines at once.
type Value[T any] struct {
	opts Options[T]

	mu     sync.Mutex
	known  Known[T]
	due    time.Time // no fetch before
	flight *Flight[struct{}]
}

// NewValue fetches nothing yet.
func NewValue[T any](opts Options[T]) *Value[T] {
	if opts.Life == nil {
		opts.Life = context.Background()
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Value[T]{opts: opts}
}

// Get gives the value. While there is none, or one that is too old, it waits for a fetch. Errors
// are those of the last fetch, if there is no value to go on with, and that of ctx.
func (v *Value[T]) Get(ctx context.Context) (*T, error) {
	v.mu.Lock()
	now := v.opts.Now()
	known, age := v.known, now.Sub(v.known.Fetched)
	if known.Value != nil && age < v.opts.Fresh {
		v.mu.Unlock()
		return known.Value, nil
	}
	v.start(now)
	under := v.flight
	v.mu.Unlock()
	if under != nil && (known.Value == nil || age >= v.opts.Stale) {
		if _, err := under.Wait(ctx); err != nil {
			return nil, err
		}
		known = v.last()
	}
	if known.Value != nil {
		return known.Value, nil
	}
	return nil, known.Failure
}

// Current gives what is known, and has it fetched again beside that if it is old.
func (v *Value[T]) Current() Known[T] {
	v.mu.Lock()
	defer v.mu.Unlock()
	if now := v.opts.Now(); v.known.Value != nil && now.Sub(v.known.Fetched) >= v.opts.Fresh {
		v.start(now)
	}
	return v.known
}

// Refresh fetches the value if that is due, waits for a fetch under way, and gives what is known
// then. mine says that the fetch was begun for this call, and wait how long it is until the next
// one. Its error is that of ctx.
func (v *Value[T]) Refresh(ctx context.Context) (known Known[T], mine bool, wait time.Duration, err error) {
	v.mu.Lock()
	mine = v.start(v.opts.Now())
	under := v.flight
	v.mu.Unlock()
	if under != nil {
		if _, err := under.Wait(ctx); err != nil {
			return Known[T]{}, false, 0, err
		}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.known, mine, v.due.Sub(v.opts.Now()), nil
}

func (v *Value[T]) last() Known[T] {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.known
}

var errPanicked = errors.New("flight: the fetch panicked")

// start begins a fetch unless one is under way or not due, and reports whether it did. v.mu is
// held.
func (v *Value[T]) start(now time.Time) bool {
	if v.flight != nil || now.Before(v.due) {
		return false
	}
	f := &Flight[struct{}]{Began: time.Now(), done: make(chan struct{})}
	v.flight = f
	old, got, err := v.known.Value, (*T)(nil), errPanicked
	go f.take(func() (struct{}, error) {
		ctx, cancel := context.WithTimeout(v.opts.Life, v.opts.Timeout)
		defer cancel()
		got, err = v.opts.Fetch(ctx, old)
		return struct{}{}, nil
	}, func() {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.flight, v.known.Failure = nil, err
		switch {
		case err == nil:
			v.known.Value, v.known.Fetched = got, now // as old as the request for it
			v.due = v.opts.Now().Add(v.opts.AfterSuccess)
			return
		case v.opts.Strict:
			v.known.Value = nil
		}
		v.due = v.opts.Now().Add(v.opts.AfterFailure)
	})
	return true
}
