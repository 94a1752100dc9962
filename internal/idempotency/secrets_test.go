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

// rotation are the secrets of replicas, in the order in which they are rolled out. Two that follow one another run side by
// side.
func rotation(t *testing.T) []func(*idempotency.Options) {
	return []func(*idempotency.Options){
		underSecrets(t, secretA), underSecrets(t, secretA, secretB), underSecrets(t, secretB, secretA), underSecrets(t, secretB),
	}
}

func TestWhatWasDoneIsKnownWhileSecretsRotate(t *testing.T) {
	inTime(t, func(t *testing.T) {
		for i := range 2 {
			s := newShelf()
			var a api
			p, q := start(t, s, rotation(t)[i]), start(t, s, rotation(t)[i+1])
			time.Sleep(time.Minute)
			for _, pair := range [][2]*process{{p, q}, {q, p}} {
				key := fmt.Sprint("k", len(a.made))
				want(t, pair[0], a.message(key, key, fate{}), mcpadapter.Executed)
				want(t, pair[1], a.message(key, key, fate{}), mcpadapter.Replayed)
				want(t, pair[1], a.message(key, "other", fate{}), mcpadapter.KeyReused)
				// A refusal is not the last word, wherever it is noted.
				want(t, pair[0], a.message(key+"r", key+"r", fate{refused: true}), mcpadapter.Executed)
				want(t, pair[1], a.message(key+"r", key+"r", fate{}), mcpadapter.Executed)
				want(t, pair[0], a.message(key+"r", key+"r", fate{}), mcpadapter.Replayed)
				// Nor is what another has made taken for what has no answer.
				want(t, pair[1], a.message(key+"x", key, fate{dropped: true}), mcpadapter.NotFoundYet)
				want(t, pair[0], a.message(key+"u", key+"u", fate{dropped: true}), mcpadapter.NotFoundYet)
				want(t, pair[1], a.message(key+"v", key+"u", fate{cut: true}), mcpadapter.Indeterminate)
				want(t, pair[1], a.message(key+"u", key+"u", fate{}), mcpadapter.Indeterminate)
			}
		}
	})
}

func TestWorksOfOneLikenessWaitForEachOtherUnderTwoSecrets(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s := newShelf()
		p, q := start(t, s, rotation(t)[1]), start(t, s, rotation(t)[2])
		time.Sleep(time.Minute)
		var a api
		for _, pair := range [][2]*process{{p, q}, {q, p}} {
			var all sync.WaitGroup
			text := fmt.Sprint("text", len(a.made))
			all.Go(func() {
				want(t, pair[0], a.message(text+"a", text, fate{takes: 5 * time.Second}), mcpadapter.Executed)
			})
			time.Sleep(time.Second)
			begun := time.Now()
			want(t, pair[1], a.message(text+"b", text, fate{}), mcpadapter.Executed)
			if waited := time.Since(begun); waited < 4*time.Second {
				t.Errorf("only %v", waited)
			}
			all.Wait()
		}
	})
}

func TestTheMemoryIsNotTakenForLostWhileSecretsRotate(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s := newShelf()
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
			want(t, p, a.contact(fmt.Sprint("k", i), "text", fate{}), mcpadapter.Executed)
			if last != nil {
				want(t, last, a.contact(fmt.Sprint("l", i), "text", fate{}), mcpadapter.Executed)
				last.end()
			}
			time.Sleep(30 * time.Hour)
			last = p
		}
		whole = false
		s.lose()
		want(t, last, a.contact("k3", "text", fate{}), mcpadapter.StoreReset)
	})
}

// Replicas that have no secret in common see nothing of each other, and must not say of each other's memory that it was lost.
func TestReplicasWithoutACommonSecretLeaveEachOtherAlone(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s := newShelf()
		lost := func(o *idempotency.Options) { o.OnLoss = func() { t.Error("it is taken for lost") } }
		var a api
		start(t, s, underSecrets(t, secretA), lost)
		time.Sleep(time.Minute)
		p := start(t, s, underSecrets(t, secretB), lost)
		time.Sleep(time.Minute)
		want(t, p, a.contact("k", "text", fate{}), mcpadapter.Executed)
	})
}

// A rotation that skips a step has replicas see what is sealed by a secret that they do not have.
func TestAMemoryThatCannotBeReadIsNotSaidToBeLost(t *testing.T) {
	lost := func(o *idempotency.Options) { o.OnLoss = func() { t.Error("it is taken for lost") } }
	inTime(t, func(t *testing.T) {
		s := newShelf()
		var a api
		start(t, s, underSecrets(t, secretA), lost)
		time.Sleep(time.Minute)
		early := start(t, s, underSecrets(t, secretB), lost)
		time.Sleep(time.Minute)
		start(t, s, underSecrets(t, secretB, secretA), lost) // from here on it is sealed by the other secret
		time.Sleep(time.Minute)
		want(t, early, a.contact("k", "text", fate{}), mcpadapter.Executed)
	})
	inTime(t, func(t *testing.T) {
		s := newShelf()
		var a api
		old := start(t, s, underSecrets(t, secretA), lost)
		time.Sleep(time.Minute)
		both := start(t, s, underSecrets(t, secretB, secretA), lost)
		time.Sleep(time.Minute)
		want(t, both, a.contact("k", "text", fate{}), mcpadapter.Executed)
		// It cannot see what was done under the other secret.
		want(t, old, a.contact("k", "text", fate{}), mcpadapter.StoreReset)
		want(t, both, a.contact("l", "text", fate{}), mcpadapter.Executed)
	})
}

// Two replicas that differ in which secret is in use make their records under two names. However their steps interleave,
// one of them does the work.
func TestOfTwinsUnderTwoSecretsOneIsDone(t *testing.T) {
	for _, likeness := range []bool{true, false} {
		for pattern := range 1 << 9 {
			synctest.Test(t, func(t *testing.T) {
				s := newShelf()
				p := []*process{start(t, s, rotation(t)[1]), start(t, s, rotation(t)[2])}
				time.Sleep(time.Minute)
				var a api
				w := a.contact("k", "text", fate{})
				if likeness {
					w = a.message("k", "text", fate{})
				}
				turns := newTurns(pattern, 9)
				for i, q := range p {
					q.line.set(func(l *line) {
						l.wait = func(part, _, _ string) {
							if part == works {
								turns.take(i)
							}
						}
					})
				}
				var all sync.WaitGroup
				states := make([]mcpadapter.State, 2)
				for i, q := range p {
					all.Go(func() {
						states[i] = q.Do(t.Context(), w).State
						turns.over(i)
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

// A replica died just when it had made a record of its own beside another's. Whoever takes that up finds the other one.
func TestARecordThatWasLeftBesideAnotherStandsInNobodysWay(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s := newShelf()
		p, q, r := start(t, s, rotation(t)[1]), start(t, s, rotation(t)[2]), start(t, s, rotation(t)[1])
		time.Sleep(time.Minute)
		var a api
		var all sync.WaitGroup
		q.line.set(func(l *line) {
			looked := false
			l.then = func(part, op, _ string, _ error) {
				switch {
				case part == works && op == "Get" && !looked: // it has not seen what is there now
					looked = true
					all.Go(func() { want(t, p, a.message("k", "text", fate{takes: 30 * time.Second}), mcpadapter.Executed) })
					time.Sleep(time.Second)
				case part == works && op == "Add":
					l.set(func(l *line) { l.cut = true })
				}
			}
		})
		q.Do(t.Context(), a.message("k", "text", fate{}))
		q.die()
		time.Sleep(10 * time.Second)
		want(t, r, a.message("k", "text", fate{}), mcpadapter.Replayed)
		all.Wait()
		a.wantMade(t, "k", 1)
	})
}

// turns has two take steps in an order that a number says, bit by bit, and as they like after that or when one has ended.
type turns struct {
	mu      sync.Mutex
	order   []int
	changed chan struct{}
}

func newTurns(pattern, n int) *turns {
	s := &turns{changed: make(chan struct{})}
	for i := range n {
		s.order = append(s.order, pattern>>i&1)
	}
	return s
}

func (s *turns) take(who int) {
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
func (s *turns) next() {
	if len(s.order) > 0 {
		s.order = s.order[1:]
	}
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *turns) over(who int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.order) > 0 && s.order[0] == who {
		s.order = s.order[1:]
	}
	close(s.changed)
	s.changed = make(chan struct{})
}
