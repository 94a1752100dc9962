package once

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

var (
	errTaken    = errors.New("once: another call has taken over")
	errNoMemory = errors.New("once: the store cannot be reached")
	errLost     = errors.New("once: the memory was lost")
	errNoTurn   = errors.New("once: another work of this likeness is under way")
)

// Do implements [mcpadapter.Once].
func (m *Memory) Do(ctx context.Context, w mcpadapter.Work) mcpadapter.Finding {
	names, ttl := m.workNames(w)
	c := &call{Memory: m, work: w, wait: newPatience(m.opts.Patience)}
	for {
		mine := &entry{name: names[0], keyed: w.Key != "", ttl: ttl, record: record{
			Phase: prepared, Attempt: rand.Text(), Replica: m.replica, Tool: w.Tool, Digest: w.Digest[:], Begun: m.opts.Now(),
		}}
		end := m.begin(mine.Attempt)
		f, again := c.try(ctx, names, mine)
		end()
		if !again {
			return f
		}
		if f, over := c.pause(ctx); over {
			return f
		}
	}
}

// call is one Do.
type call struct {
	*Memory
	work mcpadapter.Work
	wait *patience

	waitedFor string        // the attempt that this call has seen under way
	since     time.Duration // since when, of the time this call has waited
}

// try makes the work this call's own, or finds out what became of it. again asks for another try after a pause.
func (c *call) try(ctx context.Context, names []string, mine *entry) (f mcpadapter.Finding, again bool) {
	theirs, found, err := c.find(ctx, names, mine)
	switch {
	case errors.Is(err, errUnreadable):
		return mcpadapter.Finding{State: mcpadapter.StateUndecided, Earlier: true}, false
	case err != nil:
		return c.outage(ctx), false
	case !found:
		return c.own(ctx, mine)
	}
	return c.meet(ctx, theirs, mine)
}

// find adds the record of this call, or gives the one that is there.
func (c *call) find(ctx context.Context, names []string, mine *entry) (theirs *entry, found bool, err error) {
	for _, old := range names[1:] {
		if theirs, found, err = c.read(ctx, old, mine); found || err != nil {
			return theirs, found, err
		}
	}
	added, err := c.add(ctx, mine)
	if err != nil {
		c.later(func(ctx context.Context) error { return c.withdraw(ctx, mine) }) // should it be there
		return nil, false, err
	}
	for !added {
		theirs, found, err = c.read(ctx, mine.name, mine)
		if found || err != nil {
			return theirs, found, err
		}
		if added, err = c.add(ctx, mine); err != nil { // it was gone by then
			return nil, false, err
		}
	}
	return nil, false, nil
}

// meet deals with a record that another call has made.
func (c *call) meet(ctx context.Context, theirs, mine *entry) (f mcpadapter.Finding, again bool) {
	if theirs.Tool != c.work.Tool || string(theirs.Digest) != string(c.work.Digest[:]) {
		return mcpadapter.Finding{State: mcpadapter.StateMismatch, At: theirs.Begun, Earlier: true}, false
	}
	switch theirs.Phase {
	case done:
		return mcpadapter.Finding{State: mcpadapter.StateReplayed, Result: theirs.Result, At: theirs.Begun, Earlier: true}, false
	case refused:
		if theirs.Attempt == c.waitedFor {
			return mcpadapter.Finding{State: mcpadapter.StateReplayed, Result: theirs.Result, At: theirs.Begun, Earlier: true}, false
		}
		return c.takeOver(ctx, theirs, mine)
	case prepared:
		if c.waitedFor != theirs.Attempt {
			c.waitedFor, c.since = theirs.Attempt, c.wait.spent()
		}
		stale := c.wait.spent()-c.since >= c.opts.TakeoverPatience
		if stale || !c.alive(ctx, theirs.Attempt, theirs.Replica, theirs.Begun) {
			return c.takeOver(ctx, theirs, mine)
		}
		return f, true
	case committed:
		c.waitedFor = theirs.Attempt
		if c.alive(ctx, theirs.Attempt, theirs.Replica, theirs.Begun) {
			return f, true
		}
	}
	f = c.settle(ctx, theirs)
	f.Earlier = true
	if f.State == mcpadapter.StateNotSeen && c.opts.ResendAbsent && c.work.Key != "" {
		return c.takeOver(ctx, theirs, mine)
	}
	return f, false
}

// takeOver makes a record this call's own in which nothing was done, or may be done again.
func (c *call) takeOver(ctx context.Context, theirs, mine *entry) (f mcpadapter.Finding, again bool) {
	before := theirs.record
	changed, err := c.change(ctx, theirs, mine.record)
	switch {
	case err != nil:
		return c.outage(ctx), false
	case !changed:
		return f, true
	}
	if before.Phase != unknown && before.Phase != committed {
		// Nothing was done in that attempt, and now nothing can be.
		c.write(ctx, func(ctx context.Context) error { return c.stand(ctx, before.Attempt, false) })
	}
	return c.own(ctx, theirs)
}

// own does the work, whose record is this call's.
func (c *call) own(ctx context.Context, e *entry) (f mcpadapter.Finding, again bool) {
	if c.work.Likeness != [32]byte{} {
		switch err := c.takeTurn(ctx, e); {
		case errors.Is(err, errNoTurn):
			c.later(func(ctx context.Context) error { return c.withdraw(ctx, e) })
			if lost, err := c.checkEpoch(ctx); err == nil && lost && c.work.Key != "" && !c.opts.SendOnLoss {
				return mcpadapter.Finding{State: mcpadapter.StateMemoryLost, At: c.lostAt()}, false
			}
			return mcpadapter.Finding{State: mcpadapter.StateQueued}, false
		case err != nil && ctx.Err() == nil:
			c.later(func(ctx context.Context) error { return c.withdraw(ctx, e) })
			return c.outage(ctx), false
		}
	}
	var failed error
	tried := false
	made := c.work.Attempt(ctx, func(ctx context.Context) error {
		tried = true
		failed = c.commit(ctx, e)
		return failed
	})
	switch {
	case !tried || failed == nil:
		return c.finish(ctx, e, made), false
	case errors.Is(failed, errTaken):
		c.later(func(ctx context.Context) error { return c.leave(ctx, e) })
		return f, true
	}
	c.later(func(ctx context.Context) error { return c.withdraw(ctx, e) })
	if errors.Is(failed, errLost) {
		return mcpadapter.Finding{State: mcpadapter.StateMemoryLost, At: c.lostAt()}, false
	}
	return mcpadapter.Finding{State: mcpadapter.StateNoMemory}, false
}

// commit is the last thing before the work is done: from here on it is this attempt's alone.
func (c *call) commit(ctx context.Context, e *entry) error {
	lost, err := c.checkEpoch(ctx)
	if err == nil && c.work.Key != "" && c.probation(ctx) {
		lost, err = c.checkEpoch(ctx)
	}
	switch {
	case err != nil:
		return errNoMemory
	case lost && c.work.Key != "" && !c.opts.SendOnLoss:
		return errLost
	}
	r := e.record
	r.Phase, r.Begun = committed, c.opts.Now()
	switch changed, err := c.change(ctx, e, r); {
	case err != nil:
		e.Phase = committed // perhaps
		return errNoMemory
	case !changed:
		return errTaken
	}
	return nil
}

// finish notes what came of the attempt and tells of it.
func (c *call) finish(ctx context.Context, e *entry, made mcpadapter.Made) mcpadapter.Finding {
	r := e.record
	r.Result = made.Result
	switch made.Outcome {
	case clerkapi.Done:
		r.Phase = done
	case clerkapi.NotDone:
		r.Phase = refused
	default:
		r.Phase, r.Result = unknown, mcpadapter.Result{}
	}
	known := mcpadapter.Finding{State: mcpadapter.StateKnown, Result: made.Result, At: e.Begun}
	if r.Phase != unknown {
		c.write(ctx, func(ctx context.Context) error { return c.conclude(ctx, e, r, made.ID) })
		return known
	}
	c.write(ctx, func(ctx context.Context) error { return c.concludeUnknown(ctx, e, r) })
	f := c.settle(ctx, e)
	if f.State != mcpadapter.StateSettled {
		f.Result = made.Result
	}
	return f
}

// outage is for a work whose record cannot be reached.
func (c *call) outage(ctx context.Context) mcpadapter.Finding {
	if c.work.Key != "" || !c.opts.SendOnOutage || ctx.Err() != nil {
		return mcpadapter.Finding{State: mcpadapter.StateNoMemory}
	}
	made := c.work.Attempt(ctx, func(context.Context) error { return nil })
	f := mcpadapter.Finding{State: mcpadapter.StateKnown, Result: made.Result, At: c.opts.Now()}
	if made.Outcome == clerkapi.Unknown {
		f.State = mcpadapter.StateUndecided
	}
	return f
}

// pause waits before the next try. over says that this call has waited long enough.
func (c *call) pause(ctx context.Context) (f mcpadapter.Finding, over bool) {
	if c.wait.next(ctx) {
		return f, false
	}
	return mcpadapter.Finding{State: mcpadapter.StateUnderWay, Earlier: true}, true
}
