package idempotency_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/idempotency"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// dyingAt is an operation whose process dies at a point of its way, and whose call never returns.
func dyingAt(p *process, w task, point string) task {
	die := func(at string) {
		if at == point {
			p.line.set(func(l *line) { l.cut = true })
		}
	}
	attempt := w.Attempt
	w.Attempt = func(ctx context.Context, commit func(context.Context) error) mcpadapter.Attempted {
		die("prepared")
		return attempt(ctx, func(ctx context.Context) error {
			err := commit(ctx)
			die("committed")
			return err
		})
	}
	return w
}

func TestARecordOfADeadOwnerIsTakenOver(t *testing.T) {
	for name, tc := range map[string]struct {
		point   string
		outcome outcome
		want    mcpadapter.State
		made    int
	}{
		"before it was committed":                {"prepared", outcome{}, mcpadapter.Executed, 1},
		"committed and not sent":                 {"committed", outcome{dropped: true}, mcpadapter.NotFoundYet, 0},
		"sent, and nobody knows":                 {"committed", outcome{cut: true}, mcpadapter.Reconciled, 1},
		"sent and answered, and nobody noted it": {"committed", outcome{}, mcpadapter.Reconciled, 1},
		"refused, and nobody noted it":           {"committed", outcome{refused: true}, mcpadapter.NotFoundYet, 0},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				_, p := running(t, 2)
				var a api
				do(t.Context(), p[0], dyingAt(p[0], a.message("k", "text", tc.outcome), tc.point))
				p[0].die()
				begun := time.Now()
				f := want(t, p[1], a.message("k", "text", outcome{}), tc.want)
				if waited := time.Since(begun); waited > 20*time.Second {
					t.Errorf("only after %v", waited)
				}
				if f.At.IsZero() || f.Earlier != (tc.want != mcpadapter.Executed) {
					t.Errorf("At %v, Earlier %v", f.At, f.Earlier)
				}
				a.wantMade(t, "k", tc.made)
				if tc.made > 0 {
					want(t, p[1], a.message("k", "text", outcome{}), mcpadapter.Replayed)
				}
				// What is left does not keep others from being found, unless it may still go out.
				other := mcpadapter.Reconciled
				if tc.want == mcpadapter.NotFoundYet {
					other = mcpadapter.Indeterminate
				}
				want(t, p[1], a.message("other", "text", outcome{cut: true}), other)
			})
		})
	}
}

func TestADeadOwnersCallWithoutASearchIsIndeterminate(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 2)
		var a api
		do(t.Context(), p[0], dyingAt(p[0], a.contact("k", "Jane", outcome{}), "committed"))
		p[0].die()
		want(t, p[1], a.contact("k", "Jane", outcome{}), mcpadapter.Indeterminate)
		a.wantMade(t, "k", 1)
	})
}

// stalled is an operation whose process stops before or after its commit until it is let go.
func stalled(w task, afterCommit bool) (_ task, letGo func()) {
	gate := make(chan struct{})
	attempt := w.Attempt
	w.Attempt = func(ctx context.Context, commit func(context.Context) error) mcpadapter.Attempted {
		return attempt(ctx, func(ctx context.Context) error {
			if !afterCommit {
				<-gate
			}
			err := commit(ctx)
			if afterCommit {
				<-gate
			}
			return err
		})
	}
	return w, func() { close(gate) }
}

func TestAnOwnerThatStalledBeforeItsCommitSendsNothing(t *testing.T) {
	for name, seemsDead := range map[string]bool{"its heart beats on": false, "it seems to be dead": true} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				_, p := running(t, 2)
				var a api
				w, letGo := stalled(a.message("k", "text", outcome{}), false)
				var all sync.WaitGroup
				if seemsDead {
					mute(p[0])
				}
				all.Go(func() { want(t, p[0], w, mcpadapter.Replayed) })
				time.Sleep(11 * time.Second)
				begun := time.Now()
				want(t, p[1], a.message("k", "text", outcome{}), mcpadapter.Executed)
				if waited := time.Since(begun); seemsDead != (waited < time.Second) {
					t.Errorf("after %v", waited)
				}
				letGo()
				all.Wait()
				a.wantMade(t, "k", 1)
				want(t, p[1], a.message("other", "text", outcome{cut: true}), mcpadapter.Reconciled)
			})
		})
	}
}

func TestOnlyAnOwnerThatStalledAfterItsCommitSends(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 2)
		var a api
		w, letGo := stalled(a.message("k", "text", outcome{}), true)
		var all sync.WaitGroup
		all.Go(func() { want(t, p[0], w, mcpadapter.Executed) })
		time.Sleep(5 * time.Minute) // longer than an attempt may take
		want(t, p[1], a.message("k", "text", outcome{}), mcpadapter.NotFoundYet)
		want(t, p[1], a.message("other", "text", outcome{cut: true}), mcpadapter.Indeterminate)
		letGo()
		all.Wait()
		want(t, p[1], a.message("k", "text", outcome{}), mcpadapter.Replayed)
		a.wantMade(t, "k", 1)
	})
}

// A call in the queue is not stuck: a duplicate must not take it over again and again.
func TestAQueuedCallIsNotTakenOver(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 3)
		var a api
		var all sync.WaitGroup
		defer all.Wait()
		all.Go(func() {
			want(t, p[0], a.message("first", "text", outcome{takes: 14 * time.Second}), mcpadapter.Executed)
		})
		time.Sleep(time.Second)
		all.Go(func() { want(t, p[1], a.message("k", "text", outcome{}), mcpadapter.Executed) })
		time.Sleep(time.Second)
		all.Go(func() { want(t, p[2], a.message("k", "text", outcome{}), mcpadapter.Replayed) })
	})
}

func TestClocksThatJumpSendNothingTwice(t *testing.T) {
	for _, jump := range []time.Duration{-5 * time.Hour, 5 * time.Hour} {
		inTime(t, func(t *testing.T) {
			var mu sync.Mutex
			var off time.Duration
			now := func() time.Time {
				mu.Lock()
				defer mu.Unlock()
				return time.Now().Add(off)
			}
			s, p := running(t, 1)
			jumper := start(t, s, func(o *idempotency.Options) { o.Now = now })
			time.Sleep(10 * time.Second)
			var a api
			var all sync.WaitGroup
			for _, pair := range [][2]*process{{p[0], jumper}, {jumper, p[0]}} {
				key := string(rune('a' + len(a.made)))
				all.Go(func() { do(t.Context(), pair[0], a.message(key, "text of "+key, outcome{takes: 20 * time.Second})) })
				time.Sleep(time.Second)
				mu.Lock()
				off = jump
				mu.Unlock()
				f := do(t.Context(), pair[1], a.message(key, "text of "+key, outcome{}))
				if f.State == mcpadapter.Executed {
					t.Errorf("it is done twice: %s", stateName(f.State))
				}
				all.Wait()
				a.wantMade(t, key, 1)
				want(t, pair[1], a.message(key, "text of "+key, outcome{}), mcpadapter.Replayed)
				mu.Lock()
				off = 0
				mu.Unlock()
			}
		})
	}
}

func TestAnOwnerOfUnknownLivenessIsWaitedFor(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 2)
		var a api
		var all sync.WaitGroup
		all.Go(func() { want(t, p[0], a.message("k", "text", outcome{takes: 10 * time.Second}), mcpadapter.Executed) })
		time.Sleep(time.Second)
		mute(p[1])
		want(t, p[1], a.message("k", "text", outcome{}), mcpadapter.Replayed)
		all.Wait()
	})
}

// An owner that did not get to note what came of its attempt must not keep others waiting for as
// long as a clock is wrong.
func TestASlowClockDoesNotKeepADeadOwnerAlive(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, p := running(t, 1)
		behind := start(t, s, func(o *idempotency.Options) { o.Now = func() time.Time { return time.Now().Add(-5 * time.Hour) } })
		time.Sleep(10 * time.Second)
		var a api
		w := a.message("k", "text", outcome{cut: true})
		p[0].line.set(func(l *line) {
			l.rule = func(part, op, _ string) fault {
				if len(a.by("k")) > 0 && part != replicas && part != epochs {
					return before
				}
				return noFault
			}
		})
		want(t, p[0], w, mcpadapter.Indeterminate)
		time.Sleep(5 * time.Minute)
		if f := do(t.Context(), behind, w); f.State == mcpadapter.InProgress {
			t.Error("it is said to be under way")
		}
	})
}

func TestRetryAbsentSendsAgainWhatIsNotFound(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 2, func(o *idempotency.Options) { o.RetryAbsent = true })
		var a api
		want(t, p[0], a.message("k", "text", outcome{late: time.Minute}), mcpadapter.NotFoundYet)
		// It is refused this time, which does not make it certain that it is not sent.
		want(t, p[1], a.message("k", "text", outcome{refused: true}), mcpadapter.Executed)
		want(t, p[1], a.message("k", "text", outcome{}), mcpadapter.Executed)
		a.wantMade(t, "k", 1)
		want(t, p[0], a.message("k", "text", outcome{}), mcpadapter.Replayed)

		want(t, p[0], a.message("l", "another", outcome{late: 30 * time.Second}), mcpadapter.NotFoundYet)
		want(t, p[1], a.message("l", "another", outcome{refused: true}), mcpadapter.Executed)
		w := a.message("l", "another", outcome{})
		attempt := w.Attempt
		w.Attempt = func(ctx context.Context, commit func(context.Context) error) mcpadapter.Attempted {
			p[1].line.once(operations, "Replace", before)
			return attempt(ctx, commit)
		}
		want(t, p[1], w, mcpadapter.StoreDown)
		time.Sleep(time.Minute)
		want(t, p[0], a.message("l", "another", outcome{}), mcpadapter.Reconciled)
		a.wantMade(t, "l", 1)
		if f := do(t.Context(), p[0], a.contact("c", "Jane", outcome{dropped: true})); f.State != mcpadapter.Indeterminate {
			t.Error(stateName(f.State))
		}
		want(t, p[0], a.contact("c", "Jane", outcome{}), mcpadapter.Indeterminate) // what cannot be searched for is not absent
	})
}

// A panic is answered, and the process goes on: nobody may wait for an attempt that it ended.
func TestAttemptThatPanicsIsNotUnderWay(t *testing.T) {
	for name, commits := range map[string]bool{"before its commit": false, "after it": true} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				_, p := running(t, 1)
				var a api
				w := a.message("k", "text", outcome{})
				attempt := w.Attempt
				w.Attempt = func(ctx context.Context, commit func(context.Context) error) mcpadapter.Attempted {
					if commits {
						_ = commit(ctx)
					}
					panic("of the attempt")
				}
				func() {
					defer func() { _ = recover() }()
					do(t.Context(), p[0], w)
				}()
				w.Attempt = attempt
				begun := time.Now()
				state := map[bool]mcpadapter.State{false: mcpadapter.Executed, true: mcpadapter.NotFoundYet}[commits]
				if f := do(t.Context(), p[0], w); f.State != state || f.State == mcpadapter.Executed && time.Since(begun) > time.Minute {
					t.Errorf("state %s after %v", stateName(f.State), time.Since(begun))
				}
			})
		})
	}
}

// The owner concludes and ends between the moments in which another call reads its record and asks
// whether it is alive.
func TestAnAnswerThatComesMeanwhileIsReplayed(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 1)
		var a api
		committed, answered, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
		w := a.message("k", "text", outcome{})
		attempt := w.Attempt
		w.Attempt = func(ctx context.Context, commit func(context.Context) error) mcpadapter.Attempted {
			return attempt(ctx, func(ctx context.Context) error {
				err := commit(ctx)
				close(committed)
				<-answered
				return err
			})
		}
		go func() {
			defer close(ended)
			want(t, p[0], w, mcpadapter.Executed)
		}()
		<-committed
		var once sync.Once
		p[0].line.set(func(l *line) {
			l.then = func(part, op, _ string, _ error) {
				if part == operations && op == "Get" {
					once.Do(func() {
						close(answered)
						<-ended
					})
				}
			}
		})
		want(t, p[0], a.message("k", "text", outcome{}), mcpadapter.Replayed)
		a.wantMade(t, "k", 1)
	})
}
