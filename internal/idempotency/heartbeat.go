package idempotency

import (
	"context"
	"time"
)

// Run writes the heartbeat by which other replicas know that this one is alive, and watches the
// store for data loss, until ctx ends.
func (m *Guard) Run(ctx context.Context) {
	var kept time.Time // when the epoch was last made to last
	for {
		m.beat(ctx)
		if time.Since(kept) > epochLife/100 && m.keepEpoch(ctx) {
			kept = time.Now()
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(m.opts.Heartbeat):
		}
	}
}

// lifeInBeats is for how many beats a heartbeat lasts.
const lifeInBeats = 5

func (m *Guard) beat(ctx context.Context) {
	_, _, _ = m.opts.Replicas.GetSet(ctx, m.replica, []byte{1}, lifeInBeats*m.opts.Heartbeat) // the next one will do
	_, _ = m.checkEpoch(ctx)
}

// begin notes that an attempt of this process is under way.
func (m *Guard) begin(attempt string) (end func()) {
	m.mu.Lock()
	m.active[attempt] = true
	m.mu.Unlock()
	return func() {
		m.mu.Lock()
		delete(m.active, attempt)
		m.mu.Unlock()
	}
}

// alive tells whether the owner of an attempt is alive, so that it may still be under way. It is a
// matter of how long others wait, and a clock may be wrong about it either way.
func (m *Guard) alive(ctx context.Context, attempt, replica string, begun time.Time) bool {
	if replica == m.replica {
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.active[attempt]
	}
	if m.opts.Now().Sub(begun).Abs() > m.opts.Attempt {
		return false
	}
	_, found, err := m.opts.Replicas.Get(ctx, replica)
	return found || err != nil
}
