package idempotency

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Results are persisted even if the client left, and retried while the store is down. Until then
// others reconcile, or are told that the call is in progress. Nothing that others do rests on it.
const (
	// tryTime is the default of [Options.Trial]. A store that does not answer says so much sooner;
	// in its queue a trial may have to wait.
	tryTime    = 10 * time.Second
	writePause = 2 * time.Second // between two trials
	writeLimit = time.Minute     // for all of them
	// maxBacklog bounds what waits for the store, and unmadeBacklog what of it is about attempts
	// that were not made: those come in thousands while the store is away.
	maxBacklog    = 4096
	unmadeBacklog = 512
	// awayAfter is how many trials fail in a row before the rest of them waits.
	awayAfter = 3
)

// backlog is what is still to be written, by one goroutine that is there only as long as there is
// something.
type backlog struct {
	tryTime time.Duration // for one trial

	mu      sync.Mutex
	waiting []pendingWrite
	unmade  int // of those waiting
	over    bool
	closed  chan struct{}
	working sync.WaitGroup
	atWork  bool
}

// pendingWrite is a change that is to be made in the store. It must be such that it can be made at
// any time, and again.
type pendingWrite struct {
	change func(context.Context) error
	since  time.Time
	unmade bool
}

// write makes a change now, or else later.
func (m *Guard) write(ctx context.Context, change func(context.Context) error) {
	if m.backlog.trial(ctx, change) != nil {
		m.backlog.add(pendingWrite{change: change})
	}
}

// enqueue makes a change that is about an attempt that was not made.
func (m *Guard) enqueue(change func(context.Context) error) {
	m.backlog.add(pendingWrite{change: change, unmade: true})
}

func (b *backlog) trial(ctx context.Context, change func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), b.tryTime)
	defer cancel()
	return change(ctx)
}

func (b *backlog) add(c pendingWrite) {
	c.since = time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.over || len(b.waiting) >= maxBacklog || c.unmade && b.unmade >= unmadeBacklog {
		return
	}
	b.waiting = append(b.waiting, c)
	if c.unmade {
		b.unmade++
	}
	if !b.atWork {
		b.atWork = true
		b.working.Go(b.work)
	}
}

func (b *backlog) work() {
	for b.pass() {
		select {
		case <-b.closed:
		case <-time.After(writePause):
		}
	}
}

// pass tries all that is waiting, and tells whether there is something to come back for. Once the
// backlog is closed, the first trial that fails ends it: whoever stops does not wait for a store
// that is away.
func (b *backlog) pass() (more bool) {
	last := false
	for failed := 0; failed < awayAfter && (!last || failed == 0); {
		if !last && b.isClosed() {
			last, failed = true, 0
		}
		c, ok := b.next()
		if !ok {
			return false
		}
		err := b.trial(context.Background(), c.change)
		switch {
		case err == nil, errors.Is(err, errUnreadable):
			failed = 0
		case time.Since(c.since) > writeLimit: // nothing is to be hoped for
			if failed = 0; last || b.isClosed() {
				failed = 1
			}
		default:
			failed++
			b.back(c)
		}
	}
	return !last // after the last pass nothing is added any more
}

func (b *backlog) isClosed() bool {
	select {
	case <-b.closed:
		return true
	default:
		return false
	}
}

func (b *backlog) next() (c pendingWrite, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.waiting) == 0 {
		b.atWork = false
		return c, false
	}
	c, b.waiting = b.waiting[0], b.waiting[1:]
	if c.unmade {
		b.unmade--
	}
	return c, true
}

// back has a write wait again, behind the others.
func (b *backlog) back(c pendingWrite) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.waiting = append(b.waiting, c)
	if c.unmade {
		b.unmade++
	}
}

func (b *backlog) close() {
	b.mu.Lock()
	if !b.over {
		b.over = true
		close(b.closed)
	}
	b.mu.Unlock()
	b.working.Wait()
}

// async does something at the same time as what follows, until its end is asked for.
func async(do func() error) (end func() error) {
	var err error
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		err = do()
	}()
	return func() error {
		<-ended
		return err
	}
}
