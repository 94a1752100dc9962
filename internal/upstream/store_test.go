package upstream

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
)

// memory is a store that breaks on demand.
type memory struct {
	mu       sync.Mutex
	data     []byte
	version  uint64
	lease    time.Time // its end
	holder   int
	down     bool
	loseSave bool // it does not take writes
	saves    int
	pause    time.Time // its end
	foreign  bool      // what is kept does not open
}

func (m *memory) set(f func()) { m.mu.Lock(); defer m.mu.Unlock(); f() }

var errDown = errors.New("down")

func (m *memory) Lease(_ context.Context, _ string, ttl time.Duration) (func(context.Context), bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down {
		return nil, false, errDown
	}
	now := time.Now()
	if now.Before(m.lease) {
		return nil, false, nil
	}
	m.lease = now.Add(ttl)
	m.holder++
	holder := m.holder
	return func(context.Context) {
		m.set(func() {
			if m.holder == holder {
				m.lease = time.Time{}
			}
		})
	}, true, nil
}

func (m *memory) Load(context.Context, string) ([]byte, uint64, bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case m.down:
		return nil, 0, false, errDown
	case m.foreign:
		return nil, 0, false, grant.ErrUpstreamUnreadable
	}
	return m.data, m.version, m.data != nil, nil
}

func (m *memory) Save(ctx context.Context, _ string, version uint64, data []byte) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.saves++
	if m.down || m.loseSave || ctx.Err() != nil {
		return false, errDown
	}
	if version != m.version {
		return false, nil
	}
	m.data, m.version = data, version+1
	return true, nil
}

func (m *memory) Pause(_ context.Context, _ string, d time.Duration) error {
	m.set(func() { m.pause = time.Now().Add(d) })
	return nil
}

func (m *memory) Paused(context.Context, string) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.down {
		return false, errDown
	}
	return time.Now().Before(m.pause), nil
}

// mortal is how a replica that can die reaches the store: what it does after that does not arrive,
// its lease stays.
type mortal struct {
	Store
	mu   sync.Mutex
	dead bool
}

func (m *mortal) die() { m.mu.Lock(); defer m.mu.Unlock(); m.dead = true }

func (m *mortal) isDead() bool { m.mu.Lock(); defer m.mu.Unlock(); return m.dead }

func (m *mortal) Lease(ctx context.Context, grant string, ttl time.Duration) (func(context.Context), bool, error) {
	if m.isDead() {
		return nil, false, errDown
	}
	release, held, err := m.Store.Lease(ctx, grant, ttl)
	return func(ctx context.Context) {
		if !m.isDead() {
			release(ctx)
		}
	}, held, err
}

func (m *mortal) Load(ctx context.Context, grant string) ([]byte, uint64, bool, error) {
	if m.isDead() {
		return nil, 0, false, errDown
	}
	return m.Store.Load(ctx, grant)
}

func (m *mortal) Save(ctx context.Context, grant string, version uint64, data []byte) (bool, error) {
	if m.isDead() {
		return false, errDown
	}
	return m.Store.Save(ctx, grant, version, data)
}
