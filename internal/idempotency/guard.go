package idempotency

import (
	"context"
	"crypto/rand"
	"sync"
	"time"
)

// Guard executes each operation once. It may be used by many goroutines at once.
type Guard struct {
	opts    Options
	replica string // names this process among the replicas

	mu     sync.Mutex
	active map[string]bool // attempts of this process that are under way
	epochs                 // what this process knows of the store's epoch

	backlog backlog
}

// New checks the options. Other replicas know that this one lives only while [Guard.Run] runs.
func New(o Options) (*Guard, error) {
	o, err := o.check()
	if err != nil {
		return nil, err
	}
	m := &Guard{opts: o, replica: rand.Text(), active: map[string]bool{}}
	m.backlog.closed = make(chan struct{})
	return m, nil
}

// Close tries once more what is still to be written, and waits for that. An execution that is under way goes on, and whatever it
// could not write is not tried again.
func (m *Guard) Close() error {
	m.backlog.close()
	return nil
}

// Run shows the other replicas that this one lives, and watches that the memory is not lost, until ctx ends.
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

// lifeInBeats is how long a sign of life is one.
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

// alive tells whether an attempt may still be under way. It is a matter of how long others wait, and a clock may be wrong
// about it either way.
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
