package grant

import (
	"context"
	"time"
)

type arrivalKey struct{}

// WithArrival notes when a request came, by the clock of [Options.Now]: when its last byte was read. What the request
// presents is judged as of then, however long it has waited for the store since.
func WithArrival(ctx context.Context, came time.Time) context.Context {
	return context.WithValue(ctx, arrivalKey{}, came)
}

// clock gives the time of the store that keeps a grant, and what that time was when the request came. How long ago that is
// can be measured here, since a duration does not depend on whose clock is right. A store that does not tell its time is
// unavailable: nothing is judged by a guess.
func (g *Grants) clock(ctx context.Context, id string) (now, came time.Time, err error) {
	if g.opts.StoreTime == nil {
		now = g.opts.Now()
	} else if now, err = g.opts.StoreTime(ctx, id); err != nil {
		return now, now, unavailable(err)
	}
	came = now
	if at, ok := ctx.Value(arrivalKey{}).(time.Time); ok {
		came = now.Add(-max(0, g.opts.Now().Sub(at)))
	}
	return now, came, nil
}
