package once

import (
	"context"
	"errors"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// own does the work, whose record is this call's.
func (c *call) own(ctx context.Context, e *entry) (f mcpadapter.Finding, again bool) {
	// The record is there. It is changed only where it is, so whatever the memory loses from now on, this attempt is not
	// committed after it; and what was lost before is found out by asking at any time before the commit.
	permit := beside(func() error { return c.permit(ctx) })
	defer func() { _ = permit() }()

	switch sole, err := c.isSole(ctx, e); {
	case err != nil:
		return c.outage(ctx, e), false
	case !sole:
		c.write(ctx, func(ctx context.Context) error { return c.withdraw(ctx, e) })
		return f, true
	}
	if c.work.Likeness != [32]byte{} {
		err := c.acquire(ctx, e)
		if err == nil {
			e.open, err = c.noteOpen(ctx, e.Attempt)
		}
		switch {
		case errors.Is(err, errNoTurn):
			return c.notBegun(e, errors.Join(permit(), errNoTurn)), false
		case err != nil:
			return c.outage(ctx, e), false
		}
	}
	var failed error
	tried := false
	made := c.work.Attempt(ctx, func(ctx context.Context) error {
		tried = true
		failed = c.commit(ctx, e, permit)
		return failed
	})
	switch {
	case !tried && made.Outcome == clerkapi.NotDone && ctx.Err() != nil: // which is no answer for those who wait still
		c.write(ctx, func(ctx context.Context) error { return c.withdraw(ctx, e) })
		return mcpadapter.Finding{State: mcpadapter.StateKnown, Result: made.Result, At: e.Begun}, false
	case !tried || failed == nil:
		return c.finish(ctx, e, made), false
	case errors.Is(failed, errTaken):
		c.later(func(ctx context.Context) error { return c.leave(ctx, e) })
		return f, true
	}
	return c.notBegun(e, failed), false
}

// notBegun gives up a work, and says why.
func (c *call) notBegun(e *entry, why error) mcpadapter.Finding {
	c.later(func(ctx context.Context) error { return c.withdraw(ctx, e) })
	switch {
	case errors.Is(why, errLost):
		return mcpadapter.Finding{State: mcpadapter.StateMemoryLost, At: c.lostAt()}
	case errors.Is(why, errNoMemory), !errors.Is(why, errNoTurn):
		return mcpadapter.Finding{State: mcpadapter.StateNoMemory}
	}
	return mcpadapter.Finding{State: mcpadapter.StateQueued}
}

// permit tells whether the memory is such that this work may be done.
func (c *call) permit(ctx context.Context) error {
	lost, err := c.checkEpoch(ctx)
	if err == nil && c.work.Key != "" {
		lost, err = c.outlast(ctx, lost)
	}
	switch {
	case err != nil:
		return errNoMemory
	case lost && c.work.Key != "" && !c.opts.SendOnLoss:
		return errLost
	}
	return nil
}

// commit is the last thing before the work is done: from here on it is this attempt's alone.
func (c *call) commit(ctx context.Context, e *entry, permit func() error) error {
	err := permit()
	if err != nil && !errors.Is(err, errNoMemory) {
		return err
	}
	r := e.record
	r.Phase, r.Begun = committed, c.opts.Now()
	changed := false
	if err == nil {
		changed, err = c.change(ctx, e, r)
	}
	switch {
	case err != nil && c.mayForget(ctx):
		e.record = r // perhaps
	case err != nil:
		return errNoMemory
	case !changed:
		return errTaken
	}
	return nil
}

// finish notes what came of the attempt and tells of it.
func (c *call) finish(ctx context.Context, e *entry, made mcpadapter.Made) mcpadapter.Finding {
	r := e.record
	f := mcpadapter.Finding{State: mcpadapter.StateKnown, Result: made.Result, At: e.Begun}
	switch made.Outcome {
	case clerkapi.Done:
		r.Phase, r.Answer = done, answerOf(made.Result)
	case clerkapi.NotDone:
		if r.Phase, r.Answer = refused, answerOf(made.Result); e.before != nil {
			r = *e.before
		}
	default:
		r.Phase = unknown
		c.write(ctx, func(ctx context.Context) error { return c.concludeUnknown(ctx, e, r) })
		f.State = mcpadapter.StateUndecided
		if e.open != nil { // else others did not know of it, nor it of them
			f = c.settle(ctx, e)
		}
		if f.State != mcpadapter.StateSettled {
			f.Result = made.Result
		}
		return f
	}
	c.write(ctx, func(ctx context.Context) error { return c.conclude(ctx, e, r, made.ID) })
	return f
}

// outage is for a work whose record, of which the store may have this or nothing, cannot be reached.
func (c *call) outage(ctx context.Context, e *entry) mcpadapter.Finding {
	if !c.mayForget(ctx) {
		return c.notBegun(e, errNoMemory)
	}
	e.Begun = c.opts.Now()
	return c.finish(ctx, e, c.work.Attempt(ctx, func(context.Context) error { return nil }))
}

// mayForget tells whether the work may be done even if it cannot be remembered.
func (c *call) mayForget(ctx context.Context) bool {
	return c.work.Key == "" && c.opts.SendOnOutage && ctx.Err() == nil
}

// isSole makes sure that nobody does this work under a name of another secret. While replicas differ in which one is in
// use, two may have made a record of it, each under its own name. Each then looks for the other's, so at least one of them
// sees both and gives way. If both do, they try again, hardly at the same time.
func (c *call) isSole(ctx context.Context, e *entry) (sole bool, err error) {
	for _, name := range c.names {
		if name == e.name {
			continue
		}
		theirs, found, err := c.read(ctx, name, e)
		if err != nil || found && theirs.Phase != refused {
			return false, err
		}
	}
	return true, nil
}
