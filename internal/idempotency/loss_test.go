package idempotency_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/idempotency"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

func TestDataLossRefusesKeysForADay(t *testing.T) {
	inTime(t, func(t *testing.T) {
		var losses atomic.Int32
		s, p := running(t, 2, rarely, func(o *idempotency.Options) { o.OnLoss = func() { losses.Add(1) } })
		var a api
		want(t, p[0], a.message("k", "text", outcome{}), mcpadapter.Executed)
		lost := time.Now()
		s.lose()
		for range 2 {
			if f := want(t, p[1], a.message("k", "text", outcome{}), mcpadapter.StoreReset); !f.At.Equal(lost) {
				t.Errorf("it was lost at %v, not %v", lost, f.At)
			}
			want(t, p[0], a.contact("new", "text", outcome{}), mcpadapter.StoreReset)
		}
		want(t, p[0], a.message("", "text", outcome{}), mcpadapter.Executed)
		lookless := a.message("", "another", outcome{cut: true})
		lookless.Search = func(context.Context, time.Time) ([]mcpadapter.Match, error) {
			t.Error("it looks, and cannot tell whose it is")
			return nil, nil
		}
		want(t, p[0], lookless, mcpadapter.Indeterminate)
		time.Sleep(24*time.Hour - time.Minute)
		want(t, p[0], a.message("k", "text", outcome{}), mcpadapter.StoreReset)
		young := start(t, s, rarely, func(o *idempotency.Options) { o.OnLoss = func() { losses.Add(100) } })
		want(t, young, a.message("k", "text", outcome{}), mcpadapter.StoreReset)
		if n := losses.Load(); n != 102 {
			t.Errorf("losses were reported %d times; want once by each process", n)
		}
		time.Sleep(2 * time.Minute)
		want(t, p[0], a.message("l", "text", outcome{}), mcpadapter.Executed)
		want(t, p[1], a.message("m", "yet another", outcome{cut: true}), mcpadapter.Reconciled)
		// A day is enough to be told of it, by whoever comes later as well.
		late := start(t, s, rarely, func(o *idempotency.Options) { o.OnLoss = func() { losses.Add(100) } })
		want(t, late, a.message("n", "text", outcome{}), mcpadapter.Executed)
		if n := losses.Load(); n != 102 {
			t.Errorf("losses were reported %d times", n)
		}
		s.lose() // again
		want(t, late, a.message("n", "text", outcome{}), mcpadapter.StoreReset)
		want(t, p[0], a.message("n", "text", outcome{}), mcpadapter.StoreReset)
	})
}

func TestExecuteOnLossGoesOn(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, p := running(t, 1, func(o *idempotency.Options) { o.ExecuteOnLoss = true })
		var a api
		want(t, p[0], a.message("k", "text", outcome{}), mcpadapter.Executed)
		s.lose()
		want(t, p[0], a.message("k", "text", outcome{}), mcpadapter.Executed)
		want(t, p[0], a.message("k", "text", outcome{}), mcpadapter.Replayed)
	})
}

// Whatever step of a call the loss comes before, a key that was used is not used again, and what
// was sent is known to be.
func TestDataLossMidCallSendsNothingTwice(t *testing.T) {
	for step := range 40 {
		inTime(t, func(t *testing.T) {
			s, p := running(t, 2)
			var a api
			want(t, p[0], a.message("old", "text", outcome{}), mcpadapter.Executed)
			var n atomic.Int32
			p[1].line.set(func(l *line) {
				l.wait = func(part, op, _ string) {
					if part == replicas {
						return
					}
					if int(n.Add(1)) == step+1 {
						s.lose()
					}
				}
			})
			old := do(t.Context(), p[1], a.message("old", "text", outcome{cut: true}))
			if ids := a.by("old"); len(ids) != 1 {
				t.Errorf("lost before step %d: it is sent twice, told %s", step, stateName(old.State))
			}
			f := do(t.Context(), p[1], a.message("new", "text", outcome{cut: step%2 == 0}))
			there := len(a.by("new")) > 0
			switch f.State {
			case mcpadapter.Executed, mcpadapter.Reconciled:
				if !there {
					t.Errorf("lost before step %d: told %s", step, stateName(f.State))
				}
			case mcpadapter.StoreReset, mcpadapter.StoreDown, mcpadapter.Queued:
				if there {
					t.Errorf("lost before step %d: told %s, and it is there", step, stateName(f.State))
				}
			}
			if f.State == mcpadapter.Reconciled && f.Result.Text != `{"id":"`+a.by("new")[0]+`"}` {
				t.Errorf("lost before step %d: taken for another's: %s", step, f.Result.Text)
			}
			for _, q := range p {
				do(t.Context(), q, a.message("new", "text", outcome{}))
				do(t.Context(), q, a.message("old", "text", outcome{}))
			}
			if len(a.by("new")) > 1 || len(a.by("old")) > 1 {
				t.Errorf("lost before step %d: sent twice", step)
			}
		})
	}
}

func TestACallInFlightAtDataLossIsRecorded(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, p := running(t, 2)
		var a api
		time.AfterFunc(time.Second, s.lose)
		want(t, p[0], a.message("k", "text", outcome{takes: 2 * time.Second}), mcpadapter.Executed)
		want(t, p[1], a.message("k", "text", outcome{}), mcpadapter.Replayed)
		a.wantMade(t, "k", 1)
	})
}

func TestProcessesThatFindANewStoreAtOnceAgree(t *testing.T) {
	inTime(t, func(t *testing.T) {
		var losses atomic.Int32
		s := newMemStore()
		var a api
		var p []*process
		for range 5 {
			p = append(p, start(t, s, func(o *idempotency.Options) { o.OnLoss = func() { losses.Add(1) } }))
		}
		var all sync.WaitGroup
		for i := range p {
			all.Go(func() {
				want(t, p[i], a.message(fmt.Sprint("k", i), fmt.Sprint("text", i), outcome{}), mcpadapter.Executed)
			})
		}
		all.Wait()
		if losses.Load() != 0 {
			t.Error("a new store is taken for one that lost its data")
		}
	})
}

func TestANewProcessWaitsForReportsOfDataLoss(t *testing.T) {
	for name, off := range map[string]time.Duration{"its clock is right": 0, "its clock is ahead": 5 * time.Hour, "its clock is behind": -5 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				s, p := running(t, 1)
				var a api
				want(t, p[0], a.message("k", "text", outcome{}), mcpadapter.Executed)
				time.Sleep(time.Second) // half a beat
				s.lose()
				founder := start(t, s)
				time.Sleep(time.Millisecond)
				second := start(t, s, func(o *idempotency.Options) { o.Now = func() time.Time { return time.Now().Add(off) } })
				time.Sleep(time.Millisecond)
				var all sync.WaitGroup
				for _, q := range []*process{founder, second} {
					all.Go(func() { want(t, q, a.message("k", "text", outcome{}), mcpadapter.StoreReset) })
				}
				all.Wait()
				a.wantMade(t, "k", 1)
			})
		})
	}
}

// Nor does it take for its own what was made before the loss that it does not know of.
func TestANewProcessReconcilesNothingInANewStore(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, p := running(t, 1)
		var a api
		time.Sleep(500 * time.Millisecond)
		want(t, p[0], a.message("", "text", outcome{}), mcpadapter.Executed)
		s.lose()
		young := start(t, s)
		time.Sleep(time.Millisecond)
		want(t, young, a.message("", "text", outcome{dropped: true}), mcpadapter.Indeterminate)
	})
}

func TestACallCanceledInANewStoreExecutesNothing(t *testing.T) {
	inTime(t, func(t *testing.T) {
		p := start(t, newMemStore())
		time.Sleep(time.Millisecond)
		var a api
		ctx, hangUp := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, hangUp)
		if f := do(ctx, p, a.contact("k", "text", outcome{})); f.State != mcpadapter.StoreDown {
			t.Error(stateName(f.State))
		}
		a.wantMade(t, "k", 0)
		begun := time.Now()
		want(t, p, a.contact("k", "text", outcome{}), mcpadapter.Executed)
		if waited := time.Since(begun); waited > 4*time.Second {
			t.Errorf("after %v", waited)
		}
		begun = time.Now()
		want(t, p, a.contact("l", "text", outcome{}), mcpadapter.Executed)
		if waited := time.Since(begun); waited != 0 {
			t.Errorf("and again after %v", waited)
		}
	})
}

func TestAnOldStoreIsNotWaitedFor(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, _ := running(t, 1)
		var a api
		p := start(t, s)
		begun := time.Now()
		want(t, p, a.contact("k", "text", outcome{}), mcpadapter.Executed)
		if waited := time.Since(begun); waited != 0 {
			t.Errorf("after %v", waited)
		}
	})
}

func TestANewStoreDelaysOnlyKeysInASharedStore(t *testing.T) {
	inTime(t, func(t *testing.T) {
		var a api
		begun := time.Now()
		want(t, start(t, newMemStore()), a.contact("", "text", outcome{}), mcpadapter.Executed)
		own := start(t, newMemStore(), func(o *idempotency.Options) { o.Own = true })
		want(t, own, a.contact("k", "text", outcome{}), mcpadapter.Executed)
		if waited := time.Since(begun); waited != 0 {
			t.Errorf("after %v", waited)
		}
	})
}

// A process that was told nothing for long, and comes back, must not report a loss of data that is
// long past.
func TestAProcessThatWasAwayLearnsOfAnOldLoss(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, p := running(t, 2, rarely)
		var a api
		p[0].line.away(true)
		s.lose()
		time.Sleep(25 * time.Hour)
		want(t, p[1], a.message("k", "text", outcome{}), mcpadapter.Executed)
		p[0].line.away(false)
		want(t, p[0], a.message("k", "text", outcome{}), mcpadapter.Replayed)
	})
}

// rarely is for tests of days.
func rarely(o *idempotency.Options) { o.Heartbeat = 10 * time.Minute }

func TestTheEpochLastsWhileAProcessRuns(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 1, rarely, func(o *idempotency.Options) { o.OnLoss = func() { t.Error("it is taken for lost") } })
		var a api
		time.Sleep(200 * 24 * time.Hour)
		want(t, p[0], a.message("k", "text", outcome{}), mcpadapter.Executed)
	})
}

func TestAnExpiredEpochIsNotDataLoss(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, p := running(t, 1, rarely)
		p[0].end()
		time.Sleep(200 * 24 * time.Hour)
		var a api
		want(t, start(t, s), a.message("k", "text", outcome{}), mcpadapter.Executed)
	})
}
