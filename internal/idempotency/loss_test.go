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

func TestAfterALossWorkWithAKeyIsRefusedForADay(t *testing.T) {
	inTime(t, func(t *testing.T) {
		var losses atomic.Int32
		s, p := settled(t, 2, rarely, func(o *idempotency.Options) { o.OnLoss = func() { losses.Add(1) } })
		var a api
		want(t, p[0], a.message("k", "text", fate{}), mcpadapter.Executed)
		lost := time.Now()
		s.lose()
		for range 2 {
			if f := want(t, p[1], a.message("k", "text", fate{}), mcpadapter.StoreReset); !f.At.Equal(lost) {
				t.Errorf("it was lost at %v, not %v", lost, f.At)
			}
			want(t, p[0], a.contact("new", "text", fate{}), mcpadapter.StoreReset)
		}
		want(t, p[0], a.message("", "text", fate{}), mcpadapter.Executed)
		lookless := a.message("", "another", fate{cut: true})
		lookless.Search = func(context.Context, time.Time) ([]mcpadapter.Match, error) {
			t.Error("it looks, and cannot tell whose it is")
			return nil, nil
		}
		want(t, p[0], lookless, mcpadapter.Indeterminate)
		time.Sleep(24*time.Hour - time.Minute)
		want(t, p[0], a.message("k", "text", fate{}), mcpadapter.StoreReset)
		young := start(t, s, rarely, func(o *idempotency.Options) { o.OnLoss = func() { losses.Add(100) } })
		want(t, young, a.message("k", "text", fate{}), mcpadapter.StoreReset)
		if n := losses.Load(); n != 102 {
			t.Errorf("losses were reported %d times; want once by each process", n)
		}
		time.Sleep(2 * time.Minute)
		want(t, p[0], a.message("l", "text", fate{}), mcpadapter.Executed)
		want(t, p[1], a.message("m", "yet another", fate{cut: true}), mcpadapter.Reconciled)
		// A day is enough to be told of it, by whoever comes later as well.
		late := start(t, s, rarely, func(o *idempotency.Options) { o.OnLoss = func() { losses.Add(100) } })
		want(t, late, a.message("n", "text", fate{}), mcpadapter.Executed)
		if n := losses.Load(); n != 102 {
			t.Errorf("losses were reported %d times", n)
		}
		s.lose() // again
		want(t, late, a.message("n", "text", fate{}), mcpadapter.StoreReset)
		want(t, p[0], a.message("n", "text", fate{}), mcpadapter.StoreReset)
	})
}

func TestSendOnLossGoesOn(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, p := settled(t, 1, func(o *idempotency.Options) { o.ExecuteOnLoss = true })
		var a api
		want(t, p[0], a.message("k", "text", fate{}), mcpadapter.Executed)
		s.lose()
		want(t, p[0], a.message("k", "text", fate{}), mcpadapter.Executed)
		want(t, p[0], a.message("k", "text", fate{}), mcpadapter.Replayed)
	})
}

// Whatever step of a call the loss comes before, a key that was used is not used again, and what was sent is known to be.
func TestALossInTheMiddleOfACallMakesNoSecondEffect(t *testing.T) {
	for step := range 40 {
		inTime(t, func(t *testing.T) {
			s, p := settled(t, 2)
			var a api
			want(t, p[0], a.message("old", "text", fate{}), mcpadapter.Executed)
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
			old := p[1].Do(t.Context(), a.message("old", "text", fate{cut: true}))
			if ids := a.by("old"); len(ids) != 1 {
				t.Errorf("lost before step %d: it is sent twice, told %s", step, stateName(old.State))
			}
			f := p[1].Do(t.Context(), a.message("new", "text", fate{cut: step%2 == 0}))
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
				q.Do(t.Context(), a.message("new", "text", fate{}))
				q.Do(t.Context(), a.message("old", "text", fate{}))
			}
			if len(a.by("new")) > 1 || len(a.by("old")) > 1 {
				t.Errorf("lost before step %d: sent twice", step)
			}
		})
	}
}

func TestWhatWasUnderWayWhenTheMemoryWasLostIsRemembered(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, p := settled(t, 2)
		var a api
		time.AfterFunc(time.Second, s.lose)
		want(t, p[0], a.message("k", "text", fate{takes: 2 * time.Second}), mcpadapter.Executed)
		want(t, p[1], a.message("k", "text", fate{}), mcpadapter.Replayed)
		a.wantMade(t, "k", 1)
	})
}

func TestTwoThatFoundTheMemoryAtOnceAgree(t *testing.T) {
	inTime(t, func(t *testing.T) {
		var losses atomic.Int32
		s := newShelf()
		var a api
		var p []*process
		for range 5 {
			p = append(p, start(t, s, func(o *idempotency.Options) { o.OnLoss = func() { losses.Add(1) } }))
		}
		var all sync.WaitGroup
		for i := range p {
			all.Go(func() {
				want(t, p[i], a.message(fmt.Sprint("k", i), fmt.Sprint("text", i), fate{}), mcpadapter.Executed)
			})
		}
		all.Wait()
		if losses.Load() != 0 {
			t.Error("a new memory is taken for a lost one")
		}
	})
}

func TestANewProcessWaitsForThoseWhoKnewAnotherMemory(t *testing.T) {
	for name, off := range map[string]time.Duration{"its clock is right": 0, "its clock is ahead": 5 * time.Hour, "its clock is behind": -5 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				s, p := settled(t, 1)
				var a api
				want(t, p[0], a.message("k", "text", fate{}), mcpadapter.Executed)
				time.Sleep(time.Second) // half a beat
				s.lose()
				founder := start(t, s)
				time.Sleep(time.Millisecond)
				second := start(t, s, func(o *idempotency.Options) { o.Now = func() time.Time { return time.Now().Add(off) } })
				time.Sleep(time.Millisecond)
				var all sync.WaitGroup
				for _, q := range []*process{founder, second} {
					all.Go(func() { want(t, q, a.message("k", "text", fate{}), mcpadapter.StoreReset) })
				}
				all.Wait()
				a.wantMade(t, "k", 1)
			})
		})
	}
}

// Nor does it take for its own what was made before the loss that it does not know of.
func TestANewProcessSettlesNothingWhileItMayHearOfALoss(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, p := settled(t, 1)
		var a api
		time.Sleep(500 * time.Millisecond)
		want(t, p[0], a.message("", "text", fate{}), mcpadapter.Executed)
		s.lose()
		young := start(t, s)
		time.Sleep(time.Millisecond)
		want(t, young, a.message("", "text", fate{dropped: true}), mcpadapter.Indeterminate)
	})
}

func TestWhoGoesAwayWhileANewProcessWaitsGetsNothingDone(t *testing.T) {
	inTime(t, func(t *testing.T) {
		p := start(t, newShelf())
		time.Sleep(time.Millisecond)
		var a api
		ctx, hangUp := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, hangUp)
		if f := p.Do(ctx, a.contact("k", "text", fate{})); f.State != mcpadapter.StoreDown {
			t.Error(stateName(f.State))
		}
		a.wantMade(t, "k", 0)
		begun := time.Now()
		want(t, p, a.contact("k", "text", fate{}), mcpadapter.Executed)
		if waited := time.Since(begun); waited > 4*time.Second {
			t.Errorf("after %v", waited)
		}
		begun = time.Now()
		want(t, p, a.contact("l", "text", fate{}), mcpadapter.Executed)
		if waited := time.Since(begun); waited != 0 {
			t.Errorf("and again after %v", waited)
		}
	})
}

func TestOnlyANewMemoryIsWaitedFor(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, _ := settled(t, 1)
		var a api
		p := start(t, s)
		begun := time.Now()
		want(t, p, a.contact("k", "text", fate{}), mcpadapter.Executed)
		if waited := time.Since(begun); waited != 0 {
			t.Errorf("after %v", waited)
		}
	})
}

func TestWorkWithoutAKeyAndAStoreOfOnesOwnWaitForNobody(t *testing.T) {
	inTime(t, func(t *testing.T) {
		var a api
		begun := time.Now()
		want(t, start(t, newShelf()), a.contact("", "text", fate{}), mcpadapter.Executed)
		own := start(t, newShelf(), func(o *idempotency.Options) { o.Own = true })
		want(t, own, a.contact("k", "text", fate{}), mcpadapter.Executed)
		if waited := time.Since(begun); waited != 0 {
			t.Errorf("after %v", waited)
		}
	})
}

// A process that was told nothing for long, and comes back, must not take a memory for lost that has been whole since.
func TestWhoWasAwayLearnsWhatOthersHaveFound(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, p := settled(t, 2, rarely)
		var a api
		p[0].line.away(true)
		s.lose()
		time.Sleep(25 * time.Hour)
		want(t, p[1], a.message("k", "text", fate{}), mcpadapter.Executed)
		p[0].line.away(false)
		want(t, p[0], a.message("k", "text", fate{}), mcpadapter.Replayed)
	})
}

// rarely is for tests of days.
func rarely(o *idempotency.Options) { o.Heartbeat = 10 * time.Minute }

func TestTheMemoryLastsForAsLongAsAProcessDoes(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := settled(t, 1, rarely, func(o *idempotency.Options) { o.OnLoss = func() { t.Error("it is taken for lost") } })
		var a api
		time.Sleep(200 * 24 * time.Hour)
		want(t, p[0], a.message("k", "text", fate{}), mcpadapter.Executed)
	})
}

func TestAMemoryThatNobodyKeptIsANewOne(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, p := settled(t, 1, rarely)
		p[0].end()
		time.Sleep(200 * 24 * time.Hour)
		var a api
		want(t, start(t, s), a.message("k", "text", fate{}), mcpadapter.Executed)
	})
}
