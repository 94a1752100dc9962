package histories_test

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// newFault draws what goes wrong with the next request of an operation that makes something. An API
// that lies (a 4xx after it did it, a 2xx without) is not among it: nobody could tell the truth
// then.
func newFault(r *rand.Rand, operation string) string {
	fault := func(format string, args ...any) string {
		return fmt.Sprintf(`{"operation":%q,%s}`, operation, fmt.Sprintf(format, args...))
	}
	server := []int{500, 502, 503, 504}[r.IntN(4)]
	switch r.IntN(11) {
	case 0:
		return fault(`"kind":"drop_before_commit"`)
	case 1:
		return fault(`"kind":"drop_after_commit"`)
	case 2:
		return fault(`"kind":"status","status":%d`, server)
	case 3:
		return fault(`"kind":"status","status":%d,"after_commit":true`, server)
	case 4:
		return fault(`"kind":"status","status":%d`, []int{400, 403, 404, 422}[r.IntN(4)])
	case 5:
		return fault(`"kind":"status","status":429,"retry_after":%d,"count":%d`, r.IntN(4), 1+r.IntN(3))
	case 6:
		return fault(`"kind":"status","status":201,"after_commit":true,"body":"{"`)
	case 7:
		return fault(`"kind":"delay","ms":%d`, upTo(r, 40*time.Second).Milliseconds())
	case 8:
		return fault(`"kind":"delay","ms":%d,"after_commit":true`, upTo(r, 40*time.Second).Milliseconds())
	case 9:
		return fault(`"kind":"commit_late","ms":%d`, late(r))
	default:
		return fault(`"kind":"commit_late","ms":%d,"status":%d`, late(r), server)
	}
}

func late(r *rand.Rand) int64 {
	if chance(r, 60) {
		return upTo(r, 6*time.Second).Milliseconds()
	}
	return upTo(r, latest).Milliseconds()
}

// latest is how late something is committed at most.
const latest = 80 * time.Second

// newLookFault draws what goes wrong with looking.
func newLookFault(r *rand.Rand) string {
	switch r.IntN(3) {
	case 0:
		return fmt.Sprintf(`{"operation":"findMessages","kind":"status","status":503,"count":%d}`, 1+r.IntN(12))
	case 1:
		return fmt.Sprintf(`{"operation":"findMessages","kind":"delay","ms":%d}`, upTo(r, 20*time.Second).Milliseconds())
	default:
		return fmt.Sprintf(`{"operation":"findMessages","kind":"drop_after_commit","count":%d}`, 1+r.IntN(12))
	}
}

// event is something that happens to the world.
type event struct {
	at    time.Duration
	kills bool
	what  func(w *world)
}

// newEvents draws what happens beside the calls.
func newEvents(r *rand.Rand) []event {
	var events []event
	for range r.IntN(4) {
		e := event{at: upTo(r, 20*time.Second)}
		slot, again := r.IntN(replicas), upTo(r, 15*time.Second)
		switch n := r.IntN(100); {
		case n < 35:
			comes := chance(r, 70)
			e.kills, e.what = true, func(w *world) { w.kill(slot, comes, again) }
		case n < 60:
			d := upTo(r, 2*time.Second)
			if chance(r, 25) {
				d = upTo(r, 20*time.Second)
			}
			e.what = func(w *world) { w.outage(d, false) }
		case n < 75:
			d := upTo(r, 2*time.Second)
			e.what = func(w *world) { w.slowness(d) }
		default:
			jump := []time.Duration{2 * time.Second, time.Minute, time.Hour, 30 * time.Hour}[r.IntN(4)]
			if chance(r, 50) {
				jump = -jump
			}
			e.what = func(w *world) { w.jump(slot, jump) }
		}
		events = append(events, e)
	}
	return events
}
