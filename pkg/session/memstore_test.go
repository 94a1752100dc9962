package session_test

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
)

// memStore is records in memory, of which one operation fails: before its effect, or after it.
type memStore struct {
	session.Records
	values map[string]string
	until  map[string]time.Time
	op     int
	fails  int // the number of the operation that fails, 0 for none
	after  bool
	// wrote is the time to live of every write, in order, whether it had an effect or not.
	wrote []time.Duration
}

func newMemStore() *memStore {
	return &memStore{values: map[string]string{}, until: map[string]time.Time{}}
}

var errLost = errors.New("the reply was lost")

func (s *memStore) do(effect func()) error {
	s.op++
	if s.op == s.fails && !s.after {
		return errLost
	}
	effect()
	if s.op == s.fails {
		return errLost
	}
	return nil
}

func (s *memStore) value(name string) (string, bool) {
	v, found := s.values[name]
	return v, found && time.Now().Before(s.until[name])
}

func (s *memStore) set(name string, value []byte, ttl time.Duration) {
	s.values[name], s.until[name] = string(value), time.Now().Add(ttl)
}

func (s *memStore) Get(_ context.Context, name string) (value []byte, found bool, err error) {
	err = s.do(func() {
		var v string
		v, found = s.value(name)
		value = []byte(v)
	})
	return value, found, err
}

func (s *memStore) SetNX(_ context.Context, name string, value []byte, ttl time.Duration) (added bool, err error) {
	s.wrote = append(s.wrote, ttl)
	err = s.do(func() {
		if _, found := s.value(name); !found {
			s.set(name, value, ttl)
			added = true
		}
	})
	return added, err
}

func (s *memStore) CompareAndSwap(_ context.Context, name string, old, value []byte, ttl time.Duration) (done bool, err error) {
	s.wrote = append(s.wrote, ttl)
	err = s.do(func() {
		if v, found := s.value(name); found && v == string(old) {
			s.set(name, value, ttl)
			done = true
		}
	})
	return done, err
}

func (s *memStore) GetSet(_ context.Context, name string, value []byte, ttl time.Duration) (old []byte, found bool, err error) {
	s.wrote = append(s.wrote, ttl)
	err = s.do(func() {
		var v string
		v, found = s.value(name)
		old = []byte(v)
		s.set(name, value, ttl)
	})
	return old, found, err
}

func (s *memStore) Scan(_ context.Context, prefix string) iter.Seq2[session.Record, error] {
	return func(yield func(session.Record, error) bool) {
		if err := s.do(func() {}); err != nil {
			yield(session.Record{}, err)
			return
		}
		for _, name := range slices.Sorted(maps.Keys(s.values)) {
			if v, found := s.value(name); found && strings.HasPrefix(name, prefix) && !yield(session.Record{Name: name, Value: []byte(v)}, nil) {
				return
			}
		}
	}
}

// lastTTL is that of the last write.
func (s *memStore) lastTTL() time.Duration { return s.wrote[len(s.wrote)-1] }

// only gives the one record that there is.
func (s *memStore) only(t *testing.T) (name, value string) {
	t.Helper()
	if len(s.values) != 1 {
		t.Fatalf("%d records, want 1", len(s.values))
	}
	for name, value = range s.values {
	}
	return name, value
}

// spelled seals nothing and writes out what a value is bound to, so that tests see what the store keeps.
type spelled struct{}

func (spelled) Seal(plaintext, aad []byte) []byte {
	return []byte("<" + string(aad) + ">" + string(plaintext))
}

func (spelled) Open(sealed, aad []byte) ([]byte, error) {
	plain, ok := bytes.CutPrefix(sealed, []byte("<"+string(aad)+">"))
	if !ok {
		return nil, errors.New("sealed for something else")
	}
	return plain, nil
}

// spelledGrants are grants whose records a test can read.
func spelledGrants(t *testing.T, opts session.GrantOptions) *session.Grants {
	t.Helper()
	ring, err := seal.New([]byte(secretA))
	if err != nil {
		t.Fatal(err)
	}
	opts.Sealer, opts.Signer = spelled{}, ring.MAC("refresh")
	g, err := session.NewGrants(opts)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// spelledTable are sessions whose records a test can read.
func spelledTable(t *testing.T, records session.Records, now func() time.Time) *session.Table {
	t.Helper()
	table, err := session.NewTable(session.Options{Sealer: spelled{}, Records: records, Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return table
}
