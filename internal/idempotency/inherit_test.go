package idempotency_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// A process died after its request was written. Whoever reconciles what it left may lose any
// operation of the store on the way: it tells nothing that is not true, sends nothing, and the next
// call finds out.
func TestAFailedOperationWhileReconciling(t *testing.T) {
	for _, secrets := range [][2]int{{0, 0}, {0, 1}, {1, 2}, {2, 1}, {3, 2}} {
		for name, how := range map[string]outcome{"arrived": {cut: true}, "lost": {dropped: true}} {
			t.Run(fmt.Sprint(name, " ", secrets), func(t *testing.T) {
				t.Parallel()
				for _, what := range []fault{before, after} {
					reached, step := true, 0
					for ; reached; step++ {
						inTime(t, func(t *testing.T) { reached = reconcileWithFault(t, secrets, how, what, step) })
					}
					if step < 6 {
						t.Errorf("%d operations failed", step-1)
					}
				}
			})
		}
	}
}

// reconcileWithFault tells whether the operation that is to fail was reached.
func reconcileWithFault(t *testing.T, secrets [2]int, how outcome, what fault, step int) (reached bool) {
	t.Helper()
	s := newMemStore()
	dead, heir := start(t, s, rotation(t)[secrets[0]]), start(t, s, rotation(t)[secrets[1]])
	time.Sleep(time.Minute)
	var a api
	dead.line.set(func(l *line) {
		l.rule = func(part, op, _ string) fault {
			if len(a.by("begun")) > 0 {
				return before
			}
			if part == operations && op == "Replace" { // the commit, after which the request is written
				a.make("mark", "begun")
			}
			return noFault
		}
	})
	do(t.Context(), dead, a.message("k", "text", how))
	dead.die()
	time.Sleep(time.Minute)
	n := 0
	heir.line.set(func(l *line) {
		l.rule = func(part, _, _ string) fault {
			if part == replicas {
				return noFault
			}
			if n++; n == step+1 {
				return what
			}
			return noFault
		}
	})
	there := len(a.by("k"))
	if arrived := how.cut; arrived != (there == 1) {
		t.Fatalf("%d were made", there)
	}
	known := mcpadapter.Reconciled
	if there == 0 {
		known = mcpadapter.NotFoundYet
	}
	at := fmt.Sprintf("step %d, fault %d", step, what)
	switch f := do(t.Context(), heir, a.message("k", "text", outcome{})); f.State {
	case known, mcpadapter.Indeterminate, mcpadapter.StoreDown:
	default:
		t.Errorf("%s: told %s", at, stateName(f.State))
	}
	heir.line.set(func(l *line) { reached, l.rule = n > step, nil })
	f := do(t.Context(), heir, a.message("k", "text", outcome{}))
	if again := f.State == known || known == mcpadapter.Reconciled && f.State == mcpadapter.Replayed; !again {
		t.Errorf("%s: again told %s", at, stateName(f.State))
	}
	if len(a.by("k")) != there {
		t.Errorf("%s: made %d, then %d", at, there, len(a.by("k")))
	}
	return reached
}
