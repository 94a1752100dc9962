package once_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/once"
	"github.com/clerkchat/mcp-gateway/internal/seal"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// shelf is a store in memory that can lose everything. It forgets nothing by itself.
type shelf struct {
	mu     sync.Mutex
	values map[string][]byte
}

// bucket is a part of a shelf.
type bucket struct {
	*shelf
	prefix string
}

func (b bucket) Get(_ context.Context, name string) ([]byte, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	v, found := b.values[b.prefix+name]
	return v, found, nil
}

func (b bucket) Add(_ context.Context, name string, value []byte, _ time.Duration) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	_, found := b.values[b.prefix+name]
	if !found {
		b.values[b.prefix+name] = value
	}
	return !found, nil
}

func (b bucket) Replace(_ context.Context, name string, old, value []byte, _ time.Duration) (bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	v, found := b.values[b.prefix+name]
	if !found || !bytes.Equal(v, old) {
		return false, nil
	}
	b.values[b.prefix+name] = value
	return true, nil
}

func (b bucket) Swap(_ context.Context, name string, value []byte, _ time.Duration) ([]byte, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	v, found := b.values[b.prefix+name]
	b.values[b.prefix+name] = value
	return v, found, nil
}

func newShelf() *shelf { return &shelf{values: map[string][]byte{}} }

func (s *shelf) lose() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.values)
}

// process runs a memory on the shelf until the returned function is called.
func (s *shelf) process(t *testing.T, change ...func(*once.Options)) (m *once.Memory, end func()) {
	t.Helper()
	keys, err := seal.New([]byte("a secret that is long enough for a keyring"))
	if err != nil {
		t.Fatal(err)
	}
	o := once.Options{
		Works: bucket{s, "w"}, Likenesses: bucket{s, "n"}, Claims: bucket{s, "m"}, Replicas: bucket{s, "r"}, Epoch: bucket{s, "e"},
		Sealer: keys.Sealer("once"), Digester: keys.MAC("once"),
	}
	for _, c := range change {
		c(&o)
	}
	if m, err = once.New(o); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { m.Run(ctx) })
	return m, func() {
		cancel()
		running.Wait()
		_ = m.Close()
	}
}

// message is a work that looks like any other of these tests, whose attempt has an outcome.
func message(key string, made mcpadapter.Made) mcpadapter.Work {
	return mcpadapter.Work{
		Subject: "ann", Key: key, Tool: "send_message", Digest: [32]byte{1}, Likeness: [32]byte{2},
		Attempt: func(ctx context.Context, commit func(context.Context) error) mcpadapter.Made {
			if err := commit(ctx); err != nil {
				return mcpadapter.Made{Outcome: clerkapi.NotDone}
			}
			return made
		},
		Look: func(context.Context, time.Time) ([]mcpadapter.Sighting, error) { return nil, nil },
	}
}

func seen(id string) func(context.Context, time.Time) ([]mcpadapter.Sighting, error) {
	return func(context.Context, time.Time) ([]mcpadapter.Sighting, error) {
		return []mcpadapter.Sighting{{ID: id, Result: mcpadapter.Result{Text: id}}}, nil
	}
}

var noAnswer = mcpadapter.Made{Outcome: clerkapi.Unknown}

// inTime runs a test in simulated time, past what a new memory waits for.
func inTime(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t) })
}

func TestWhatWasMadeUnderAnUnknownIDIsNotTakenForAnothers(t *testing.T) {
	inTime(t, func(t *testing.T) {
		m, end := newShelf().process(t)
		defer end()
		if f := m.Do(t.Context(), message("first", mcpadapter.Made{Outcome: clerkapi.Done})); f.State != mcpadapter.StateKnown {
			t.Fatalf("the first is %v", f.State)
		}
		second := message("second", noAnswer)
		second.Look = seen("the first's")
		if f := m.Do(t.Context(), second); f.State != mcpadapter.StateUndecided {
			t.Errorf("the second is %v, as %q", f.State, f.Result.Text)
		}
	})
}

func TestALossWhileItIsLookedForLeavesItUndecided(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s := newShelf()
		m, end := s.process(t)
		defer end()
		m.Do(t.Context(), message("first", mcpadapter.Made{Outcome: clerkapi.Done, ID: "the first's"}))
		second := message("second", noAnswer)
		second.Look = func(ctx context.Context, since time.Time) ([]mcpadapter.Sighting, error) {
			s.lose()
			return seen("the first's")(ctx, since)
		}
		if f := m.Do(t.Context(), second); f.State != mcpadapter.StateUndecided {
			t.Errorf("the second is %v, as %q", f.State, f.Result.Text)
		}
	})
}

func TestALossCountsWhateverTheClockOfWhoNoticesIt(t *testing.T) {
	for _, wrong := range []time.Duration{-30 * time.Hour, 30 * time.Hour} {
		inTime(t, func(t *testing.T) {
			s := newShelf()
			_, end := s.process(t, func(o *once.Options) { o.Now = func() time.Time { return time.Now().Add(wrong) } })
			defer end()
			time.Sleep(time.Minute)
			s.lose()
			time.Sleep(5 * time.Second)
			m, endOfOther := s.process(t)
			defer endOfOther()
			if f := m.Do(t.Context(), message("key", mcpadapter.Made{Outcome: clerkapi.Done})); f.State != mcpadapter.StateMemoryLost {
				t.Errorf("by a clock that is off by %v: %v", wrong, f.State)
			}
		})
	}
}

func TestAnAttemptThatWasTakenOverDoesNotKeepOthersFromBeingFound(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s := newShelf()
		m, end := s.process(t)
		defer end()
		time.Sleep(5 * time.Second)
		dying, endOfDying := s.process(t, func(o *once.Options) { o.Works = uncommitting{o.Works} })
		dying.Do(t.Context(), message("key", noAnswer))
		endOfDying()
		time.Sleep(time.Minute)
		w := message("key", noAnswer)
		w.Look = seen("its own")
		if f := m.Do(t.Context(), w); f.State != mcpadapter.StateSettled {
			t.Errorf("it is %v", f.State)
		}
	})
}

// uncommitting takes what is new and nothing else, as for a process that dies before it commits.
type uncommitting struct{ once.Records }

func (uncommitting) Replace(context.Context, string, []byte, []byte, time.Duration) (bool, error) {
	return false, errors.New("away")
}
