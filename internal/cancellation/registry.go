package cancellation

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"strconv"
	"sync"
	"time"
)

const (
	// life is how long a mark is kept whose call is not found: longer than a call waits for its
	// turn and runs.
	life = 10 * time.Minute
	// maxRecent is how many marks a process remembers for calls that it has not begun. The oldest
	// go.
	maxRecent = 4096
	// again is the least time between two questions of one call about a mark that was older than
	// it.
	again = time.Second
)

// Marks are what replicas share. An error means that nobody knows.
type Marks interface {
	// Mark marks a name and tells everybody who listens.
	Mark(ctx context.Context, name string, ttl time.Duration) error
	// Age tells how long ago a name was marked, and whether it is.
	Age(ctx context.Context, name string) (age time.Duration, found bool, err error)
	// Clear takes a mark back.
	Clear(ctx context.Context, name string) error
	// Look makes a context whose trips to the store look at a mark too; found is called when it is
	// there.
	Look(ctx context.Context, name string, found func()) context.Context
	// Listen calls heard with the names that are marked, until ctx ends.
	Listen(ctx context.Context, heard func(name string))
}

// ID is what a call is known by. Session names the session: clients cannot make one up. Request
// tells numbers from texts.
type ID struct{ Session, Subject, Request string }

// name is what stands for an id in the store. Lengths keep its parts apart.
func (id ID) name() string {
	h := sha256.New()
	for _, part := range []string{id.Session, id.Subject, id.Request} {
		h.Write([]byte(strconv.Itoa(len(part)) + ":" + part))
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}

// Call is a call that may be canceled.
type Call struct {
	ID
	// Came is when its request came.
	Came time.Time
	// Content is what it asks for: calls of one ID that ask for the same are one call, transmitted
	// again.
	Content string
}

// Registry knows the calls of one process.
type Registry struct {
	marks Marks // nil for a process without replicas
	cause error

	mu      sync.Mutex
	calls   map[string][]*running
	recent  map[string]*mark
	order   []string // of recent, the oldest first
	judging sync.WaitGroup
}

// running is a call under way.
type running struct {
	Call
	name   string
	cancel context.CancelCauseFunc

	// These are under the registry's lock.
	stopped bool
	stored  bool // by a mark of the store
	judged  time.Time
}

// mark is a notification that a process remembers.
type mark struct {
	// made is when its request came, or when this process heard of it: a call that began later is
	// not meant.
	made time.Time
	// heard says that it is another replica's: when it was made, the store knows.
	heard bool
	// stored says that it is in the store too.
	stored bool
	// content is what the call asked for that it stopped; another one is not meant. met says that
	// there was one.
	content string
	met     bool
}

// New makes a registry; cause is that of the contexts that it ends, and marks is nil for a process
// that has no replicas.
func New(cause error, marks Marks) *Registry {
	return &Registry{marks: marks, cause: cause, calls: map[string][]*running{}, recent: map[string]*mark{}}
}

// Run listens to the other replicas until ctx ends.
func (r *Registry) Run(ctx context.Context) {
	if r.marks != nil {
		r.marks.Listen(ctx, r.hear)
	}
	r.judging.Wait()
}

// Begin notes a call, and gives the context that ends when it is canceled. A call without a session
// or an id cannot be.
func (r *Registry) Begin(ctx context.Context, c Call) (_ context.Context, end func()) {
	if c.Session == "" || c.Request == "" {
		return ctx, func() {}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	call := &running{Call: c, name: c.name(), cancel: cancel}
	r.mu.Lock()
	r.calls[call.name] = append(r.calls[call.name], call)
	m := r.recent[call.name]
	meant := m != nil && c.Came.Before(m.made) && time.Since(m.made) < life && (!m.met || m.content == c.Content)
	if meant && !m.heard {
		r.stop([]*running{call}, m)
	}
	r.mu.Unlock()
	if meant && m.heard {
		r.judge(call)
	}
	if r.marks != nil {
		ctx = r.marks.Look(ctx, call.name, func() { r.judge(call) })
	}
	return ctx, func() { r.end(ctx, call) }
}

func (r *Registry) end(ctx context.Context, call *running) {
	call.cancel(nil)
	r.mu.Lock()
	left := r.calls[call.name][:0:0]
	for _, c := range r.calls[call.name] {
		if c != call {
			left = append(left, c)
		}
	}
	if r.calls[call.name] = left; len(left) == 0 {
		delete(r.calls, call.name)
	}
	stored := call.stored && len(left) == 0
	r.mu.Unlock()
	if stored {
		// That it stays until its end does no harm: it stops nothing that began later.
		_ = r.marks.Clear(context.WithoutCancel(ctx), call.name)
	}
}

// Cancel stops the call of an id that began before the notification came, wherever it runs. The
// error says that other replicas could not be told.
func (r *Registry) Cancel(ctx context.Context, id ID, came time.Time) error {
	if id.Session == "" || id.Request == "" {
		return nil
	}
	name := id.name()
	m := &mark{made: came}
	r.mu.Lock()
	met, ambiguous := r.meant(name, came)
	if !ambiguous {
		r.stop(met, m)
		m.stored = r.marks != nil && len(met) == 0
		r.remember(name, m)
	}
	r.mu.Unlock()
	if !m.stored {
		return nil
	}
	return r.marks.Mark(ctx, name, life)
}

// meant are the calls of a name that began before and go on. Clients that use one id for different
// calls at a time leave open which of them is meant: then none is stopped. r.mu is held.
func (r *Registry) meant(name string, before time.Time) (met []*running, ambiguous bool) {
	for _, c := range r.calls[name] {
		if c.Came.Before(before) && !c.stopped {
			met = append(met, c)
		}
	}
	for _, c := range met {
		ambiguous = ambiguous || c.Content != met[0].Content
	}
	return met, ambiguous
}

// stop ends calls by a mark. r.mu is held.
func (r *Registry) stop(calls []*running, m *mark) {
	for _, c := range calls {
		m.met, m.content = true, c.Content
		c.stopped, c.stored = true, c.stored || m.stored
		c.cancel(r.cause)
	}
}

// remember keeps a mark for calls that this process has yet to begin. r.mu is held.
func (r *Registry) remember(name string, m *mark) {
	if _, known := r.recent[name]; !known {
		r.order = append(r.order, name)
	}
	r.recent[name] = m
	for len(r.order) > 0 {
		oldest := r.recent[r.order[0]]
		if len(r.order) <= maxRecent && time.Since(oldest.made) < life {
			break
		}
		delete(r.recent, r.order[0])
		r.order = r.order[1:]
	}
}

// hear is told of a mark by the store.
func (r *Registry) hear(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if m := r.recent[name]; m == nil || m.heard || !m.stored {
		r.remember(name, &mark{made: time.Now(), heard: true, stored: true})
	}
	for _, c := range r.calls[name] {
		c.judged = time.Time{}
		r.judging.Go(func() { r.judge(c) })
	}
}

// judge asks the store how old the mark of a call is, and stops the call if it began before. It is
// the one trip of its own, and is made only for a call that has a mark.
func (r *Registry) judge(call *running) {
	r.mu.Lock()
	if call.stopped || !call.judged.IsZero() && time.Since(call.judged) < again {
		r.mu.Unlock()
		return
	}
	asked := time.Now()
	call.judged = asked
	r.mu.Unlock()
	age, found, err := r.marks.Age(context.Background(), call.name) // the store has a time-out of its own
	if err != nil || !found {
		return
	}
	made := asked.Add(-age) // at the earliest
	r.mu.Lock()
	defer r.mu.Unlock()
	if met, ambiguous := r.meant(call.name, made); !ambiguous {
		m := &mark{stored: true}
		r.stop(met, m)
		if known := r.recent[call.name]; known != nil && known.heard && m.met {
			known.met, known.content = true, m.content
		}
	}
}
