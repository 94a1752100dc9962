package upstream

import (
	"context"
	"sync"
	"time"
)

const (
	documentLife = time.Hour
	documentWait = 5 * time.Second
)

// document is what a server says of itself, fetched when first needed and once an hour. What is known stays good while the
// server is down, and a server that is down is not asked by every caller.
type document[T any] struct {
	now func() time.Time

	mu      sync.Mutex
	found   *T
	refresh time.Time
}

// get gives the document. fetch is told of the one before, nil if there is none; only its error is returned, or
// [ErrUnavailable].
func (d *document[T]) get(ctx context.Context, fetch func(ctx context.Context, old *T) (*T, error)) (*T, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.now().Before(d.refresh) {
		if d.found == nil {
			return nil, ErrUnavailable
		}
		return d.found, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), providerTimeout)
	defer cancel()
	got, err := fetch(ctx, d.found)
	if err != nil {
		d.refresh = d.now().Add(documentWait)
		if d.found != nil {
			return d.found, nil
		}
		return nil, err
	}
	d.found, d.refresh = got, d.now().Add(documentLife)
	return got, nil
}
