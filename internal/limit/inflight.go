package limit

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/fault"
)

// InFlightOptions configure an [InFlight]. Max and PerCaller are required.
type InFlightOptions struct {
	// Max is how many calls run at once, PerCaller how many of one caller with weight 1. PerCaller
	// is at most Max.
	Max, PerCaller int
	// MaxWaiting is how many calls wait beyond these, WaitingPerCaller how many of one caller.
	// Default: none waits.
	MaxWaiting, WaitingPerCaller int
	// Wait is the longest that a call waits for its turn, Stall the longest while the queue does
	// not move. Required if calls wait.
	Wait, Stall time.Duration
	// OnChange hears how many calls run and wait, OnRefused which bound was reached. They must not
	// block.
	OnChange  func(running, waiting int)
	OnRefused func(bound Bound)
}

// Bound is what a refused call ran into.
type Bound string

const (
	// BoundCaller is the caller's own share.
	BoundCaller Bound = "caller"
	// BoundAll is what this process does for all callers together.
	BoundAll Bound = "all"
	// BoundStopping says that the process is about to stop.
	BoundStopping Bound = "stopping"
)

// BusyError says that a call found no room. The call was not begun.
type BusyError struct {
	// Bound is what was reached.
	Bound Bound
	after time.Duration
}

func (e *BusyError) Error() string {
	return "limit: too many calls in flight (" + string(e.Bound) + ")"
}

// Unwrap says whose calls are too many, and when to come back.
func (e *BusyError) Unwrap() error {
	answer := &fault.Error{Kind: fault.Busy, RetryAfter: e.after}
	if e.Bound == BoundCaller {
		answer.Kind = fault.OwnShare
	}
	return answer
}

// When a refused caller should come back. What ran into a full queue finds room sooner than what
// waited for one that does not move.
const (
	afterFull  = time.Second
	afterStall = 5 * time.Second
)

// InFlight bounds the calls that this process has in flight, for all callers together and for each.
// What finds no room waits a short while in a bounded queue: first come, first served within a
// caller, round-robin between callers, where each gets as many calls a round as its weight. It may
// be used by many goroutines at once. It needs no store, so it bounds what one caller takes of this
// process while Redis is away too.
type InFlight struct {
	opts   InFlightOptions
	closed chan struct{}

	mu       sync.Mutex
	stopping bool
	running  int
	waiting  int
	served   uint64            // calls that left the queue for a slot
	callers  map[string]*share // those with calls that run or wait
	turns    list.List         // of *share: those with a waiting call that their own bound lets run
}

// share is what one caller has in flight.
type share struct {
	name    string
	weight  int
	running int
	served  uint64
	waiting list.List     // of *ticket
	turn    *list.Element // in InFlight.turns, nil if not there
	credit  int           // calls left in this round
}

// ticket is a waiting call.
type ticket struct {
	share   *share
	place   *list.Element // nil once it has left the queue
	granted chan struct{} // closed when it has a slot
}

// NewInFlight names what is missing in the options.
func NewInFlight(opts InFlightOptions) (*InFlight, error) {
	if opts.Max < 1 || opts.PerCaller < 1 || opts.PerCaller > opts.Max {
		return nil, errors.New("limit: Max must be at least 1, and PerCaller between 1 and Max")
	}
	if opts.MaxWaiting > 0 && (opts.Wait <= 0 || opts.Stall <= 0) {
		return nil, errors.New("limit: calls that wait need Wait and Stall")
	}
	if opts.OnChange == nil {
		opts.OnChange = func(int, int) {}
	}
	if opts.OnRefused == nil {
		opts.OnRefused = func(Bound) {}
	}
	return &InFlight{opts: opts, closed: make(chan struct{}), callers: map[string]*share{}}, nil
}

// Enter waits for room for a call of a caller, which has at most weight times PerCaller calls in
// flight. The call has ended when leave is called, once or more often. Its errors are [BusyError],
// and that of ctx, with which the call leaves the queue.
func (f *InFlight) Enter(ctx context.Context, caller string, weight int) (leave func(), err error) {
	f.mu.Lock()
	t, err := f.take(caller, max(weight, 1))
	f.mu.Unlock()
	if err != nil {
		f.opts.OnRefused(err.(*BusyError).Bound) //nolint:errorlint // take gives no other
		return nil, err
	}
	leave = sync.OnceFunc(func() { f.leave(t.share) })
	if t.granted == nil {
		return leave, nil
	}
	if err := f.wait(ctx, t); err != nil {
		var busy *BusyError
		if errors.As(err, &busy) {
			f.opts.OnRefused(busy.Bound)
		}
		return nil, err
	}
	return leave, nil
}

// TryEnter gives a call of a caller its room if there is some that nobody waits for.
func (f *InFlight) TryEnter(caller string, weight int) (leave func(), ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s := f.share(caller, max(weight, 1))
	if f.stopping || !f.isFree(s) {
		return nil, false
	}
	f.callers[caller] = s
	f.start(s)
	return sync.OnceFunc(func() { f.leave(s) }), true
}

// Closed is closed by Close.
func (f *InFlight) Closed() <-chan struct{} { return f.closed }

// Close refuses the calls that wait and all that come from now on. Those that run go on.
func (f *InFlight) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.stopping {
		f.stopping = true
		close(f.closed)
	}
}

// take gives a slot, or a place in the queue. f.mu is held.
func (f *InFlight) take(caller string, weight int) (*ticket, error) {
	if f.stopping {
		return nil, &BusyError{Bound: BoundStopping, after: afterFull}
	}
	s := f.share(caller, weight)
	switch {
	case f.isFree(s):
		f.callers[caller] = s
		f.start(s)
		return &ticket{share: s}, nil
	case f.waiting >= f.opts.MaxWaiting:
		return nil, &BusyError{Bound: BoundAll, after: afterFull}
	case s.waiting.Len() >= f.opts.WaitingPerCaller:
		return nil, &BusyError{Bound: BoundCaller, after: afterFull}
	}
	f.callers[caller] = s
	t := &ticket{share: s, granted: make(chan struct{})}
	t.place = s.waiting.PushBack(t)
	f.waiting++
	f.queue(s)
	f.changed()
	return t, nil
}

// share finds what a caller has in flight. f.mu is held.
func (f *InFlight) share(caller string, weight int) *share {
	if s := f.callers[caller]; s != nil {
		return s
	}
	return &share{name: caller, weight: weight}
}

// isFree tells whether a call can run at once. Then nobody else could run who waits. f.mu is held.
func (f *InFlight) isFree(s *share) bool {
	return f.running < f.opts.Max && s.waiting.Len() == 0 && f.hasRoom(s)
}

// wait waits for the slot of a ticket.
func (f *InFlight) wait(ctx context.Context, t *ticket) error {
	began := time.Now()
	seen := f.progress(t)
	look := time.NewTimer(min(f.opts.Stall, f.opts.Wait))
	defer look.Stop()
	for {
		select {
		case <-t.granted:
			return nil
		case <-ctx.Done():
			return f.giveUp(t, ctx.Err())
		case <-f.closed:
			return f.giveUp(t, &BusyError{Bound: BoundStopping, after: afterFull})
		case <-look.C:
			now := f.progress(t)
			left := f.opts.Wait - time.Since(began)
			if now == seen || left <= 0 {
				return f.giveUp(t, &BusyError{Bound: f.bound(), after: afterStall})
			}
			seen = now
			look.Reset(min(f.opts.Stall, left))
		}
	}
}

// progress counts the calls that got what t waits for: a slot of its caller's share if that is used
// up, else any.
func (f *InFlight) progress(t *ticket) uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.hasRoom(t.share) {
		return t.share.served
	}
	return f.served
}

// bound is what keeps a waiting call from running.
func (f *InFlight) bound() Bound {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.running < f.opts.Max {
		return BoundCaller
	}
	return BoundAll
}

// giveUp takes a ticket out of the queue, and gives back a slot that it got in the same moment.
func (f *InFlight) giveUp(t *ticket, err error) error {
	f.mu.Lock()
	s := t.share
	if t.place == nil {
		f.mu.Unlock()
		f.leave(s)
		return err
	}
	defer f.mu.Unlock()
	s.waiting.Remove(t.place)
	t.place = nil
	f.waiting--
	if s.waiting.Len() == 0 {
		f.unqueue(s)
	}
	f.forget(s)
	f.changed()
	return err
}

func (f *InFlight) leave(s *share) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.running--
	s.running--
	f.queue(s)
	for f.running < f.opts.Max && f.turns.Len() > 0 {
		f.grant()
	}
	f.forget(s)
	f.changed()
}

// grant gives a slot to the caller whose turn it is. f.mu is held.
func (f *InFlight) grant() {
	s := f.turns.Front().Value.(*share) //nolint:forcetypeassert // the list has no other
	t := s.waiting.Remove(s.waiting.Front()).(*ticket)
	t.place = nil
	f.waiting--
	s.credit--
	f.served++
	s.served++
	f.start(s)
	close(t.granted)
	switch {
	case s.waiting.Len() == 0 || !f.hasRoom(s):
		f.unqueue(s)
	case s.credit <= 0:
		s.credit = s.weight
		f.turns.MoveToBack(s.turn)
	}
}

func (f *InFlight) start(s *share) {
	f.running++
	s.running++
	f.changed()
}

// queue gives a caller a turn, at the end of the round, if it has a call that could run.
func (f *InFlight) queue(s *share) {
	if s.turn == nil && s.waiting.Len() > 0 && f.hasRoom(s) {
		s.turn, s.credit = f.turns.PushBack(s), s.weight
	}
}

func (f *InFlight) unqueue(s *share) {
	if s.turn != nil {
		f.turns.Remove(s.turn)
		s.turn = nil
	}
}

func (f *InFlight) forget(s *share) {
	if s.running == 0 && s.waiting.Len() == 0 {
		delete(f.callers, s.name)
	}
}

// hasRoom tells whether a caller's own bound lets another call run.
func (f *InFlight) hasRoom(s *share) bool { return s.running < f.opts.PerCaller*s.weight }

func (f *InFlight) changed() { f.opts.OnChange(f.running, f.waiting) }
