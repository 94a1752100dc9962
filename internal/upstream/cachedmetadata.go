package upstream

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	documentLife = time.Hour
	// documentStale is how old a document may be to serve while another one is fetched.
	documentStale = 24 * time.Hour
	documentWait  = 5 * time.Second
)

// cachedMetadata is what a server says of itself, fetched when first needed and once an hour, by one caller for all. What is known
// stays good while the server is down, and a server that is down is asked by nobody for a while.
type cachedMetadata[T any] struct {
	now func() time.Time

	mu      sync.Mutex
	found   *T
	fetched time.Time // when found was
	failure error     // the last one, while it keeps others from asking
	retry   time.Time // when to ask again after it
	flight  *fetching[T]
}

// fetching is a fetch under way.
type fetching[T any] struct {
	done  chan struct{}
	found *T
	err   error
}

// get gives the document. fetch is told of the one before, nil if there is none; only its errors are returned, and
// [ErrUnavailable] when ctx ends first.
func (d *cachedMetadata[T]) get(ctx context.Context, fetch func(ctx context.Context, old *T) (*T, error)) (*T, error) {
	d.mu.Lock()
	now, old := d.now(), d.found
	age := now.Sub(d.fetched)
	if old != nil && age < documentLife {
		d.mu.Unlock()
		return old, nil
	}
	if now.Before(d.retry) {
		err := d.failure
		d.mu.Unlock()
		if old != nil {
			return old, nil
		}
		return nil, err
	}
	f := d.flight
	if f == nil {
		f = &fetching[T]{done: make(chan struct{})}
		d.flight = f
		go d.fetch(context.WithoutCancel(ctx), f, old, fetch)
	}
	d.mu.Unlock()
	if old != nil && age < documentStale {
		return old, nil
	}
	select {
	case <-f.done:
		return f.found, f.err
	case <-ctx.Done():
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	}
}

func (d *cachedMetadata[T]) fetch(ctx context.Context, f *fetching[T], old *T, fetch func(context.Context, *T) (*T, error)) {
	ctx, cancel := context.WithTimeout(ctx, providerTimeout)
	defer cancel()
	got, err := fetch(ctx, old)
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	switch {
	case err == nil:
		d.found, d.fetched, d.failure, d.retry = got, now, nil, time.Time{}
		f.found = got
	case old != nil:
		d.failure, d.retry = err, now.Add(documentWait)
		f.found = old
	default:
		d.failure, d.retry = err, now.Add(documentWait)
		f.err = err
	}
	d.flight = nil
	close(f.done)
}
