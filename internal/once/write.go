package once

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// What an attempt came to is written whether its client waits or not, and tried again if the store does not answer: until
// then others look for it, or are told that it is under way.
const (
	writeTime   = 2 * time.Second
	writeTrials = 30
)

// write does something in the store now, or else later.
func (m *Memory) write(ctx context.Context, change func(context.Context) error) {
	now, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTime)
	defer cancel()
	if change(now) != nil {
		m.later(change)
	}
}

// later does something in the store as soon as that is possible, for a minute at most.
func (m *Memory) later(change func(context.Context) error) {
	m.finishing.Go(func() {
		for range writeTrials {
			if m.ended.Err() != nil || change(m.ended) == nil {
				return
			}
			select {
			case <-m.ended.Done():
			case <-time.After(writeTime):
			}
		}
	})
}

// conclude notes the end of an attempt: first who made what was made, then the answer, and last that nothing is open.
func (c *call) conclude(ctx context.Context, e *entry, r record, id string) error {
	if id != "" && c.work.Likeness != [32]byte{} {
		if _, err := c.claim(ctx, id, e.Attempt); err != nil {
			return err
		}
	}
	if err := c.put(ctx, e, r); err != nil {
		return err
	}
	if r.Phase == done && id == "" {
		return c.stand(ctx, e.Attempt, true) // what it made may be seen, and nobody knows which it is
	}
	return c.leave(ctx, e)
}

// concludeUnknown notes that an attempt had no answer.
func (c *call) concludeUnknown(ctx context.Context, e *entry, r record) error {
	if err := c.stand(ctx, e.Attempt, true); err != nil {
		return err
	}
	return c.put(ctx, e, r)
}

// withdraw notes that an attempt was never made, whatever the store has of it.
func (c *call) withdraw(ctx context.Context, e *entry) error {
	theirs, found, err := c.read(ctx, e.name, e)
	if err != nil {
		return err
	}
	if found && theirs.Attempt == e.Attempt && theirs.Phase != refused {
		r := theirs.record
		r.Phase, r.Result, r.Attempt = refused, mcpadapter.Result{}, rand.Text() // nobody waited for this one
		changed, err := c.change(ctx, theirs, r)
		if err != nil {
			return err
		}
		if !changed {
			return c.withdraw(ctx, e)
		}
	}
	return c.leave(ctx, e)
}

// put changes the record of an attempt to what the attempt's owner knows. What another has found out meanwhile (that it is
// unknown, or what it made) gives way to it; a record that was lost is made anew.
func (c *call) put(ctx context.Context, e *entry, r record) error {
	for {
		changed, err := c.change(ctx, e, r)
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
		case theirs.Attempt != r.Attempt || theirs.Phase == done:
			return nil
		default:
			e.record, e.raw = theirs.record, theirs.raw
		}
	}
}
