package limit

import (
	"slices"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

const (
	// localSteps is how many steps a period has here. What was taken is given free up to one of
	// them late.
	localSteps = 20
	// maxOwners is how many owners each quota is counted for, which costs five MiB at most.
	maxOwners = 10_000
)

// local is what this process itself saw taken, of every owner: what the store counted for it, and
// what was taken while the store was away. It is the bound that holds then, so that nobody takes
// more than the maximum from any process. It counts from the start, not from the outage on, or each
// outage would begin with a full allowance.
//
// It is bounded: when a quota has counted for as many owners as it can and none of them is free
// again, all others share one allowance, since those who are not counted would have none. The zero
// value is empty; it may be used by many goroutines at once.
type local struct {
	mu      sync.Mutex
	ledgers map[string]*ledger // by the quota's name, which has one period always
}

type ledger struct {
	windows *simplelru.LRU[string, *window] // by owner
	others  window                          // of all owners for whom there is no room
}

// window is what an owner took in the last period.
type window struct {
	owner string
	steps []counted // the oldest first
	// unstored is the last step in which something was taken that the store does not know of.
	unstored int64
}

type counted struct {
	step   int64
	amount int
}

// take takes of all quotas of an owner, or, if one has too little room, of none.
func (l *local) take(owner string, quotas []Quota, now time.Time) Taken {
	l.mu.Lock()
	defer l.mu.Unlock()
	if taken, short := l.short(owner, quotas, now, func(*window, int64) bool { return true }); short {
		return taken
	}
	for _, q := range quotas {
		w := l.window(owner, q, now)
		w.unstored = stepAt(q, now)
		w.add(w.unstored, q.Amount)
	}
	return Taken{Short: -1, At: now}
}

// count adds what the store has let an owner take. It is refused all the same if the owner took, in
// the period that is not over yet, what the store does not know of, and both together are too much.
func (l *local) count(owner string, quotas []Quota, now time.Time) Taken {
	l.mu.Lock()
	defer l.mu.Unlock()
	hasUnstored := func(w *window, oldest int64) bool { return w.owner == owner && w.unstored >= oldest && w.unstored > 0 }
	if taken, short := l.short(owner, quotas, now, hasUnstored); short {
		return taken
	}
	for _, q := range quotas {
		l.window(owner, q, now).add(stepAt(q, now), q.Amount)
	}
	return Taken{Short: -1, At: now}
}

// giveBack undoes a part or all of what was counted at a time.
func (l *local) giveBack(owner string, at time.Time, quotas []Quota) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, q := range quotas {
		w := l.window(owner, q, at)
		for i := range w.steps {
			if w.steps[i].step == stepAt(q, at) {
				w.steps[i].amount = max(0, w.steps[i].amount-q.Amount)
			}
		}
	}
}

// short finds the quota with too little room, of several the one that has none for the longest,
// among those whose window counts.
func (l *local) short(owner string, quotas []Quota, now time.Time, counts func(w *window, oldest int64) bool) (taken Taken, short bool) {
	taken = Taken{Short: -1, At: now}
	for i, q := range quotas {
		current := stepAt(q, now)
		w := l.window(owner, q, now)
		w.forget(current)
		if !counts(w, current-localSteps) {
			continue
		}
		room := q.Max - w.used()
		if q.Amount <= room {
			continue
		}
		wait := time.Duration(-1)
		if q.Amount <= q.Max {
			wait = w.wait(q, room, now)
		}
		if taken.Short < 0 || wait == -1 || taken.Wait != -1 && wait > taken.Wait {
			taken.Short, taken.Room, taken.Wait = i, max(room, 0), wait
		}
	}
	return taken, taken.Short >= 0
}

// window gives an owner's window, which is the most recently counted in from now on.
func (l *local) window(owner string, q Quota, now time.Time) *window {
	if l.ledgers == nil {
		l.ledgers = map[string]*ledger{}
	}
	g := l.ledgers[q.Name]
	if g == nil {
		g = &ledger{}
		g.windows, _ = simplelru.NewLRU[string, *window](maxOwners, nil) // only sizes below 1 are an error
		l.ledgers[q.Name] = g
	}
	if w, ok := g.windows.Get(owner); ok {
		return w
	}
	if g.windows.Len() >= maxOwners {
		_, oldest, _ := g.windows.GetOldest()
		if oldest.forget(stepAt(q, now)); oldest.used() > 0 {
			return &g.others
		}
	}
	w := &window{owner: owner}
	g.windows.Add(owner, w)
	return w
}

func (w *window) used() (n int) {
	for _, s := range w.steps {
		n += s.amount
	}
	return n
}

func (w *window) add(step int64, amount int) {
	if last := len(w.steps) - 1; last >= 0 && w.steps[last].step >= step {
		w.steps[last].amount += amount
		return
	}
	w.steps = append(w.steps, counted{step, amount})
}

// forget drops what is a period old. Steps of the future are there when the clock was set back:
// they become the present one, or they would count for as long as the clock was wrong.
func (w *window) forget(current int64) {
	w.steps = slices.DeleteFunc(w.steps, func(s counted) bool { return s.step < current-localSteps })
	ahead := 0
	for len(w.steps) > 0 && w.steps[len(w.steps)-1].step > current {
		ahead += w.steps[len(w.steps)-1].amount
		w.steps = w.steps[:len(w.steps)-1]
	}
	if ahead > 0 {
		w.add(current, ahead)
	}
	w.unstored = min(w.unstored, current)
}

// wait is how long until there is room for a quota, if nobody takes it first.
func (w *window) wait(q Quota, room int, now time.Time) time.Duration {
	for _, s := range w.steps {
		if room += s.amount; room >= q.Amount {
			return time.Unix(0, (s.step+localSteps+1)*int64(stepLength(q))).Sub(now)
		}
	}
	return q.Period
}

// stepLength is rounded up, so that all steps are at least the period.
func stepLength(q Quota) time.Duration { return max(1, (q.Period+localSteps-1)/localSteps) }

func stepAt(q Quota, t time.Time) int64 { return t.UnixNano() / int64(stepLength(q)) }
