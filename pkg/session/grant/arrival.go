package grant

import (
	"context"
	"time"
)

// AsOf gives the same grants for a request that came at a time by the clock of [Options.Now]: when
// its last byte was read. What the request presents is judged as of then, however long it has
// waited for the store since.
func (g *Grants) AsOf(came time.Time) *Grants {
	of := *g
	of.came = came
	return &of
}

// clock gives the time of the store that keeps a grant, and what that time was when the request
// came. How long ago that is can be measured here, since a duration does not depend on whose clock
// is right. A store that does not tell its time is unavailable: nothing is judged by a guess.
func (g *Grants) clock(ctx context.Context, id string) (now, came time.Time, err error) {
	if g.opts.StoreTime == nil {
		now = g.opts.Now()
	} else if now, err = g.opts.StoreTime(ctx, id); err != nil {
		return now, now, unavailable(err)
	}
	came = now
	if !g.came.IsZero() {
		came = now.Add(-max(0, g.opts.Now().Sub(g.came)))
	}
	return now, came, nil
}
