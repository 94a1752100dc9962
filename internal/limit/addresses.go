package limit

import (
	"context"
	"errors"
	"time"
)

// Addresses bounds what each address may do. It may be used by many goroutines at once.
type Addresses struct {
	opts    Options
	aMinute int
}

// NewAddresses allows so many requests of each kind in a minute to each address.
func NewAddresses(opts Options, aMinute int) (*Addresses, error) {
	if aMinute < 1 {
		return nil, errors.New("limit: an address must be allowed at least one request")
	}
	if err := opts.check(); err != nil {
		return nil, err
	}
	return &Addresses{opts: opts, aMinute: aMinute}, nil
}

// Allow counts a request of a kind from an address, and says when to come back if it is one too many. An error says that
// it could not be counted, which is no reason to refuse it.
func (a *Addresses) Allow(ctx context.Context, kind, address string) (ok bool, retryAfter time.Duration, err error) {
	quota := Quota{Name: kind, Amount: 1, Max: a.aMinute, Period: time.Minute}
	taken, err := a.opts.Store.Take(ctx, a.opts.owner("address", address), []Quota{quota})
	switch {
	case err != nil:
		a.opts.OnEvent(kind, Unenforced)
		return false, 0, err
	case taken.Short >= 0:
		a.opts.OnEvent(kind, Refused)
		return false, taken.Wait, nil
	}
	return true, 0, nil
}
