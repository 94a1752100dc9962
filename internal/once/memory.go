package once

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// Memory does things once. It may be used by many goroutines at once.
type Memory struct {
	opts    Options
	replica string // names this process among the replicas

	mu     sync.Mutex
	active map[string]bool // attempts of this process that are under way
	known  epoch           // the memory as this process knows it
	// doubtful is until when another process may say that there was an epoch before.
	doubtful time.Time

	finishing sync.WaitGroup // what is still to be written
	ended     context.Context
	end       context.CancelFunc
}

// New checks the options. Other replicas know that this one lives only while [Memory.Run] runs.
func New(o Options) (*Memory, error) {
	o, err := o.check()
	if err != nil {
		return nil, err
	}
	m := &Memory{opts: o, replica: rand.Text(), active: map[string]bool{}}
	m.ended, m.end = context.WithCancel(context.Background())
	return m, nil
}

// Close ends what is written in the background. Do must not be called after it.
func (m *Memory) Close() error {
	m.end()
	m.finishing.Wait()
	return nil
}

// phase is where a record is on its way.
type phase string

const (
	prepared  phase = "prepared"
	committed phase = "committed"
	done      phase = "done"
	refused   phase = "refused"
	unknown   phase = "unknown"
)

// record is what is remembered of a work.
type record struct {
	Phase   phase  `json:"p"`
	Attempt string `json:"a"`
	Replica string `json:"r"`
	Tool    string `json:"t"`
	Digest  []byte `json:"d"`
	// Begun is when it was prepared, then when it was committed.
	Begun time.Time `json:"b"`
	// Result is the answer of what is done or refused.
	Result mcpadapter.Result `json:"res,omitzero"`
}

// entry is a record as it is in the store.
type entry struct {
	record
	name string
	raw  []byte
	// keyed: its name is a key of the client's.
	keyed bool
	ttl   time.Duration // from each change on
}

var errUnreadable = errors.New("once: a record cannot be read")

func (m *Memory) seal(name string, v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("once: " + err.Error()) // plain values
	}
	return m.opts.Sealer.Seal(b, []byte(name))
}

func (m *Memory) unseal(name string, raw []byte, v any) error {
	b, err := m.opts.Sealer.Open(raw, []byte(name))
	if err != nil || json.Unmarshal(b, v) != nil {
		return errUnreadable
	}
	return nil
}

// add prepares a work under a name that nobody has used.
func (m *Memory) add(ctx context.Context, e *entry) (added bool, err error) {
	e.raw = m.seal(e.name, e.record)
	return m.opts.Works.Add(ctx, e.name, e.raw, e.ttl)
}

// change is compare-and-set. After an error the entry is as it was before, and the store may have the change.
func (m *Memory) change(ctx context.Context, e *entry, r record) (changed bool, err error) {
	ttl := e.ttl
	switch {
	case r.Phase == refused:
		ttl = min(ttl, refusalLife)
	case !e.keyed && (r.Phase == done || r.Phase == unknown):
		ttl = m.opts.TraceLife
	}
	raw := m.seal(e.name, r)
	changed, err = m.opts.Works.Replace(ctx, e.name, e.raw, raw, ttl)
	if err == nil && changed {
		e.record, e.raw = r, raw
	}
	return changed, err
}

// refusalLife is how long those who waited for a work can learn that it was refused.
const refusalLife = 30 * time.Second

// read gives the record of a name.
func (m *Memory) read(ctx context.Context, name string, like *entry) (e *entry, found bool, err error) {
	raw, found, err := m.opts.Works.Get(ctx, name)
	if err != nil || !found {
		return nil, false, err
	}
	e = &entry{name: name, raw: raw, keyed: like.keyed, ttl: like.ttl}
	return e, true, m.unseal(name, raw, &e.record)
}

// begin notes that an attempt of this process is under way.
func (m *Memory) begin(attempt string) (end func()) {
	m.mu.Lock()
	m.active[attempt] = true
	m.mu.Unlock()
	return func() {
		m.mu.Lock()
		delete(m.active, attempt)
		m.mu.Unlock()
	}
}

// alive tells whether an attempt may still be under way.
func (m *Memory) alive(ctx context.Context, attempt, replica string, begun time.Time) bool {
	if replica == m.replica {
		m.mu.Lock()
		defer m.mu.Unlock()
		return m.active[attempt]
	}
	if m.opts.Now().Sub(begun) > m.opts.Attempt {
		return false
	}
	_, found, err := m.opts.Replicas.Get(ctx, replica)
	return found || err != nil
}
