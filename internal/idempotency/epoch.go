package idempotency

import (
	"context"
	"crypto/rand"
	"time"
)

// epoch is one life of the store, from its first use to data loss.
type epoch struct {
	ID string `json:"id"`
	// Born is when a process found the store empty, Lost when one did that had known another epoch.
	Born time.Time `json:"born"`
	Lost time.Time `json:"lost,omitzero"`
}

const (
	epochName = "epoch"
	epochLife = 90 * 24 * time.Hour
	// lostName is there for as long as keys of before a loss may be missed. The store measures
	// that, since the clock of the process that noticed may be wrong.
	lostName = "lost"
	// youngName is there while those who knew another epoch may not have seen that this one was
	// founded. The store measures that, too.
	youngName = "young"
	// unreadable stands for the id of an epoch that is sealed by a secret that this process does
	// not have.
	unreadable = "unreadable"
)

// epochs is what a process knows of the epochs of its store. Its fields are guarded by the mutex of
// [Guard].
type epochs struct {
	known epoch
	// expired: the lost epoch whose keys have all aged out. reported: the lost epoch already passed
	// to OnLoss.
	expired, reported epoch
	// uncertainUntil is until when another process may say that there was an epoch before.
	uncertainUntil time.Time
}

// checkEpoch compares the store's epoch with the one this process knows, and tells whether data was
// lost so lately that keys of before may be missed.
func (m *Guard) checkEpoch(ctx context.Context) (lost bool, err error) {
	for {
		known := m.present()
		e, raw, found, err := m.readEpoch(ctx)
		switch {
		case err != nil:
			return false, err
		case found && e.ID == unreadable && known.ID != "" && known.ID != unreadable:
			return true, nil // whoever has founded it has other secrets, and does not see what this process remembers
		case found && (known.ID == "" || known.ID == unreadable || e.ID == known.ID || !e.Lost.IsZero()):
			if lost, learnt, err := m.learn(ctx, known, e); learnt || err != nil {
				return lost, err
			}
			continue
		}
		switch e, founded, err := m.found(ctx, known, e, raw); {
		case err != nil:
			return false, err
		case founded:
			if lost, learnt, err := m.learn(ctx, known, e); learnt || err != nil {
				return lost, err
			}
		}
	}
}

func (m *Guard) present() epoch {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.known
}

func (m *Guard) readEpoch(ctx context.Context) (e epoch, raw []byte, found bool, err error) {
	raw, found, err = m.opts.Epoch.Get(ctx, epochName)
	if err != nil || !found {
		return e, nil, false, err
	}
	if m.unseal(epochName, raw, &e) != nil || e.ID == "" {
		e = epoch{ID: unreadable}
	}
	return e, raw, true, nil
}

// found makes an epoch where there is none, or says of one (raw, which another process has made)
// that there was one before. What that is about is in the store before it.
func (m *Guard) found(ctx context.Context, known, e epoch, raw []byte) (_ epoch, founded bool, err error) {
	now := m.opts.Now().UTC().Round(0) // as it will be read
	if raw == nil {
		e = epoch{ID: rand.Text(), Born: now}
	}
	mark, life := youngName, m.opts.Margin
	if known.ID != "" {
		mark, life, e.Lost = lostName, m.opts.KeyLife, now
	}
	if _, _, err = m.opts.Epoch.GetSet(ctx, mark, []byte{1}, life); err != nil {
		return e, false, err
	}
	if raw == nil {
		founded, err = m.opts.Epoch.SetNX(ctx, epochName, m.seal(epochName, e), epochLife)
	} else {
		founded, err = m.opts.Epoch.CompareAndSwap(ctx, epochName, raw, m.seal(epochName, e), epochLife)
	}
	return e, founded, err
}

// learn takes an epoch for the present one, and tells whether it was lost lately. It does not if
// another call of this process has learnt something else meanwhile.
func (m *Guard) learn(ctx context.Context, known, e epoch) (lost, learnt bool, err error) {
	young := false
	switch {
	case !e.Lost.IsZero():
		if lost, err = m.wasLost(ctx, e); err != nil {
			return false, false, err
		}
	case known.ID == "" && !m.opts.Own:
		if _, young, err = m.opts.Epoch.Get(ctx, youngName); err != nil {
			return false, false, err
		}
	}
	m.mu.Lock()
	if m.known != known {
		m.mu.Unlock()
		return false, false, nil
	}
	if young {
		m.uncertainUntil = time.Now().Add(2 * m.opts.Heartbeat)
	}
	report := lost && m.reported != e
	m.known = e
	switch {
	case lost:
		m.reported = e
	case !e.Lost.IsZero():
		m.expired = e
	}
	m.mu.Unlock()
	if report {
		m.opts.OnLoss()
	}
	return lost, true, nil
}

// wasLost tells whether keys of before an epoch's loss may be missed still.
func (m *Guard) wasLost(ctx context.Context, e epoch) (bool, error) {
	m.mu.Lock()
	expired := m.expired == e
	m.mu.Unlock()
	if expired {
		return false, nil
	}
	_, lost, err := m.opts.Epoch.Get(ctx, lostName)
	return lost, err
}

// waitForObjections waits until those who knew another epoch have had the time to say so, and tells
// whether data was lost.
func (m *Guard) waitForObjections(ctx context.Context, lost bool) (bool, error) {
	m.mu.Lock()
	wait := time.Until(m.uncertainUntil)
	m.mu.Unlock()
	if lost || wait <= 0 {
		return lost, nil
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return m.checkEpoch(ctx)
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

// lostAt is when the store lost its data, zero if it was not.
func (m *Guard) lostAt() time.Time { return m.present().Lost }

// keepEpoch has the epoch last from now on, under the secret that is in use.
func (m *Guard) keepEpoch(ctx context.Context) bool {
	e, raw, found, err := m.readEpoch(ctx)
	if err != nil || !found {
		return false
	}
	again := raw
	if e.ID != unreadable {
		again = m.seal(epochName, e)
	}
	kept, err := m.opts.Epoch.CompareAndSwap(ctx, epochName, raw, again, epochLife)
	return err == nil && kept
}
