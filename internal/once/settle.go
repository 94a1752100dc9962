package once

import (
	"context"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// settle finds out what became of an attempt that had no answer. It never does the work.
func (c *call) settle(ctx context.Context, e *entry) mcpadapter.Finding {
	f := mcpadapter.Finding{State: mcpadapter.StateUndecided, At: e.Begun}
	if c.work.Look == nil || c.work.Likeness == [32]byte{} {
		return f
	}
	since := e.Begun.Add(-c.opts.Margin)
	lost, err := c.checkEpoch(ctx)
	if err == nil {
		lost, err = c.outlast(ctx, lost)
	}
	if err != nil || lost {
		return f // claims are gone, and by the clocks nobody can be sure which
	}
	ctx, cancel := context.WithTimeout(ctx, c.opts.SettleTime+lastLook)
	defer cancel()
	wait := newPatience(c.opts.SettleTime, maxLookRest)
	for {
		switch found, seen, err := c.lookOnce(ctx, e, since); {
		case err != nil: // whatever was known before stands
		case seen == one:
			r := e.record
			r.Phase, r.Answer = done, answerOf(found.Result)
			c.write(ctx, func(ctx context.Context) error { return c.conclude(ctx, e, r, found.ID) })
			f.State, f.Result = mcpadapter.StateSettled, found.Result
			return f
		case seen == none:
			f.State = mcpadapter.StateNotSeen
		case seen == unclear:
			f.State = mcpadapter.StateUndecided
		}
		if !wait.next(ctx) {
			return f
		}
	}
}

// lastLook is for the look that begins when the time for looking ends.
const lastLook = 2 * time.Second

// seen is what looking showed.
type seen int

const (
	none    seen = iota // nothing that could be it
	one                 // it, and nothing else that it could be
	unclear             // something that could be it, or another's
)

// lookOnce looks, and claims what can only be this attempt's. The order matters, whoever the others are and whether they wait
// for this one or not: each is noted as open before it makes anything, and claims what it made before it is not open any
// more. So what was seen, then found unclaimed, and then had no other attempt open, is this one's; and if another claimed it
// between the two reads, the claim here fails.
func (c *call) lookOnce(ctx context.Context, e *entry, since time.Time) (found mcpadapter.Sighting, what seen, err error) {
	sightings, err := c.work.Look(ctx, since)
	if err != nil {
		return found, unclear, err
	}
	var mine []mcpadapter.Sighting
	claimed := false
	for _, s := range sightings {
		switch owner, err := c.claimant(ctx, s.ID, e.Attempt); {
		case err != nil:
			return found, unclear, err
		case owner == e.Attempt && !claimed: // by who looked before, and found nothing else
			mine, claimed = []mcpadapter.Sighting{s}, true
		case owner == "" && !claimed:
			mine = append(mine, s)
		}
	}
	others, err := c.others(ctx, e.Attempt)
	if err != nil {
		return found, unclear, err
	}
	// What was read is worth nothing if the memory was lost meanwhile.
	if lost, err := c.checkEpoch(ctx); err != nil || lost {
		return found, unclear, err
	}
	switch {
	case len(mine) == 0:
		return found, none, nil
	case !claimed && (others || len(mine) > 1):
		return found, unclear, nil
	}
	if ok, err := c.claim(ctx, mine[0].ID, e.Attempt); err != nil || !ok {
		return found, unclear, err
	}
	return mine[0], one, nil
}
