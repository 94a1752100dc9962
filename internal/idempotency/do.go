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

// lateAfter is how long a call without a key may take to find out whether an earlier transmission
// is recorded. That record is kept for RetransmissionLife only: a call that was held up for longer,
// by its process or its store, may have come when it was there and look when it is gone. Nothing is
// done then. So retransmissions are recognized that come within RetransmissionLife less this.
const lateAfter = 10 * time.Second

// Begin implements [mcpadapter.Idempotency].
func (m *Guard) Begin(w mcpadapter.Operation) mcpadapter.Execution {
	names, ttl := m.operationNames(w)
	return &call{
		Guard: m, operation: w, names: names, ttl: ttl, wait: newBackoff(m.opts.WaitTime, maxBackoff),
		looked: time.Now().Add(-w.Retransmission.Held), step: try,
	}
}

// step is what a call does next.
type step int

const (
	again   step = iota // try after a pause
	try                 // make the operation this call's own, or find out what became of it
	attempt             // whoever makes the attempt has to say what came of it
	over                // the verdict is known
)

// call is the way of one call to its operation. It implements [mcpadapter.Execution].
type call struct {
	*Guard
	operation mcpadapter.Operation
	names     []string // of the operation's record, the first of them under the secret that is in use
	ttl       time.Duration
	wait      *backoff
	// looked is when this call came, or when it looked before and found a record; began is when it
	// looked last.
	looked, began time.Time

	waitedFor string        // the attempt that this call has seen under way
	since     time.Duration // since when, of the time this call has waited

	step    step
	verdict mcpadapter.Verdict // if it is over
	tried   own                // the attempt that this call makes
}

// Next implements [mcpadapter.Execution].
func (c *call) Next(ctx context.Context) bool {
	for c.step == again || c.step == try {
		if c.step == again {
			c.looked = c.began
			if !c.wait.next(ctx) {
				c.verdict, c.step = mcpadapter.Verdict{State: mcpadapter.InProgress, Earlier: true}, over
				break
			}
		}
		c.began = time.Now()
		mine := &entry{name: c.names[0], keyed: c.operation.Key != "", ttl: c.ttl, record: record{
			Phase: prepared, Attempt: c.newAttempt(), Replica: c.replica, Tool: c.operation.Tool, Digest: c.operation.Digest[:],
			Given: bytesOf(c.operation.Given), Begun: c.opts.Now(),
		}}
		c.tried = own{end: c.begin(mine.Attempt)}
		if c.verdict, c.step = c.try(ctx, mine); c.step != attempt {
			c.End()
		}
	}
	return c.step == attempt
}

// Verdict implements [mcpadapter.Execution].
func (c *call) Verdict() mcpadapter.Verdict { return c.verdict }

// try makes the operation this call's own, or finds out what became of it.
func (c *call) try(ctx context.Context, mine *entry) (mcpadapter.Verdict, step) {
	theirs, err := c.find(ctx, mine)
	switch {
	case errors.Is(err, errUnreadable):
		return mcpadapter.Verdict{State: mcpadapter.Indeterminate, Earlier: true}, over
	case errors.Is(err, errLate):
		return c.abort(mine, err), over
	case err != nil:
		return c.storeDown(ctx, mine)
	case theirs == nil:
		return c.prepare(ctx, mine)
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

// isDue tells whether a record is of what this call asks for. The version that made the record may
// have had another normal form than this one: then its digest is this one's former digest, or the
// arguments are the same as they came.
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

// bytesOf returns the bytes of a digest, nil for the zero digest.
func bytesOf(digest [32]byte) []byte {
	if digest == [32]byte{} {
		return nil
	}
	return digest[:]
}

// handleExisting deals with a record that another call has made.
func (c *call) handleExisting(ctx context.Context, theirs, mine *entry) (mcpadapter.Verdict, step) {
	// What was not done does not bind its key to what was asked for.
	switch {
	case theirs.Phase == refused && c.isAwaited(theirs):
		return replay(theirs), over
	case theirs.Phase == refused, theirs.Phase == prepared && c.isAbandoned(ctx, theirs):
		return c.takeOver(ctx, theirs, mine)
	case !c.isDue(theirs):
		return mcpadapter.Verdict{State: mcpadapter.KeyReused, At: theirs.Begun, Earlier: true}, over
	case theirs.Phase == done:
		return replay(theirs), over
	case theirs.Phase == prepared, theirs.Phase == committed && c.alive(ctx, theirs.Attempt, theirs.Replica, theirs.Begun):
		if c.waitedFor != theirs.Attempt {
			c.waitedFor, c.since = theirs.Attempt, c.wait.spent()
		}
		return mcpadapter.Verdict{}, again
	}
	if c.hasMoved(ctx, theirs, mine) {
		return mcpadapter.Verdict{}, again
	}
	if !bytes.Equal(theirs.Digest, c.operation.Digest[:]) { // its fingerprint is another one too, under which others may look for the same
		return mcpadapter.Verdict{State: mcpadapter.Indeterminate, At: theirs.Begun, Earlier: true}, over
	}
	f := c.reconcile(ctx, theirs)
	f.Earlier = true
	if f.State == mcpadapter.NotFoundYet && c.opts.RetryAbsent && c.operation.Key != "" {
		return c.takeOver(ctx, theirs, mine)
	}
	return f, over
}

// hasMoved tells whether a committed record has been concluded since it was read: its owner may
// have ended in between, which is not an end without an answer. If the store does not tell, what
// was read counts.
func (c *call) hasMoved(ctx context.Context, theirs, mine *entry) bool {
	if theirs.Phase != committed {
		return false
	}
	now, found, err := c.read(ctx, theirs.name, mine)
	return err == nil && (!found || now.Phase != committed || now.Attempt != theirs.Attempt)
}

func replay(e *entry) mcpadapter.Verdict {
	return mcpadapter.Verdict{State: mcpadapter.Replayed, Result: e.Answer.result(), At: e.Begun, Earlier: true}
}

// isAbandoned tells whether what is only prepared may be taken over: its owner is gone, or has been
// at it for so long that it must be stuck.
func (c *call) isAbandoned(ctx context.Context, e *entry) bool {
	stuck := c.waitedFor == e.Attempt && c.wait.spent()-c.since >= c.opts.TakeoverTime
	return stuck || !c.alive(ctx, e.Attempt, e.Replica, e.Begun)
}

// takeOver makes a record this call's own in which nothing was done, or may be done again.
func (c *call) takeOver(ctx context.Context, theirs, mine *entry) (mcpadapter.Verdict, step) {
	before := theirs.record
	changed, err := c.change(ctx, theirs, mine.record)
	switch {
	case err != nil:
		theirs.record = mine.record // perhaps
		return c.storeDown(ctx, theirs)
	case !changed:
		return mcpadapter.Verdict{}, again
	}
	switch before.Phase {
	case prepared, refused: // nothing was done in that attempt, and now nothing can be
		c.write(ctx, func(ctx context.Context) error { return c.releaseAll(ctx, before.Attempt, nil, nil) })
	case committed, unknown:
		before.Phase = unknown
		theirs.replaced = &before
	}
	return c.prepare(ctx, theirs)
}
