package idempotency_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/idempotency"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
)

// storedAttempt is what tests read of a record or of an open attempt.
type storedAttempt struct {
	Phase   string    `json:"p"`
	Attempt string    `json:"a"`
	Unknown bool      `json:"u"`
	Since   time.Time `json:"s"`
}

// stored gives the values of a part that have not expired, under either secret.
func stored[T any](t *testing.T, s *memStore, part string) (all []T) {
	t.Helper()
	keys, err := seal.New(secretA, secretB)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range s.names(part) {
		var v T
		raw, _, _ := s.part(part).Get(t.Context(), name)
		plain, err := keys.Sealer("once").Open(raw, []byte(name))
		if err != nil || json.Unmarshal(plain, &v) != nil {
			t.Fatalf("%s %s: %s %v", part, name, plain, err)
		}
		all = append(all, v)
	}
	return all
}

// wantClean checks that nobody is in flight, that every record is concluded, and that exactly the
// attempts without an answer are open.
func wantClean(t *testing.T, s *memStore, when string) {
	t.Helper()
	if left := s.names(queues); len(left) != 0 {
		t.Errorf("%s: %d queues are held", when, len(left))
	}
	var unknown, open []string
	for _, r := range stored[storedAttempt](t, s, operations) {
		switch r.Phase {
		case "unknown":
			unknown = append(unknown, r.Attempt)
		case "done", "refused":
		default:
			t.Errorf("%s: a record is %s", when, r.Phase)
		}
	}
	for _, l := range stored[[]storedAttempt](t, s, fingerprints) {
		for _, o := range l {
			open = append(open, o.Attempt)
		}
	}
	slices.Sort(unknown)
	slices.Sort(open)
	if !slices.Equal(slices.Compact(open), unknown) {
		t.Errorf("%s: open are %q, without an answer %q", when, open, unknown)
	}
}

// Each operation of a call fails, before or after it took effect, while a twin is under way, after
// another owner died, or after the record was lost. Once the backlog is written, nothing of the
// call is left in a queue or a list.
func TestOneFaultLeavesNothingBehind(t *testing.T) {
	scenes := map[string]func(t *testing.T, s *memStore, p []*process, a *api) (wait func()){
		"alone": func(*testing.T, *memStore, []*process, *api) func() { return func() {} },
		"a twin": func(t *testing.T, _ *memStore, p []*process, a *api) func() {
			return doLater(t, p[1], a.message("k", "text", outcome{}))
		},
		"another of the same fingerprint": func(t *testing.T, _ *memStore, p []*process, a *api) func() {
			return doLater(t, p[1], a.message("other", "text", outcome{}))
		},
		"the owner died": func(t *testing.T, _ *memStore, p []*process, a *api) func() {
			do(t.Context(), p[2], dyingAt(p[2], a.message("k", "text", outcome{}), "prepared"))
			p[2].die()
			time.Sleep(11 * time.Second)
			return func() {}
		},
		"the record is lost": func(_ *testing.T, s *memStore, p []*process, a *api) func() {
			p[0].line.set(func(l *line) {
				lost := false
				l.wait = func(part, op, _ string) {
					if part == operations && op == "Replace" && len(a.made) > 0 && !lost {
						lost = true
						s.drop(operations)
					}
				}
			})
			return func() {}
		},
	}
	for name, scene := range scenes {
		for _, secrets := range [][2]int{{0, 0}, {1, 2}} {
			t.Run(fmt.Sprint(name, secrets), func(t *testing.T) {
				for _, how := range []outcome{{}, {cut: true}, {refused: true}} {
					for _, what := range []fault{before, after} {
						for step, reached := 0, true; reached; step++ {
							inTime(t, func(t *testing.T) {
								reached = oneFault(t, secrets, scene, how, what, step)
							})
						}
					}
				}
			})
		}
	}
}

func oneFault(
	t *testing.T, secrets [2]int, scene func(*testing.T, *memStore, []*process, *api) func(), how outcome, what fault, step int,
) (reached bool) {
	t.Helper()
	s := newMemStore()
	var p []*process
	for i := range 3 {
		p = append(p, start(t, s, quick, rotation(t)[secrets[i%2]]))
		p[i].line.set(func(l *line) { l.delay = time.Duration(2+i) * 100 * time.Microsecond }) // no two at the same time
	}
	time.Sleep(time.Second)
	var a api
	wait := scene(t, s, p, &a)
	n := 0
	takenOver := len(s.names(operations)) == 0 // whatever happens before that, the dead owner's record stays
	p[0].line.set(func(l *line) {
		l.rule = func(part, op, _ string) fault {
			if part == replicas || part == epochs {
				return noFault
			}
			if !takenOver {
				takenOver = part == operations && op == "Replace"
				return noFault
			}
			if n++; n == step+1 {
				return what
			}
			return noFault
		}
	})
	f := do(t.Context(), p[0], a.message("k", "text", how))
	wait()
	time.Sleep(10 * time.Second)
	p[0].line.set(func(*line) { reached = n > step })
	when := fmt.Sprintf("step %d, fault %d, outcome %+v, told %s", step, what, how, stateName(f.State))
	wantClean(t, s, when)
	switch f.State {
	case mcpadapter.Executed, mcpadapter.Replayed, mcpadapter.Reconciled:
		if life := s.longest(operations); !f.Result.IsError && life < 23*time.Hour {
			t.Errorf("%s: the record lives for %v", when, life)
		}
	}
	return reached
}

// doLater executes an operation shortly after, and waits for its end.
func doLater(t *testing.T, p *process, o task) (wait func()) {
	t.Helper()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		time.Sleep(150 * time.Microsecond)
		do(t.Context(), p, o)
	}()
	return func() { <-ended }
}

// drop loses the values of a part.
func (s *memStore) drop(part string) {
	for _, name := range s.names(part) {
		s.Delete(part + "/" + name)
	}
}

// failing has every operation of a kind fail from now on.
func (p *process) failing(part, op string) {
	p.line.set(func(l *line) {
		l.rule = func(at, o, _ string) fault {
			if at == part && o == op {
				return before
			}
			return noFault
		}
	})
}

func TestAStoreErrorBeforeTheCommitSendsNothing(t *testing.T) {
	for name, tc := range map[string]struct{ part, op string }{
		"adding the record":               {operations, "Add"},
		"reading a busy queue":            {queues, "Get"},
		"taking the queue of a dead":      {queues, "Replace"},
		"taking an empty queue":           {queues, "Add"},
		"adding to a list that may exist": {fingerprints, "Add"},
		"reading the open attempts":       {fingerprints, "Get"},
		"adding to the open attempts":     {fingerprints, "Replace"},
		"reading the epoch":               {epochs, "Get"},
		"committing":                      {operations, "Replace"},
	} {
		for _, how := range []fault{before, after} {
			t.Run(fmt.Sprint(name, how), func(t *testing.T) {
				inTime(t, func(t *testing.T) {
					s := newMemStore()
					p := []*process{start(t, s, quick), start(t, s, quick)}
					time.Sleep(1500 * time.Millisecond) // between two beats
					var a api
					do(t.Context(), p[1], dyingAt(p[1], a.message("dead", "text", outcome{}), "prepared"))
					p[1].die()
					time.Sleep(11 * time.Second)
					p[0].line.once(tc.part, tc.op, how)
					begun := time.Now()
					want(t, p[0], a.message("k", "text", outcome{}), mcpadapter.StoreDown)
					if waited := time.Since(begun); waited != 0 {
						t.Errorf("after %v", waited)
					}
					a.wantMade(t, "k", 0)
					time.Sleep(5 * time.Second)
					want(t, p[0], a.message("k", "text", outcome{}), mcpadapter.Executed)
					want(t, p[0], a.message("dead", "text", outcome{}), mcpadapter.Executed)
					time.Sleep(time.Second)
					wantClean(t, s, name)
				})
			})
		}
	}
}

func TestAStoreErrorWhileReconcilingProvesNothing(t *testing.T) {
	for _, tc := range []struct {
		part, op string
		how      outcome
		want     mcpadapter.State
	}{
		{claims, "Get", outcome{cut: true}, mcpadapter.Indeterminate},
		{claims, "Add", outcome{cut: true}, mcpadapter.Indeterminate},
		{fingerprints, "Get", outcome{cut: true}, mcpadapter.Indeterminate},
		{epochs, "Get", outcome{cut: true}, mcpadapter.Indeterminate},
		{fingerprints, "Get", outcome{dropped: true}, mcpadapter.Indeterminate},
		{epochs, "Get", outcome{dropped: true}, mcpadapter.Indeterminate},
		{claims, "Get", outcome{dropped: true}, mcpadapter.NotFoundYet},
	} {
		t.Run(fmt.Sprint(tc.part, tc.op, tc.how), func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				s := newMemStore()
				p := start(t, s, func(o *idempotency.Options) { o.Own = true })
				time.Sleep(time.Second)
				var a api
				o := a.message("k", "text", tc.how)
				search, looks := o.Search, 0
				o.Search = func(ctx context.Context, since time.Time) ([]mcpadapter.Match, error) {
					looks++
					p.failing(tc.part, tc.op)
					return search(ctx, since)
				}
				want(t, p, o, tc.want)
				if looks < 2 {
					t.Errorf("%d searches", looks)
				}
				p.line.away(false)
				time.Sleep(5 * time.Second)
				if r := stored[storedAttempt](t, s, operations); len(r) != 1 || r[0].Phase != "unknown" {
					t.Errorf("the record is %+v", r)
				}
			})
		})
	}
}
