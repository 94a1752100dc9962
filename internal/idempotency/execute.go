package idempotency

import (
	"context"
	"errors"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// own is an attempt that a call makes itself.
type own struct {
	entry  *entry
	permit func() error // asks the store for the last time, nil if it was not asked
	end    func()       // the attempt is not under way any more

	// unrecorded says that the attempt is made though the store is down.
	unrecorded bool

	// committing says that the request was about to be made, and failed why it must not be.
	committing bool
	failed     error
}

// prepare has this call, whose record it is by now, make the attempt.
func (c *call) prepare(ctx context.Context, e *entry) (mcpadapter.Verdict, step) {
	// The record is there. It is changed only where it is, so whatever the memory loses from now
	// on, this attempt is not committed after it; and what was lost before is found out by asking
	// at any time before the commit.
	permit := async(func() error { return c.permit(ctx) })
	c.tried.entry, c.tried.permit = e, permit

	switch sole, err := c.noConflict(ctx, e); {
	case err != nil:
		return c.storeDown(ctx, e)
	case !sole:
		c.write(ctx, func(ctx context.Context) error { return c.withdraw(ctx, e) })
		return mcpadapter.Verdict{}, again
	}
	if c.operation.Fingerprint != [32]byte{} {
		err := c.acquire(ctx, e)
		if err == nil {
			e.open, err = c.noteOpen(ctx, e.Attempt)
		}
		switch {
		case errors.Is(err, errQueued):
			return c.abort(e, errors.Join(permit(), errQueued)), over
		case err != nil:
			return c.storeDown(ctx, e)
		}
	}
	return mcpadapter.Verdict{}, attempt
}

// Commit implements [mcpadapter.Execution].
func (c *call) Commit(ctx context.Context) error {
	t := &c.tried
	t.committing = true
	if !t.unrecorded {
		t.failed = c.commit(ctx, t.entry, t.permit)
	}
	return t.failed
}

// Finish implements [mcpadapter.Execution].
func (c *call) Finish(ctx context.Context, made mcpadapter.Attempted) {
	defer c.End()
	t, e := &c.tried, c.tried.entry
	c.step = over
	switch {
	case t.unrecorded:
		c.verdict = c.finish(ctx, e, made)
	case made.Outcome == clerkapi.NotDone && (made.Canceled || !t.committing && ctx.Err() != nil): // which is not an answer for those who wait still
		c.write(ctx, func(ctx context.Context) error { return c.withdraw(ctx, e) })
		c.verdict = mcpadapter.Verdict{State: mcpadapter.Executed, Result: made.Result, At: e.Begun}
	case !t.committing || t.failed == nil:
		c.verdict = c.finish(ctx, e, made)
	case errors.Is(t.failed, errTaken):
		c.enqueue(func(ctx context.Context) error { return c.release(ctx, e) })
		c.step = again
	default:
		c.verdict = c.abort(e, t.failed)
	}
}

// End implements [mcpadapter.Execution].
func (c *call) End() {
	t := c.tried
	c.tried = own{}
	if t.permit != nil {
		_ = t.permit()
	}
	if t.end != nil {
		t.end()
	}
}

// abort gives up an operation, and says why.
func (c *call) abort(e *entry, why error) mcpadapter.Verdict {
	c.enqueue(func(ctx context.Context) error { return c.withdraw(ctx, e) })
	switch {
	case errors.Is(why, errStoreReset):
		return mcpadapter.Verdict{State: mcpadapter.StoreReset, At: c.lostAt()}
	case errors.Is(why, errStoreDown), !errors.Is(why, errQueued):
		return mcpadapter.Verdict{State: mcpadapter.StoreDown}
	}
	return mcpadapter.Verdict{State: mcpadapter.Queued}
}

// permit tells whether the store, as far as it kept its data, lets this operation be executed.
func (c *call) permit(ctx context.Context) error {
	lost, err := c.checkEpoch(ctx)
	if err == nil && c.operation.Key != "" {
		lost, err = c.waitForObjections(ctx, lost)
	}
	switch {
	case err != nil:
		return errStoreDown
	case lost && c.operation.Key != "" && !c.opts.ExecuteOnLoss:
		return errStoreReset
	}
	return nil
}

// commit is the last thing before the operation is executed: from here on it is this attempt's
// alone.
func (c *call) commit(ctx context.Context, e *entry, permit func() error) error {
	err := permit()
	if err != nil && !errors.Is(err, errStoreDown) {
		return err
	}
	r := e.record
	r.Phase, r.Begun = committed, c.opts.Now()
	changed := false
	if err == nil {
		changed, err = c.change(ctx, e, r)
	}
	switch {
	case err != nil && c.mayReplace(ctx):
		e.record = r // perhaps
	case err != nil:
		return errStoreDown
	case !changed:
		return errTaken
	}
	return nil
}

// finish notes what came of the attempt and tells of it.
func (c *call) finish(ctx context.Context, e *entry, made mcpadapter.Attempted) mcpadapter.Verdict {
	r := e.record
	f := mcpadapter.Verdict{State: mcpadapter.Executed, Result: made.Result, At: e.Begun}
	switch made.Outcome {
	case clerkapi.Done:
		r.Phase, r.Answer = done, answerOf(made.Result)
	case clerkapi.NotDone:
		if r.Phase, r.Answer = refused, answerOf(made.Result); e.replaced != nil {
			r = *e.replaced
		}
	default:
		r.Phase = unknown
		c.write(ctx, func(ctx context.Context) error { return c.concludeUnknown(ctx, e, r) })
		f.State = mcpadapter.Indeterminate
		if e.open != nil { // else others did not know of it, nor it of them
			f = c.reconcile(ctx, e)
		}
		if f.State != mcpadapter.Reconciled {
			f.Result = made.Result
		}
		return f
	}
	c.write(ctx, func(ctx context.Context) error { return c.conclude(ctx, e, r, made.ID) })
	return f
}

// storeDown is for a work whose record, of which the store may have this or nothing, cannot be
// reached.
func (c *call) storeDown(ctx context.Context, e *entry) (mcpadapter.Verdict, step) {
	if !c.mayReplace(ctx) {
		return c.abort(e, errStoreDown), over
	}
	e.Begun = c.opts.Now()
	c.tried.entry, c.tried.unrecorded = e, true
	return mcpadapter.Verdict{}, attempt
}

// mayReplace tells whether the operation may be executed even without a record.
func (c *call) mayReplace(ctx context.Context) bool {
	return c.operation.Key == "" && c.opts.ExecuteOnOutage && ctx.Err() == nil
}

// noConflict makes sure that nobody executes this operation under a name of another secret. While
// replicas differ in which one is in use, two may have made a record of it, each under its own
// name. Each then looks for the other's, so at least one of them sees both and gives way. If both
// do, they try again, hardly at the same time.
func (c *call) noConflict(ctx context.Context, e *entry) (sole bool, err error) {
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
