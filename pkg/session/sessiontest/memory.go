package sessiontest

import (
	"context"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
)

// Memory is records in this process, whose operations fail when they are told to, and which a test
// can read and change.
type Memory struct {
	Faulty
	kept *kept
}

// NewMemory gives records that are empty and work.
func NewMemory() *Memory {
	k := &kept{values: map[string]value{}}
	return &Memory{Faulty: Faulty{Records: part{k, ""}, Faults: &Faults{}}, kept: k}
}

type value struct {
	text  string
	until time.Time
}

type kept struct {
	mu     sync.Mutex
	ahead  time.Duration
	values map[string]value
	writes []Write
}

// Write is an operation that might have changed a record.
type Write struct {
	Name string
	TTL  time.Duration
}

func (k *kept) now() time.Time { return time.Now().Add(k.ahead) }

func (k *kept) get(name string) (text string, found bool) {
	v, found := k.values[name]
	if !found || !k.now().Before(v.until) {
		return "", false
	}
	return v.text, true
}

func (k *kept) set(name, text string, ttl time.Duration) {
	k.values[name] = value{text, k.now().Add(ttl)}
}

// Part gives records under names of their own, which begin with a prefix in the whole. They fail
// with the whole.
func (m *Memory) Part(prefix string) session.Records {
	return Faulty{Records: part{m.kept, prefix}, Faults: m.Faults}
}

// Advance lets time pass for the records.
func (m *Memory) Advance(d time.Duration) {
	m.kept.mu.Lock()
	defer m.kept.mu.Unlock()
	m.kept.ahead += d
}

// Put sets a value, and is not an operation.
func (m *Memory) Put(name, text string, ttl time.Duration) {
	m.kept.mu.Lock()
	defer m.kept.mu.Unlock()
	m.kept.set(name, text, ttl)
}

// Delete removes a value, and is not an operation.
func (m *Memory) Delete(name string) {
	m.kept.mu.Lock()
	defer m.kept.mu.Unlock()
	delete(m.kept.values, name)
}

// Clear removes all values, and is not an operation.
func (m *Memory) Clear() {
	m.kept.mu.Lock()
	defer m.kept.mu.Unlock()
	clear(m.kept.values)
}

// All are the values by their names, and reading them is not an operation.
func (m *Memory) All() map[string]string {
	m.kept.mu.Lock()
	defer m.kept.mu.Unlock()
	all := map[string]string{}
	for name := range m.kept.values {
		if text, found := m.kept.get(name); found {
			all[name] = text
		}
	}
	return all
}

// Ends are when the values expire, by their names.
func (m *Memory) Ends() map[string]time.Time {
	m.kept.mu.Lock()
	defer m.kept.mu.Unlock()
	ends := map[string]time.Time{}
	for name, v := range m.kept.values {
		ends[name] = v.until
	}
	return ends
}

// Only gives the one record that there is.
func (m *Memory) Only(t testing.TB) (name, text string) {
	t.Helper()
	all := m.All()
	if len(all) != 1 {
		t.Fatalf("%d records, want 1", len(all))
	}
	for name, text = range all {
	}
	return name, text
}

// Writes are the writes so far in their order, whether they changed something or not. Those that
// failed before their effect are not among them.
func (m *Memory) Writes() []Write {
	m.kept.mu.Lock()
	defer m.kept.mu.Unlock()
	return slices.Clone(m.kept.writes)
}

// ForgetWrites empties Writes.
func (m *Memory) ForgetWrites() {
	m.kept.mu.Lock()
	defer m.kept.mu.Unlock()
	m.kept.writes = nil
}

// LastTTL is that of the last write.
func (m *Memory) LastTTL() time.Duration {
	w := m.Writes()
	return w[len(w)-1].TTL
}

// part is the records whose names begin with a prefix.
type part struct {
	*kept
	prefix string
}

// do has an effect, unless the caller has no time left. A caller that went away is no reason not
// to.
func (p part) do(ctx context.Context, effect func()) error {
	if end, ends := ctx.Deadline(); ends && !time.Now().Before(end) {
		return context.DeadlineExceeded
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	effect()
	return nil
}

func (p part) wrote(name string, ttl time.Duration) {
	p.writes = append(p.writes, Write{p.prefix + name, ttl})
}

func (p part) Get(ctx context.Context, name string) (value []byte, found bool, err error) {
	err = p.do(ctx, func() {
		var text string
		text, found = p.get(p.prefix + name)
		value = []byte(text)
	})
	return value, found, err
}

func (p part) SetNX(ctx context.Context, name string, value []byte, ttl time.Duration) (added bool, err error) {
	err = p.do(ctx, func() {
		p.wrote(name, ttl)
		if _, found := p.get(p.prefix + name); !found {
			p.set(p.prefix+name, string(value), ttl)
			added = true
		}
	})
	return added, err
}

func (p part) CompareAndSwap(ctx context.Context, name string, old, value []byte, ttl time.Duration) (replaced bool, err error) {
	err = p.do(ctx, func() {
		p.wrote(name, ttl)
		if text, found := p.get(p.prefix + name); found && text == string(old) {
			p.set(p.prefix+name, string(value), ttl)
			replaced = true
		}
	})
	return replaced, err
}

func (p part) GetSet(ctx context.Context, name string, value []byte, ttl time.Duration) (old []byte, found bool, err error) {
	err = p.do(ctx, func() {
		p.wrote(name, ttl)
		var text string
		text, found = p.get(p.prefix + name)
		old = []byte(text)
		p.set(p.prefix+name, string(value), ttl)
	})
	return old, found, err
}

func (p part) Scan(ctx context.Context, prefix string) iter.Seq2[session.Record, error] {
	return func(yield func(session.Record, error) bool) {
		var all []session.Record
		if err := p.do(ctx, func() {
			for _, name := range slices.Sorted(maps.Keys(p.values)) {
				own, ours := strings.CutPrefix(name, p.prefix)
				if text, found := p.get(name); found && ours && strings.HasPrefix(own, prefix) {
					all = append(all, session.Record{Name: own, Value: []byte(text)})
				}
			}
		}); err != nil {
			yield(session.Record{}, err)
			return
		}
		for _, r := range all {
			if !yield(r, nil) {
				return
			}
		}
	}
}
