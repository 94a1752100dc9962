package once

import (
	"context"
	"crypto/rand"
	"time"
)

// epoch is one life of the memory: as long as the store keeps what it was given.
type epoch struct {
	ID string `json:"id"`
	// Born is when a process found the store empty, Lost when one did that had known another epoch.
	Born time.Time `json:"born"`
	Lost time.Time `json:"lost,omitzero"`
}

const (
	epochName = "epoch"
	epochLife = 90 * 24 * time.Hour
	// lostName is there for as long as keys of before a loss may be missed. The store measures that, since the clock of the
	// process that noticed may be wrong.
	lostName = "lost"
)

// checkEpoch compares the store's memory with what this process knows, and tells whether it was lost so lately that keys of
// before may be missed.
func (m *Memory) checkEpoch(ctx context.Context) (lost bool, err error) {
	for {
		e, raw, found, err := m.readEpoch(ctx)
		if err != nil {
			return false, err
		}
		m.mu.Lock()
		known := m.known
		m.mu.Unlock()
		now := m.opts.Now().UTC().Round(0) // as it will be read
		if gone := !found || known.ID != e.ID && e.Lost.IsZero(); gone && known.ID != "" {
			if _, _, err := m.opts.Epoch.Swap(ctx, lostName, []byte{1}, m.opts.KeyLife); err != nil {
				return false, err
			}
		}
		switch {
		case !found:
			e = epoch{ID: rand.Text(), Born: now}
			if known.ID != "" {
				e.Lost = now
			}
			added, err := m.opts.Epoch.Add(ctx, epochName, m.seal(epochName, e), epochLife)
			if err != nil {
				return false, err
			}
			if !added {
				continue
			}
			m.learn(e)
		case known.ID != "" && known.ID != e.ID && e.Lost.IsZero():
			e.Lost = now
			replaced, err := m.opts.Epoch.Replace(ctx, epochName, raw, m.seal(epochName, e), epochLife)
			if err != nil {
				return false, err
			}
			if !replaced {
				continue
			}
			m.learn(e)
		case known != e:
			m.learn(e)
		}
		if e.Lost.IsZero() {
			return false, nil
		}
		_, lost, err = m.opts.Epoch.Get(ctx, lostName)
		return lost, err
	}
}

func (m *Memory) readEpoch(ctx context.Context) (e epoch, raw []byte, found bool, err error) {
	raw, found, err = m.opts.Epoch.Get(ctx, epochName)
	if err != nil || !found {
		return e, raw, false, err
	}
	if m.unseal(epochName, raw, &e) != nil {
		e = epoch{ID: "unreadable"} // by another secret: there is a memory, and it was not lost
	}
	return e, raw, true, nil
}

// learn takes an epoch for the present one. If it is new, and the first that this process knows, then another process may
// still say that there was one before: see [Memory.probation].
func (m *Memory) learn(e epoch) {
	m.mu.Lock()
	young := m.opts.Now().Sub(e.Born).Abs() < m.opts.Margin
	if m.known.ID == "" && young && e.Lost.IsZero() && !m.opts.Own {
		m.doubtful = time.Now().Add(2 * m.opts.Heartbeat)
	}
	lost := !e.Lost.IsZero() && m.known.Lost != e.Lost
	m.known = e
	m.mu.Unlock()
	if lost {
		m.opts.OnLoss()
	}
}

// probation waits until those who knew another epoch have had the time to say so, and tells whether it had to.
func (m *Memory) probation(ctx context.Context) (waited bool) {
	m.mu.Lock()
	wait := time.Until(m.doubtful)
	m.mu.Unlock()
	if wait <= 0 {
		return false
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
	return true
}

// lostAt is when the memory was lost, zero if it was not.
func (m *Memory) lostAt() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.known.Lost
}

// Run shows the other replicas that this one lives, and watches that the memory is not lost, until ctx ends.
func (m *Memory) Run(ctx context.Context) {
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

func (m *Memory) beat(ctx context.Context) {
	const lifeInBeats = 5
	_, _, _ = m.opts.Replicas.Swap(ctx, m.replica, []byte{1}, lifeInBeats*m.opts.Heartbeat) // the next one will do
	_, _ = m.checkEpoch(ctx)
}

// keepEpoch has the epoch last from now on.
func (m *Memory) keepEpoch(ctx context.Context) bool {
	_, raw, found, err := m.readEpoch(ctx)
	if err != nil || !found {
		return false
	}
	kept, err := m.opts.Epoch.Replace(ctx, epochName, raw, raw, epochLife)
	return err == nil && kept
}
