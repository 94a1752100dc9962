package upstream

import (
	"context"
	"fmt"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/flight"
)

const (
	metadataLife = time.Hour
	// metadataStale is how old metadata may be to serve while other metadata is fetched.
	metadataStale = 24 * time.Hour
	metadataWait  = 5 * time.Second
)

// cachedMetadata is what a server says of itself, fetched when first needed and once an hour, by
// one caller for all. What is known stays good while the server is down, and a server that is down
// is asked by nobody for a while.
type cachedMetadata[T any] struct{ value *flight.Value[T] }

// newCachedMetadata has metadata fetched, which is told of what it was before, nil for nothing.
func newCachedMetadata[T any](now func() time.Time, fetch func(ctx context.Context, old *T) (*T, error)) cachedMetadata[T] {
	return cachedMetadata[T]{flight.NewValue(flight.Options[T]{
		Fetch: fetch, Timeout: providerTimeout, Fresh: metadataLife, Stale: metadataStale, AfterFailure: metadataWait, Now: now,
	})}
}

// get gives the metadata. Its errors are those of the fetch, and [ErrUnavailable] when ctx ends
// first.
func (c cachedMetadata[T]) get(ctx context.Context) (*T, error) {
	m, err := c.value.Get(ctx)
	if err != nil && ctx.Err() != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnavailable, ctx.Err())
	}
	return m, err
}
