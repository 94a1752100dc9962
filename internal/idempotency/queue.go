package idempotency

import (
	"context"
	"errors"
	"time"
)

// Identical messages are sent one at a time: operations of one fingerprint and tenant are executed
// one after another. The queue is for order alone: whether an answer that was lost can be
// reconciled rests on open attempts and claims, which are the deployment's. So a queue that cannot
// be read, or that was lost, keeps nobody waiting and makes nothing wrong; one that does not answer
// keeps operations from being executed, like every part of the store.

// holder is the attempt that is in flight.
type holder struct {
	Attempt string    `json:"a"`
	Replica string    `json:"r"`
	Since   time.Time `json:"s"`
}

// queue is a tenant's queue of a fingerprint, as in the store.
type queue struct {
	name   string
	raw    []byte // nil if nobody is in flight
	holder holder
}

func (m *Guard) readQueue(ctx context.Context, name string) (*queue, error) {
	raw, found, err := m.opts.Queues.Get(ctx, name)
	if err != nil {
		return nil, err
	}
	q := &queue{name: name}
	if found {
		q.raw = raw
		if m.unseal(name, raw, &q.holder) != nil {
			q.holder = holder{}
		}
	}
	return q, nil
}

// acquire waits until no other operation of this queue is in flight, and then holds the queue for
// this one.
func (c *call) acquire(ctx context.Context, e *entry) error {
	names := c.queueNames(c.operation)
	wait := newBackoff(c.opts.QueueTime, maxBackoff)
	for look := len(names) > 1; ; look = true {
		q, busy := &queue{name: names[0]}, false // most find nobody: try before looking
		if look {
			var err error
			if q, busy, err = c.inFlight(ctx, names, e.Attempt); err != nil {
				return err
			}
		}
		if !busy {
			switch held, err := c.hold(ctx, q, e.Attempt); {
			case err != nil:
				return err
			case held:
				e.queue = q
				return nil
			}
		}
		if look && !wait.next(ctx) {
			return errQueued
		}
	}
}

// inFlight reads the queue under all its names, and tells whether another attempt is in flight. It
// gives the one under the secret that is in use. Replicas that differ in which one that is may both
// find nobody, and go at once.
func (c *call) inFlight(ctx context.Context, names []string, attempt string) (own *queue, busy bool, err error) {
	for i, name := range names {
		q, err := c.readQueue(ctx, name)
		if err != nil {
			return nil, false, err
		}
		if i == 0 {
			own = q
		}
		h := q.holder
		busy = busy || h.Attempt != "" && h.Attempt != attempt && c.alive(ctx, h.Attempt, h.Replica, h.Since)
	}
	return own, busy, nil
}

// hold is compare-and-set.
func (c *call) hold(ctx context.Context, q *queue, attempt string) (held bool, err error) {
	h := holder{Attempt: attempt, Replica: c.replica, Since: c.opts.Now()}
	raw := c.seal(q.name, h)
	if q.raw == nil {
		held, err = c.opts.Queues.SetNX(ctx, q.name, raw, c.opts.Attempt)
	} else {
		held, err = c.opts.Queues.CompareAndSwap(ctx, q.name, q.raw, raw, c.opts.Attempt)
	}
	if err == nil && held {
		q.raw, q.holder = raw, h
	}
	return held, err
}

// releaseQueue lets the next one go. held is the queue as the attempt holds it, nil if that is not
// known. Whoever took over from an attempt that seemed to be dead keeps the queue.
func (c *call) releaseQueue(ctx context.Context, attempt string, held *queue) error {
	if held != nil {
		return c.free(ctx, held)
	}
	for _, name := range c.queueNames(c.operation) {
		q, err := c.readQueue(ctx, name)
		if err != nil {
			return err
		}
		if q.holder.Attempt != attempt {
			continue
		}
		if err := c.free(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// free has nobody in flight, unless the queue has changed since it was read.
func (c *call) free(ctx context.Context, q *queue) error {
	_, err := c.opts.Queues.CompareAndSwap(ctx, q.name, q.raw, c.seal(q.name, holder{}), time.Millisecond)
	return err
}

// release says that nothing of this attempt is open or in flight any more.
func (c *call) release(ctx context.Context, e *entry) error {
	return c.releaseAll(ctx, e.Attempt, e.queue, e.open)
}

// releaseAll is release for an attempt that another call may have made.
func (c *call) releaseAll(ctx context.Context, attempt string, held *queue, noted *list) error {
	if c.operation.Fingerprint == [32]byte{} {
		return nil
	}
	released := async(func() error { return c.releaseQueue(ctx, attempt, held) })
	return errors.Join(c.closeOpen(ctx, attempt, noted), released())
}
