package limit

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// maxRefusals is how many refusals are remembered, of which each takes some 200 bytes.
const maxRefusals = 10_000

// Allower counts requests of a kind, as [Addresses] does.
type Allower interface {
	Allow(ctx context.Context, kind, owner string) (ok bool, retryAfter time.Duration, err error)
}

// Refusals stands before an Allower and repeats its refusals until the time that they named, so that a flood asks the
// store no more often than there is room. A refusal that is forgotten, since there are too many, costs one question more. It
// may be used by many goroutines at once.
type Refusals struct {
	next    Allower
	onEvent func(limit string, e Event)
	now     func() time.Time

	mu     sync.Mutex
	known  map[refusalOf]*list.Element // of refusal
	oldest *list.List                  // the oldest one first
}

type refusalOf struct{ kind, owner string }

type refusal struct {
	of    refusalOf
	until time.Time
}

// NewRefusals stands before next. onEvent is told of the refusals that next does not see, as [Options.OnEvent] is of others.
// now nil is time.Now.
func NewRefusals(next Allower, onEvent func(limit string, e Event), now func() time.Time) *Refusals {
	if now == nil {
		now = time.Now
	}
	return &Refusals{next: next, onEvent: onEvent, now: now, known: map[refusalOf]*list.Element{}, oldest: list.New()}
}

// Allow is that of the Allower behind it.
func (r *Refusals) Allow(ctx context.Context, kind, owner string) (ok bool, retryAfter time.Duration, err error) {
	of := refusalOf{kind, owner}
	if left := r.left(of); left > 0 {
		r.onEvent(kind, Refused)
		return false, left, nil
	}
	ok, retryAfter, err = r.next.Allow(ctx, kind, owner)
	if err == nil && !ok && retryAfter > 0 {
		r.remember(refusal{of, r.now().Add(retryAfter)})
	}
	return ok, retryAfter, err
}

// left is how long a refusal still lasts.
func (r *Refusals) left(of refusalOf) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	e, ok := r.known[of]
	if !ok {
		return 0
	}
	left := e.Value.(refusal).until.Sub(r.now())
	if left <= 0 {
		r.forget(e)
	}
	return left
}

func (r *Refusals) remember(new refusal) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e, ok := r.known[new.of]; ok {
		r.forget(e)
	}
	for len(r.known) >= maxRefusals {
		r.forget(r.oldest.Front())
	}
	r.known[new.of] = r.oldest.PushBack(new)
}

func (r *Refusals) forget(e *list.Element) {
	delete(r.known, r.oldest.Remove(e).(refusal).of)
}
