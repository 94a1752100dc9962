package idempotency

import (
	"bytes"
	"context"
	"errors"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

var (
	errTaken      = errors.New("idempotency: another call has taken over")
	errStoreDown  = errors.New("idempotency: the store cannot be reached")
	errStoreReset = errors.New("idempotency: the store lost its data")
	errQueued     = errors.New("idempotency: another operation of this tenant with the same fingerprint is in flight")
	errLate       = errors.New("idempotency: it took too long to find out whether this is a retransmission")
)

// lateAfter is how long a call without a key may take to find out whether an earlier transmission is recorded. That record is
// kept for TraceLife only: a call that was held up for longer, by its process or its store, may have come when it was there
// and look when it is gone. Nothing is done then. So retransmissions are recognized that come within TraceLife less this.
const lateAfter = 10 * time.Second

// Do implements [mcpadapter.Idempotency].
func (m *Guard) Do(ctx context.Context, w mcpadapter.Operation) mcpadapter.Verdict {
	names, ttl := m.operationNames(w)
	c := &call{Guard: m, operation: w, names: names, wait: newBackoff(m.opts.WaitTime, maxBackoff), looked: time.Now().Add(-w.Retransmission.Held)}
	for {
		began := time.Now()
		f, again := c.try(ctx, &entry{name: names[0], keyed: w.Key != "", ttl: ttl, record: record{
			Phase: prepared, Attempt: c.newAttempt(), Replica: m.replica, Tool: w.Tool, Digest: w.Digest[:], Given: bytesOf(w.Given), Begun: m.opts.Now(),
		}})
		if !again {
			return f
		}
		c.looked = began
		if !c.wait.next(ctx) {
			return mcpadapter.Verdict{State: mcpadapter.InProgress, Earlier: true}
		}
	}
}

// call is one Do.
type call struct {
	*Guard
	operation mcpadapter.Operation
	names     []string // of the work's record, the first of them under the secret that is in use
	wait      *backoff
	// looked is when this call came, or when it looked before and found a record.
	looked time.Time

	waitedFor string        // the attempt that this call has seen under way
	since     time.Duration // since when, of the time this call has waited
}

// try makes the work this call's own, or finds out what became of it. again asks for another try after a pause.
func (c *call) try(ctx context.Context, mine *entry) (f mcpadapter.Verdict, again bool) {
	defer c.begin(mine.Attempt)()
	theirs, err := c.find(ctx, mine)
	switch {
	case errors.Is(err, errUnreadable):
		return mcpadapter.Verdict{State: mcpadapter.Indeterminate, Earlier: true}, false
	case errors.Is(err, errLate):
		return c.abort(mine, err), false
	case err != nil:
		return c.storeDown(ctx, mine), false
	case theirs == nil:
		return c.execute(ctx, mine)
	}
	return c.handleExisting(ctx, theirs, mine)
}

// find adds the record of this call, or gives the one that is there.
func (c *call) find(ctx context.Context, mine *entry) (theirs *entry, err error) {
	for _, name := range c.names[1:] {
		theirs, found, err := c.read(ctx, name, mine)
		// What is refused there may be done again here.
		if err != nil || found && (theirs.Phase != refused || c.isAwaited(theirs)) {
			return theirs, err
		}
	}
	for {
		added, err := c.add(ctx, mine)
		if added && !mine.keyed && time.Since(c.looked) > lateAfter {
			err = errLate
		}
		if added || err != nil {
			return nil, err
		}
		theirs, found, err := c.read(ctx, mine.name, mine)
		if found || err != nil {
			return theirs, err
		} // else it was gone by then
	}
}

// isAwaited tells whether this is the end of the very attempt that this call has waited for.
func (c *call) isAwaited(e *entry) bool { return e.Attempt == c.waitedFor }

// isDue tells whether a record is of what this call asks for. The version that made the record may have had another normal
// form than this one: then its digest is this one's former digest, or the arguments are the same as they came.
func (c *call) isDue(e *entry) bool {
	w := &c.operation
	if e.Tool != w.Tool {
		return false
	}
	return bytes.Equal(e.Digest, w.Digest[:]) || isSame(e.Digest, w.Former) || isSame(e.Given, w.Given)
}

// isSame is false for a digest that there is none of.
func isSame(recorded []byte, digest [32]byte) bool {
	return digest != [32]byte{} && bytes.Equal(recorded, digest[:])
}

// bytesOf is nil if there is no digest.
func bytesOf(digest [32]byte) []byte {
	if digest == [32]byte{} {
		return nil
	}
	return digest[:]
}

// handleExisting deals with a record that another call has made.
func (c *call) handleExisting(ctx context.Context, theirs, mine *entry) (f mcpadapter.Verdict, again bool) {
	// What was not done does not bind its key to what was asked for.
	switch {
	case theirs.Phase == refused && c.isAwaited(theirs):
		return replay(theirs), false
	case theirs.Phase == refused, theirs.Phase == prepared && c.isAbandoned(ctx, theirs):
		return c.takeOver(ctx, theirs, mine)
	case !c.isDue(theirs):
		return mcpadapter.Verdict{State: mcpadapter.KeyReused, At: theirs.Begun, Earlier: true}, false
	case theirs.Phase == done:
		return replay(theirs), false
	case theirs.Phase == prepared, theirs.Phase == committed && c.alive(ctx, theirs.Attempt, theirs.Replica, theirs.Begun):
		if c.waitedFor != theirs.Attempt {
			c.waitedFor, c.since = theirs.Attempt, c.wait.spent()
		}
		return f, true
	}
	if !bytes.Equal(theirs.Digest, c.operation.Digest[:]) { // its fingerprint is another one too, under which others may look for the same
		return mcpadapter.Verdict{State: mcpadapter.Indeterminate, At: theirs.Begun, Earlier: true}, false
	}
	f = c.reconcile(ctx, theirs)
	f.Earlier = true
	if f.State == mcpadapter.NotFoundYet && c.opts.RetryAbsent && c.operation.Key != "" {
		return c.takeOver(ctx, theirs, mine)
	}
	return f, false
}

func replay(e *entry) mcpadapter.Verdict {
	return mcpadapter.Verdict{State: mcpadapter.Replayed, Result: e.Answer.result(), At: e.Begun, Earlier: true}
}

// isAbandoned tells whether what is only prepared may be taken over: its owner is gone, or has been at it for so long that it
// must be stuck.
func (c *call) isAbandoned(ctx context.Context, e *entry) bool {
	stuck := c.waitedFor == e.Attempt && c.wait.spent()-c.since >= c.opts.TakeoverTime
	return stuck || !c.alive(ctx, e.Attempt, e.Replica, e.Begun)
}

// takeOver makes a record this call's own in which nothing was done, or may be done again.
func (c *call) takeOver(ctx context.Context, theirs, mine *entry) (f mcpadapter.Verdict, again bool) {
	before := theirs.record
	changed, err := c.change(ctx, theirs, mine.record)
	switch {
	case err != nil:
		theirs.record = mine.record // perhaps
		return c.storeDown(ctx, theirs), false
	case !changed:
		return f, true
	}
	switch before.Phase {
	case prepared, refused: // nothing was done in that attempt, and now nothing can be
		c.write(ctx, func(ctx context.Context) error { return c.releaseAll(ctx, before.Attempt, nil, nil) })
	case committed, unknown:
		before.Phase = unknown
		theirs.replaced = &before
	}
	return c.execute(ctx, theirs)
}
