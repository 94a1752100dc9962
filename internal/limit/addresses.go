package limit

import (
	"context"
	"errors"
	"time"
)

// Addresses bounds what each owner may do in a minute: an address, or a grant that a request has
// proven to be its own. It may be used by many goroutines at once.
type Addresses struct {
	counter
	aMinute int
}

// NewAddresses allows so many requests of each kind in a minute to each address.
func NewAddresses(opts Options, aMinute int) (*Addresses, error) {
	if aMinute < 1 {
		return nil, errors.New("limit: an address must be allowed at least one request")
	}
	opts, err := opts.check()
	if err != nil {
		return nil, err
	}
	return &Addresses{counter: counter{Options: opts}, aMinute: aMinute}, nil
}

// Allow counts a request of a kind from an address, and says when to come back if it is one too
// many. While the store is away this process alone counts, so the error, which would say that it
// could not be counted, is always nil.
func (a *Addresses) Allow(ctx context.Context, kind, address string) (ok bool, retryAfter time.Duration, err error) {
	quota := Quota{Name: kind, Amount: 1, Max: a.aMinute, Period: time.Minute}
	taken, _ := a.take(ctx, a.owner("address", address), []Quota{quota})
	if taken.Short >= 0 {
		return false, taken.Wait, nil
	}
	return true, 0, nil
}
