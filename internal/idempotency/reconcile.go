package idempotency

import (
	"context"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// reconcile finds out what became of an attempt that had no answer. It never executes the
// operation.
func (c *call) reconcile(ctx context.Context, e *entry) mcpadapter.Verdict {
	f := mcpadapter.Verdict{State: mcpadapter.Indeterminate, At: e.Begun}
	if c.operation.Search == nil || c.operation.Fingerprint == [32]byte{} {
		return f
	}
	since := e.Begun.Add(-c.opts.Margin)
	lost, err := c.checkEpoch(ctx)
	if err == nil {
		lost, err = c.waitForObjections(ctx, lost)
	}
	if err != nil || lost {
		return f // claims are gone, and by the clocks nobody can be sure which
	}
	ctx, cancel := context.WithTimeout(ctx, c.opts.ReconcileTime+lastSearch)
	defer cancel()
	wait := newBackoff(c.opts.ReconcileTime, maxSearchBackoff)
	for {
		switch found, seen, err := c.search(ctx, e, since); {
		case err != nil: // whatever was known before stands
		case seen == matchOne:
			r := e.record
			r.Phase, r.Answer = done, answerOf(found.Result)
			c.write(ctx, func(ctx context.Context) error { return c.conclude(ctx, e, r, found.ID) })
			f.State, f.Result = mcpadapter.Reconciled, found.Result
			return f
		case seen == matchNone:
			f.State = mcpadapter.NotFoundYet
		case seen == matchUnclear:
			f.State = mcpadapter.Indeterminate
		}
		if !wait.next(ctx) {
			return f
		}
	}
}

// lastSearch is for the search that begins when the time for searching ends.
const lastSearch = 2 * time.Second

// match is what a search found.
type match int

const (
	matchNone    match = iota // nothing that could be it
	matchOne                  // it, and nothing else that it could be
	matchUnclear              // something that could be it, or another's
)

// search searches, and claims what can only be this attempt's. The order matters, whoever the
// others are and whether they wait for this one or not: each is noted as open before it makes
// anything, and claims what it made before it is not open any more. So what was seen, then found
// unclaimed, and then had no other attempt open, is this one's; and if another claimed it between
// the two reads, the claim here fails.
func (c *call) search(ctx context.Context, e *entry, since time.Time) (found mcpadapter.Match, what match, err error) {
	sightings, err := c.operation.Search(ctx, since)
	if err != nil {
		return found, matchUnclear, err
	}
	var mine []mcpadapter.Match
	claimed := false
	for _, s := range sightings {
		switch owner, err := c.claimant(ctx, s.ID, e.Attempt); {
		case err != nil:
			return found, matchUnclear, err
		case owner == e.Attempt && !claimed: // by who looked before, and found nothing else
			mine, claimed = []mcpadapter.Match{s}, true
		case owner == "" && !claimed:
			mine = append(mine, s)
		}
	}
	others, err := c.others(ctx, e.Attempt)
	if err != nil {
		return found, matchUnclear, err
	}
	// What was read is worth nothing if the store lost data meanwhile.
	if lost, err := c.checkEpoch(ctx); err != nil || lost {
		return found, matchUnclear, err
	}
	switch {
	case len(mine) == 0:
		return found, matchNone, nil
	case !claimed && (others || len(mine) > 1):
		return found, matchUnclear, nil
	}
	if ok, err := c.claim(ctx, mine[0].ID, e.Attempt); err != nil || !ok {
		return found, matchUnclear, err
	}
	return mine[0], matchOne, nil
}
