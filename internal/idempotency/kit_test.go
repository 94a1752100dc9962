package idempotency_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/idempotency"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
	"github.com/clerkchat/mcp-gateway/pkg/session/sessiontest"
)

func TestMain(m *testing.M) {
	redisstore.SilenceLibrary()
	testkit.Main(m)
}

// The parts of a store.
const (
	operations   = "operations"
	queues       = "queues"
	fingerprints = "fingerprints"
	claims       = "claims"
	replicas     = "replicas"
	epochs       = "epoch"
)

// store is what processes share.
type store interface {
	part(name string) idempotency.Records
	lose()
}

// memStore is a store in memory that can lose everything.
type memStore struct{ *sessiontest.Memory }

func newMemStore() *memStore { return &memStore{sessiontest.NewMemory()} }

func (s *memStore) lose() { s.Clear() }

func (s *memStore) part(name string) idempotency.Records { return s.Part(name + "/") }

// names are the names of a part that have a value.
func (s *memStore) names(part string) (names []string) {
	for name := range s.All() {
		if own, ours := strings.CutPrefix(name, part+"/"); ours {
			names = append(names, own)
		}
	}
	return names
}

var errStore = errors.New("the store does not answer")

// fault is what befalls an operation.
type fault int

const (
	noFault fault = iota
	before        // it fails
	after         // it happens, and its answer is lost
)

// line is the way of one process to its store. The zero value works.
type line struct {
	mu    sync.Mutex
	cut   bool                                  // nothing comes through, for good
	delay time.Duration                         // of each operation
	rule  func(part, op, name string) fault     // for each operation
	wait  func(part, op, name string)           // before each operation
	then  func(part, op, name string, ok error) // after each operation
	count int
}

func (l *line) set(change func(*line)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change(l)
}

// once has a fault befall the next operation on a part.
func (l *line) once(part, op string, what fault) {
	l.set(func(l *line) {
		over := false
		l.rule = func(p, o, _ string) fault {
			if over || p != part || o != op {
				return noFault
			}
			over = true
			return what
		}
	})
}

func (l *line) away(is bool) {
	l.set(func(l *line) {
		l.rule = nil
		if is {
			l.rule = func(string, string, string) fault { return before }
		}
	})
}

// faultyRecords is a part of a store at the end of a line.
type faultyRecords struct {
	idempotency.Records
	part string
	line *line
}

func (w faultyRecords) through(ctx context.Context, op, name string, do func() error) error {
	w.line.mu.Lock()
	w.line.count++
	what, delay, wait, then := noFault, w.line.delay, w.line.wait, w.line.then
	if w.line.rule != nil {
		what = w.line.rule(w.part, op, name)
	}
	if w.line.cut {
		what = before
	}
	w.line.mu.Unlock()
	if wait != nil {
		wait(w.part, op, name)
	}
	if delay > 0 {
		time.Sleep(delay)
	}
	err := errStore
	if what != before && ctx.Err() == nil {
		err = do()
	}
	if what == after {
		err = errStore
	}
	if then != nil {
		then(w.part, op, name, err)
	}
	return err
}

func (w faultyRecords) Get(ctx context.Context, name string) (value []byte, found bool, err error) {
	err = w.through(ctx, "Get", name, func() error { value, found, err = w.Records.Get(ctx, name); return err })
	return value, found && err == nil, err
}

func (w faultyRecords) SetNX(ctx context.Context, name string, value []byte, ttl time.Duration) (added bool, err error) {
	err = w.through(ctx, "Add", name, func() error { added, err = w.Records.SetNX(ctx, name, value, ttl); return err })
	return added && err == nil, err
}

func (w faultyRecords) CompareAndSwap(ctx context.Context, name string, old, value []byte, ttl time.Duration) (replaced bool, err error) {
	err = w.through(ctx, "Replace", name, func() error { replaced, err = w.Records.CompareAndSwap(ctx, name, old, value, ttl); return err })
	return replaced && err == nil, err
}

func (w faultyRecords) GetSet(ctx context.Context, name string, value []byte, ttl time.Duration) (old []byte, found bool, err error) {
	err = w.through(ctx, "Swap", name, func() error { old, found, err = w.Records.GetSet(ctx, name, value, ttl); return err })
	return old, found && err == nil, err
}

var (
	secretA = []byte("secret-a-secret-a-secret-a-secret-a")
	secretB = []byte("secret-b-secret-b-secret-b-secret-b")
)

func underSecrets(t testing.TB, secrets ...[]byte) func(*idempotency.Options) {
	t.Helper()
	keys, err := seal.New(secrets...)
	if err != nil {
		t.Fatal(err)
	}
	return func(o *idempotency.Options) { o.Sealer, o.Digester = keys.Sealer("once"), keys.MAC("once") }
}

// process is a Guard over a store, with a line of its own.
type process struct {
	*idempotency.Guard
	line *line
	stop func()
	over sync.Once
}

func start(t testing.TB, s store, change ...func(*idempotency.Options)) *process {
	t.Helper()
	p := &process{line: &line{}}
	part := func(name string) idempotency.Records { return faultyRecords{s.part(name), name, p.line} }
	o := idempotency.Options{
		Operations: part(operations), Queues: part(queues), Fingerprints: part(fingerprints), Claims: part(claims), Replicas: part(replicas), Epoch: part(epochs),
	}
	underSecrets(t, secretA)(&o)
	for _, c := range change {
		c(&o)
	}
	var err error
	if p.Guard, err = idempotency.New(o); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { p.Run(ctx) })
	p.stop = func() {
		cancel()
		running.Wait()
		_ = p.Close()
	}
	t.Cleanup(p.end)
	return p
}

// end ends the process in good order.
func (p *process) end() { p.over.Do(p.stop) }

// die ends what the process can do, though it may not know yet.
func (p *process) die() {
	p.line.set(func(l *line) { l.cut = true })
	p.end()
}

// running gives a new store with some processes that have run for a minute.
func running(t testing.TB, n int, change ...func(*idempotency.Options)) (*memStore, []*process) {
	t.Helper()
	s := newMemStore()
	var all []*process
	for range n {
		all = append(all, start(t, s, change...))
	}
	time.Sleep(time.Minute)
	return s, all
}

// inTime runs a test in simulated time.
func inTime(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, test)
}
