package limit

import (
	"context"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// maxRefusals is how many refusals are remembered, of which each takes some 200 bytes.
const maxRefusals = 10_000

// Allower counts requests of a kind, as [Addresses] does.
type Allower interface {
	Allow(ctx context.Context, kind, owner string) (ok bool, retryAfter time.Duration, err error)
}

// Refusals stands before an Allower and repeats its refusals until the time that they named, so
// that a flood asks the store no more often than there is room. A refusal that is forgotten, since
// there are too many, costs one question more. It may be used by many goroutines at once.
type Refusals struct {
	next    Allower
	onEvent func(limit string, e Event)
	now     func() time.Time

	until *lru.Cache[refusalOf, time.Time]
}

type refusalOf struct{ kind, owner string }

// NewRefusals stands before next. onEvent is told of the refusals that next does not see, as
// [Options.OnEvent] is of others. now nil is time.Now.
func NewRefusals(next Allower, onEvent func(limit string, e Event), now func() time.Time) *Refusals {
	if now == nil {
		now = time.Now
	}
	until, _ := lru.New[refusalOf, time.Time](maxRefusals) // only sizes below 1 are an error
	return &Refusals{next: next, onEvent: onEvent, now: now, until: until}
}

// Allow is that of the Allower behind it.
func (r *Refusals) Allow(ctx context.Context, kind, owner string) (ok bool, retryAfter time.Duration, err error) {
	of := refusalOf{kind, owner}
	until, _ := r.until.Peek(of)
	if left := until.Sub(r.now()); left > 0 {
		r.onEvent(kind, Refused)
		return false, left, nil
	}
	ok, retryAfter, err = r.next.Allow(ctx, kind, owner)
	if err == nil && !ok && retryAfter > 0 {
		r.until.Add(of, r.now().Add(retryAfter))
	}
	return ok, retryAfter, err
}
