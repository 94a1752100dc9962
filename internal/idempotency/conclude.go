package idempotency

import (
	"context"
	"errors"
)

// conclude notes the end of an attempt: the answer and who made what was made, and last that
// nothing is open. The order matters: see search.
func (c *call) conclude(ctx context.Context, e *entry, r record, id string) error {
	anonymous := r.Phase == done && id == "" // what it made may be seen, and nobody knows which it is
	claimed := async(func() error {
		if id == "" || c.operation.Fingerprint == [32]byte{} {
			return nil
		}
		_, err := c.claim(ctx, id, e.Attempt)
		return err
	})
	err := errors.Join(c.put(ctx, e, r), claimed())
	switch {
	case err != nil:
		return err
	case anonymous:
		return c.stayOpen(ctx, e)
	}
	return c.release(ctx, e)
}

// concludeUnknown notes that an attempt had no answer.
func (c *call) concludeUnknown(ctx context.Context, e *entry, r record) error {
	return errors.Join(c.stayOpen(ctx, e), c.put(ctx, e, r))
}

// stayOpen lets the next one of the queue go, and has the attempt stay open.
func (c *call) stayOpen(ctx context.Context, e *entry) error {
	if c.operation.Fingerprint == [32]byte{} {
		return nil
	}
	if err := c.keepOpen(ctx, e); err != nil {
		return err
	}
	return c.releaseQueue(ctx, e.Attempt, e.queue)
}

// withdraw notes that an attempt was never made, whatever the store has of it.
func (c *call) withdraw(ctx context.Context, e *entry) error {
	for {
		theirs, found, err := c.read(ctx, e.name, e)
		if err != nil {
			return err
		}
		if !found || theirs.Attempt != e.Attempt || theirs.Phase != prepared && theirs.Phase != committed {
			return c.release(ctx, e)
		}
		theirs.replaced = e.replaced
		changed, err := c.change(ctx, theirs, theirs.beforeAttempt())
		if err != nil {
			return err
		}
		if changed {
			return c.release(ctx, e)
		}
	}
}

// put changes the record of an attempt to what the attempt's owner knows. What another has found
// out meanwhile (what it made) stands; a record that was lost is written again. The entry stays as
// it is: this may be done again.
func (c *call) put(ctx context.Context, e *entry, r record) error {
	for at := *e; ; {
		changed, err := c.change(ctx, &at, r)
		if changed || err != nil {
			return err
		}
		theirs, found, err := c.read(ctx, e.name, e)
		switch {
		case err != nil:
			return err
		case !found:
			lost := &entry{name: e.name, ttl: e.ttl, keyed: e.keyed, record: r}
			if added, err := c.add(ctx, lost); added || err != nil {
				return err
			}
		case theirs.Attempt != e.Attempt || theirs.Phase == done:
			return nil
		default:
			at = *theirs
		}
	}
}
