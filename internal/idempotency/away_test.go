package idempotency_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// Each operation of a call fails, before or after it happened. What is told is true, and the same
// call made again when the store is back tells the same or more and does nothing twice.
func TestAVerdictIsTrueWhateverStoreOperationFails(t *testing.T) {
	for name, secrets := range map[string][2]int{"one secret": {0, 0}, "two secrets": {1, 2}, "two secrets, the other way": {2, 1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			whateverFails(t, secrets)
		})
	}
}

// whateverFails is for two processes with secrets of a rotation.
func whateverFails(t *testing.T, secrets [2]int) {
	t.Helper()
	for _, fingerprint := range []bool{true, false} {
		for _, how := range []outcome{{}, {cut: true}, {dropped: true}, {refused: true}} {
			for _, what := range []fault{before, after} {
				reached := true
				for step := 0; reached; step++ {
					inTime(t, func(t *testing.T) {
						s := newMemStore()
						p := []*process{start(t, s, rotation(t)[secrets[0]]), start(t, s, rotation(t)[secrets[1]])}
						time.Sleep(time.Minute)
						var a api
						n := 0
						p[0].line.set(func(l *line) {
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
						defer func() { p[0].line.set(func(*line) { reached = n > step }) }()
						operation := func(f outcome) task {
							if fingerprint {
								return a.message("k", "text", f)
							}
							return a.contact("k", "text", f)
						}
						told := func(f mcpadapter.Verdict) {
							t.Helper()
							there := len(a.by("k"))
							switch f.State {
							case mcpadapter.Executed, mcpadapter.Replayed, mcpadapter.Reconciled:
								if (there == 1) == f.Result.IsError {
									t.Errorf("step %d, fault %d, outcome %+v: told %s %s, and there are %d", step, what, how, stateName(f.State), f.Result.Text, there)
								}
							case mcpadapter.NotFoundYet, mcpadapter.Indeterminate:
							case mcpadapter.StoreDown:
								if there != 0 {
									t.Errorf("step %d, fault %d, outcome %+v: told that nothing was done", step, what, how)
								}
							default:
								t.Errorf("step %d, fault %d: told %s", step, what, stateName(f.State))
							}
						}
						told(do(t.Context(), p[0], operation(how)))
						first := len(a.by("k"))
						time.Sleep(time.Minute)
						f := do(t.Context(), p[1], operation(outcome{}))
						told(f)
						if len(a.by("k")) > 1 || f.State == mcpadapter.StoreDown {
							t.Errorf("step %d, fault %d, outcome %+v: again %s, made %d, then %d", step, what, how, stateName(f.State), first, len(a.by("k")))
						}
					})
				}
			}
		}
	}
}

func TestNothingIsExecutedWithoutTheStore(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 2)
		var a api
		p[0].line.away(true)
		for _, key := range []string{"k", ""} {
			begun := time.Now()
			want(t, p[0], a.message(key, "text", outcome{}), mcpadapter.StoreDown)
			a.wantMade(t, key, 0)
			if waited := time.Since(begun); waited > 0 {
				t.Errorf("after %v", waited)
			}
		}
		p[0].line.away(false)
		want(t, p[0], a.message("k", "text", outcome{}), mcpadapter.Executed)
	})
}

// The commit was written, and its answer was lost: nothing went out, and in the end everybody
// knows.
func TestACommitWithALostAnswerIsWithdrawn(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 2)
		var a api
		p[0].lostAfter("Replace")
		want(t, p[0], a.message("k", "text", outcome{}), mcpadapter.StoreDown)
		a.wantMade(t, "k", 0)
		time.Sleep(10 * time.Second)
		p[0].line.away(false)
		time.Sleep(5 * time.Second)
		want(t, p[1], a.message("k", "text", outcome{}), mcpadapter.Executed)
		want(t, p[1], a.message("other", "text", outcome{cut: true}), mcpadapter.Reconciled)
	})
}

// lostAfter has the store go away for a process right after an operation on its operations, whose
// answer is lost with it.
func (p *process) lostAfter(op string) {
	p.line.set(func(l *line) {
		gone := false
		l.rule = func(part, o, _ string) fault {
			switch {
			case gone:
				return before
			case part == operations && o == op:
				gone = true
				return after
			}
			return noFault
		}
	})
}

func TestAWithdrawalLeavesAnothersRecord(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 3)
		var a api
		p[0].lostAfter("Add")
		want(t, p[0], a.message("k", "text", outcome{}), mcpadapter.StoreDown)
		time.Sleep(12 * time.Second) // it seems to be dead
		var all sync.WaitGroup
		all.Go(func() { want(t, p[1], a.message("k", "text", outcome{takes: 20 * time.Second}), mcpadapter.Executed) })
		time.Sleep(time.Second)
		p[0].line.away(false)
		time.Sleep(5 * time.Second)
		want(t, p[2], a.message("k", "text", outcome{}), mcpadapter.Replayed)
		all.Wait()
		a.wantMade(t, "k", 1)
	})
}

// Somebody sent the same by hand, and it was taken for what never went out. Whoever was told so
// must not be sent another.
func TestAReconciledRecordIsNotWithdrawn(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 2)
		var a api
		p[0].lostAfter("Replace")
		want(t, p[0], a.message("k", "text", outcome{}), mcpadapter.StoreDown)
		a.make("text", "by hand")
		time.Sleep(12 * time.Second)
		want(t, p[1], a.message("k", "text", outcome{}), mcpadapter.Reconciled)
		p[0].line.away(false)
		time.Sleep(5 * time.Second)
		want(t, p[1], a.message("k", "text", outcome{}), mcpadapter.Replayed)
		a.wantMade(t, "k", 0)
	})
}

func TestAnothersReconciliationStands(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 2)
		var a api
		p[0].line.set(func(l *line) {
			l.rule = func(string, string, string) fault {
				if len(a.by("k")) > 0 {
					return before
				}
				return noFault
			}
		})
		want(t, p[0], a.message("k", "text", outcome{cut: true}), mcpadapter.Indeterminate)
		time.Sleep(12 * time.Second)
		want(t, p[1], a.message("k", "text", outcome{}), mcpadapter.Reconciled)
		p[0].line.away(false)
		time.Sleep(5 * time.Second)
		want(t, p[1], a.message("k", "text", outcome{}), mcpadapter.Replayed)
		want(t, p[1], a.message("other", "text", outcome{cut: true}), mcpadapter.Reconciled)
	})
}

func TestAMessageIsReconciledAfterABriefOutage(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 2)
		var a api
		n := 0
		p[0].line.set(func(l *line) {
			l.rule = func(part, op, _ string) fault {
				if n++; len(a.by("k")) > 0 && n < 12 {
					return before
				}
				return noFault
			}
		})
		f := do(t.Context(), p[0], a.message("k", "text", outcome{cut: true}))
		if f.State != mcpadapter.Reconciled && f.State != mcpadapter.Indeterminate {
			t.Error(stateName(f.State))
		}
		p[0].line.away(false)
		time.Sleep(5 * time.Second)
		if f := do(t.Context(), p[1], a.message("k", "text", outcome{})); f.Result.Text != `{"id":"m1"}` {
			t.Errorf("%s %s", stateName(f.State), f.Result.Text)
		}
		want(t, p[1], a.message("other", "text", outcome{cut: true}), mcpadapter.Reconciled)
	})
}

// An outage with thousands of calls must not leave thousands of goroutines, nor have the store
// asked for all of them when it is back, and what was done is noted in spite of what was not.
func TestTheBacklogIsBounded(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 2)
		var a api
		p[0].line.away(true)
		idle := runtime.NumGoroutine()
		for i := range 5000 {
			want(t, p[0], a.contact(fmt.Sprint("k", i), "text", outcome{}), mcpadapter.StoreDown)
		}
		synctest.Wait()
		if now := runtime.NumGoroutine(); now > idle+5 {
			t.Errorf("%d goroutines more", now-idle)
		}
		p[0].line.away(false)
		done := a.contact("done", "text", outcome{})
		attempt := done.Attempt
		done.Attempt = func(ctx context.Context, commit func(context.Context) error) mcpadapter.Attempted {
			made := attempt(ctx, commit)
			p[0].line.away(true)
			return made
		}
		want(t, p[0], done, mcpadapter.Executed)
		time.Sleep(20 * time.Second)
		p[0].line.away(false)
		p[0].line.set(func(l *line) { l.count = 0 })
		time.Sleep(5 * time.Second)
		want(t, p[1], done, mcpadapter.Replayed)
		p[0].line.set(func(l *line) {
			if l.count == 0 || l.count > 1000 {
				t.Errorf("%d operations when the store is back", l.count)
			}
		})
	})
}

func TestAResultIsPersistedAfterTheClientTimedOut(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 2)
		var a api
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if f := do(ctx, p[0], a.message("k", "text", outcome{takes: 2 * time.Second})); f.State != mcpadapter.Executed {
			t.Error(stateName(f.State))
		}
		begun := time.Now()
		want(t, p[1], a.message("k", "text", outcome{}), mcpadapter.Replayed)
		if waited := time.Since(begun); waited > 0 {
			t.Errorf("after %v", waited)
		}
	})
}

func TestTheBacklogGivesUpInTheEnd(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 1)
		var a api
		p[0].line.away(true)
		want(t, p[0], a.contact("k", "text", outcome{}), mcpadapter.StoreDown)
		time.Sleep(5 * time.Minute)
		p[0].line.set(func(l *line) { l.count = 0 })
		time.Sleep(time.Minute)
		p[0].line.set(func(l *line) {
			if beats := 2 * 31; l.count > beats {
				t.Errorf("%d operations; want those of the beats alone", l.count)
			}
		})
	})
}

func TestCloseFlushesTheBacklog(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 2)
		var a api
		done := a.contact("k", "text", outcome{})
		p[0].line.set(func(l *line) {
			l.rule = func(part, op, _ string) fault {
				if part == operations && op == "Replace" && len(a.by("k")) > 0 {
					return before
				}
				return noFault
			}
		})
		want(t, p[0], done, mcpadapter.Executed)
		time.Sleep(time.Millisecond)
		p[0].line.away(false)
		p[0].end()
		want(t, p[1], done, mcpadapter.Replayed)
		// A call that goes on after that tells what it can, and leaves nothing behind.
		p[0].line.away(true)
		want(t, p[0], done, mcpadapter.StoreDown)
		if err := p[0].Close(); err != nil {
			t.Error(err)
		}
	})
}
