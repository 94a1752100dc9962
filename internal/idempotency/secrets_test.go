package idempotency_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/idempotency"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// rotation are the secrets of replicas, in the order in which they are rolled out. Two that follow
// one another run side by side.
func rotation(t *testing.T) []func(*idempotency.Options) {
	return []func(*idempotency.Options){
		underSecrets(t, secretA), underSecrets(t, secretA, secretB), underSecrets(t, secretB, secretA), underSecrets(t, secretB),
	}
}

func TestRecordsAreFoundWhileSecretsRotate(t *testing.T) {
	inTime(t, func(t *testing.T) {
		for i := range 2 {
			s := newMemStore()
			var a api
			p, q := start(t, s, rotation(t)[i]), start(t, s, rotation(t)[i+1])
			time.Sleep(time.Minute)
			for _, pair := range [][2]*process{{p, q}, {q, p}} {
				key := fmt.Sprint("k", len(a.made))
				want(t, pair[0], a.message(key, key, outcome{}), mcpadapter.Executed)
				want(t, pair[1], a.message(key, key, outcome{}), mcpadapter.Replayed)
				want(t, pair[1], a.message(key, "other", outcome{}), mcpadapter.KeyReused)
				// A refusal is not the last word, wherever it is noted.
				want(t, pair[0], a.message(key+"r", key+"r", outcome{refused: true}), mcpadapter.Executed)
				want(t, pair[1], a.message(key+"r", key+"r", outcome{}), mcpadapter.Executed)
				want(t, pair[0], a.message(key+"r", key+"r", outcome{}), mcpadapter.Replayed)
				// Nor is what another has made taken for what has no answer.
				want(t, pair[1], a.message(key+"x", key, outcome{dropped: true}), mcpadapter.NotFoundYet)
				want(t, pair[0], a.message(key+"u", key+"u", outcome{dropped: true}), mcpadapter.NotFoundYet)
				want(t, pair[1], a.message(key+"v", key+"u", outcome{cut: true}), mcpadapter.Indeterminate)
				want(t, pair[1], a.message(key+"u", key+"u", outcome{}), mcpadapter.Indeterminate)
			}
		}
	})
}

func TestAQueueHoldsUnderTwoSecrets(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s := newMemStore()
		p, q := start(t, s, rotation(t)[1]), start(t, s, rotation(t)[2])
		time.Sleep(time.Minute)
		var a api
		for _, pair := range [][2]*process{{p, q}, {q, p}} {
			var all sync.WaitGroup
			text := fmt.Sprint("text", len(a.made))
			all.Go(func() {
				want(t, pair[0], a.message(text+"a", text, outcome{takes: 5 * time.Second}), mcpadapter.Executed)
			})
			time.Sleep(time.Second)
			begun := time.Now()
			want(t, pair[1], a.message(text+"b", text, outcome{}), mcpadapter.Executed)
			if waited := time.Since(begun); waited < 4*time.Second {
				t.Errorf("only %v", waited)
			}
			all.Wait()
		}
	})
}

func TestSecretRotationIsNotDataLoss(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s := newMemStore()
		whole := true
		lost := func(o *idempotency.Options) {
			o.OnLoss = func() {
				if whole {
					t.Error("it is taken for lost")
				}
			}
		}
		var a api
		var last *process
		for i, secrets := range rotation(t) {
			p := start(t, s, secrets, lost, rarely)
			time.Sleep(time.Hour)
			want(t, p, a.contact(fmt.Sprint("k", i), "text", outcome{}), mcpadapter.Executed)
			if last != nil {
				want(t, last, a.contact(fmt.Sprint("l", i), "text", outcome{}), mcpadapter.Executed)
				last.end()
			}
			time.Sleep(30 * time.Hour)
			last = p
		}
		whole = false
		s.lose()
		want(t, last, a.contact("k3", "text", outcome{}), mcpadapter.StoreReset)
	})
}

// Replicas that have no secret in common see nothing of each other, and must not report that each
// other's data was lost.
func TestReplicasWithoutACommonSecretAreSeparate(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s := newMemStore()
		lost := func(o *idempotency.Options) { o.OnLoss = func() { t.Error("it is taken for lost") } }
		var a api
		start(t, s, underSecrets(t, secretA), lost)
		time.Sleep(time.Minute)
		p := start(t, s, underSecrets(t, secretB), lost)
		time.Sleep(time.Minute)
		want(t, p, a.contact("k", "text", outcome{}), mcpadapter.Executed)
	})
}

// A rotation that skips a step has replicas see what is sealed by a secret that they do not have.
func TestAnUnreadableEpochIsNotReportedAsLost(t *testing.T) {
	lost := func(o *idempotency.Options) { o.OnLoss = func() { t.Error("it is taken for lost") } }
	inTime(t, func(t *testing.T) {
		s := newMemStore()
		var a api
		start(t, s, underSecrets(t, secretA), lost)
		time.Sleep(time.Minute)
		early := start(t, s, underSecrets(t, secretB), lost)
		time.Sleep(time.Minute)
		start(t, s, underSecrets(t, secretB, secretA), lost) // from here on it is sealed by the other secret
		time.Sleep(time.Minute)
		want(t, early, a.contact("k", "text", outcome{}), mcpadapter.Executed)
	})
	inTime(t, func(t *testing.T) {
		s := newMemStore()
		var a api
		old := start(t, s, underSecrets(t, secretA), lost)
		time.Sleep(time.Minute)
		both := start(t, s, underSecrets(t, secretB, secretA), lost)
		time.Sleep(time.Minute)
		want(t, both, a.contact("k", "text", outcome{}), mcpadapter.Executed)
		// It cannot see what was done under the other secret.
		want(t, old, a.contact("k", "text", outcome{}), mcpadapter.StoreReset)
		want(t, both, a.contact("l", "text", outcome{}), mcpadapter.Executed)
	})
}

// Two replicas that differ in which secret is in use make their records under two names. However
// their steps interleave, one of them executes the operation.
func TestOneOfTwoDuplicatesUnderTwoSecretsExecutes(t *testing.T) {
	for _, fingerprint := range []bool{true, false} {
		for pattern := range 1 << 9 {
			synctest.Test(t, func(t *testing.T) {
				s := newMemStore()
				p := []*process{start(t, s, rotation(t)[1]), start(t, s, rotation(t)[2])}
				time.Sleep(time.Minute)
				var a api
				w := a.contact("k", "text", outcome{})
				if fingerprint {
					w = a.message("k", "text", outcome{})
				}
				scheduler := newScheduler(pattern, 9)
				for i, q := range p {
					q.line.set(func(l *line) {
						l.wait = func(part, _, _ string) {
							if part == operations {
								scheduler.take(i)
							}
						}
					})
				}
				var all sync.WaitGroup
				states := make([]mcpadapter.State, 2)
				for i, q := range p {
					all.Go(func() {
						states[i] = do(t.Context(), q, w).State
						scheduler.over(i)
					})
				}
				all.Wait()
				a.wantMade(t, "k", 1)
				if states[0] == states[1] || states[0] > mcpadapter.Replayed || states[1] > mcpadapter.Replayed {
					t.Errorf("pattern %b: %s and %s", pattern, stateName(states[0]), stateName(states[1]))
				}
			})
		}
	}
}

// A replica died just when it had made a record of its own beside another's. Whoever takes that up
// finds the other one.
func TestASecondRecordOfADeadOwnerDoesNotBlock(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s := newMemStore()
		p, q, r := start(t, s, rotation(t)[1]), start(t, s, rotation(t)[2]), start(t, s, rotation(t)[1])
		time.Sleep(time.Minute)
		var a api
		var all sync.WaitGroup
		q.line.set(func(l *line) {
			looked := false
			l.then = func(part, op, _ string, _ error) {
				switch {
				case part == operations && op == "Get" && !looked: // it has not seen what is there now
					looked = true
					all.Go(func() { want(t, p, a.message("k", "text", outcome{takes: 30 * time.Second}), mcpadapter.Executed) })
					time.Sleep(time.Second)
				case part == operations && op == "Add":
					l.set(func(l *line) { l.cut = true })
				}
			}
		})
		do(t.Context(), q, a.message("k", "text", outcome{}))
		q.die()
		time.Sleep(10 * time.Second)
		want(t, r, a.message("k", "text", outcome{}), mcpadapter.Replayed)
		all.Wait()
		a.wantMade(t, "k", 1)
	})
}

// scheduler has two take steps in an order that a number says, bit by bit, and as they like after
// that or when one has ended.
type scheduler struct {
	mu      sync.Mutex
	order   []int
	changed chan struct{}
}

func newScheduler(pattern, n int) *scheduler {
	s := &scheduler{changed: make(chan struct{})}
	for i := range n {
		s.order = append(s.order, pattern>>i&1)
	}
	return s
}

func (s *scheduler) take(who int) {
	for {
		s.mu.Lock()
		if len(s.order) == 0 || s.order[0] == who {
			s.next()
			s.mu.Unlock()
			return
		}
		changed := s.changed
		s.mu.Unlock()
		select {
		case <-changed:
		case <-time.After(time.Second): // the other one is not about to take a step
			s.mu.Lock()
			if changed == s.changed {
				s.next()
			}
			s.mu.Unlock()
		}
	}
}

// next is called with the lock.
func (s *scheduler) next() {
	if len(s.order) > 0 {
		s.order = s.order[1:]
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *scheduler) over(who int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.order) > 0 && s.order[0] == who {
		s.order = s.order[1:]
	}
	close(s.changed)
	s.changed = make(chan struct{})
}
