package idempotency_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/idempotency"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

func TestOperationsOfOneFingerprintAreQueued(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 3)
		var a api
		var mu sync.Mutex
		under, most := 0, 0
		var all sync.WaitGroup
		for i := range 6 {
			w := a.message(fmt.Sprint("k", i), "text", outcome{takes: time.Second})
			attempt := w.Attempt
			w.Attempt = func(ctx context.Context, commit func(context.Context) error) mcpadapter.Attempted {
				mu.Lock()
				under++
				most = max(most, under)
				mu.Unlock()
				defer func() { mu.Lock(); under--; mu.Unlock() }()
				return attempt(ctx, commit)
			}
			all.Go(func() { want(t, p[i%3], w, mcpadapter.Executed) })
		}
		begun := time.Now()
		want(t, p[0], a.message("another", "another text", outcome{takes: time.Second}), mcpadapter.Executed)
		if waited := time.Since(begun); waited > time.Second {
			t.Errorf("an operation of another fingerprint waited %v", waited)
		}
		all.Wait()
		if most != 1 || len(a.made) != 7 {
			t.Errorf("%d at once, %d made", most, len(a.made))
		}
	})
}

func TestACallThatQueuedTooLongIsNotExecuted(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 2)
		var a api
		var all sync.WaitGroup
		all.Go(func() { want(t, p[0], a.message("slow", "text", outcome{takes: time.Minute}), mcpadapter.Executed) })
		time.Sleep(time.Second)
		begun := time.Now()
		want(t, p[1], a.message("k", "text", outcome{}), mcpadapter.Queued)
		if waited := time.Since(begun); waited != 15*time.Second {
			t.Errorf("after %v", waited)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		begun = time.Now()
		if f := do(ctx, p[1], a.message("k", "text", outcome{})); f.State != mcpadapter.Queued || time.Since(begun) != 3*time.Second {
			t.Errorf("with less time: %s after %v", stateName(f.State), time.Since(begun))
		}
		a.wantMade(t, "k", 0)
		all.Wait()
		want(t, p[0], a.message("k", "text", outcome{}), mcpadapter.Executed)
	})
}

func TestTwoUnansweredAttemptsAreIndeterminate(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 2)
		var a api
		want(t, p[0], a.message("one", "text", outcome{late: 30 * time.Second}), mcpadapter.NotFoundYet)
		want(t, p[1], a.message("two", "text", outcome{cut: true}), mcpadapter.Indeterminate)
		want(t, p[0], a.message("one", "text", outcome{}), mcpadapter.Indeterminate)
		time.Sleep(time.Minute)
		for _, key := range []string{"one", "two"} {
			want(t, p[1], a.message(key, "text", outcome{}), mcpadapter.Indeterminate)
			a.wantMade(t, key, 1)
		}
		// One that has an answer is known, whatever else is open.
		want(t, p[0], a.message("three", "text", outcome{}), mcpadapter.Executed)
	})
}

func TestAClaimedMatchIsNotReconciled(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 2)
		var a api
		want(t, p[0], a.message("one", "text", outcome{}), mcpadapter.Executed)
		want(t, p[1], a.message("two", "text", outcome{dropped: true}), mcpadapter.NotFoundYet)
		want(t, p[0], a.message("three", "text", outcome{}), mcpadapter.Executed)
		want(t, p[0], a.message("two", "text", outcome{}), mcpadapter.NotFoundYet)
	})
}

// Two messages can be seen that nobody claims: somebody has sent the same by hand.
func TestSeveralMatchesAreIndeterminate(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 1)
		var a api
		a.make("text", "by hand")
		want(t, p[0], a.message("k", "text", outcome{cut: true}), mcpadapter.Indeterminate)
	})
}

func TestAClaimStandsWhateverElseMatches(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 2)
		var a api
		w := a.message("k", "text", outcome{cut: true})
		p[0].line.set(func(l *line) { // it dies when it has claimed what it found
			l.then = func(part, op, _ string, _ error) {
				if part == claims && op == "Add" {
					l.set(func(l *line) { l.cut = true })
				}
			}
		})
		do(t.Context(), p[0], w)
		p[0].die()
		a.make("text", "by hand")
		if f := want(t, p[1], w, mcpadapter.Reconciled); f.Result.Text != `{"id":"m1"}` {
			t.Error(f.Result.Text)
		}
	})
}

func TestTwoReconciliationsOfOneRecordAgree(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 2)
		var a api
		want(t, p[0], a.message("k", "text", outcome{late: 20 * time.Second}), mcpadapter.NotFoundYet)
		time.Sleep(30 * time.Second)
		var all sync.WaitGroup
		for i := range 10 {
			all.Go(func() {
				f := do(t.Context(), p[i%2], a.message("k", "text", outcome{}))
				if f.State != mcpadapter.Reconciled && f.State != mcpadapter.Replayed || f.Result.Text != `{"id":"m1"}` {
					t.Errorf("%s %s", stateName(f.State), f.Result.Text)
				}
			})
		}
		all.Wait()
	})
}

// What is found is free at first, and claimed by who made it before anybody else can: under the
// same secret or another.
func TestAnOwnersClaimBeatsAReconciliation(t *testing.T) {
	for name, secrets := range map[string][]func(*idempotency.Options){
		"the same secret": {rotation(t)[0], rotation(t)[0]}, "two secrets": {rotation(t)[1], rotation(t)[2]},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				s := newMemStore()
				p := []*process{start(t, s, secrets[0]), start(t, s, secrets[1])}
				time.Sleep(time.Minute)
				var a api
				var all sync.WaitGroup
				answered := make(chan struct{})
				other := a.message("other", "text", outcome{})
				other.Attempt = func(ctx context.Context, commit func(context.Context) error) mcpadapter.Attempted {
					_ = commit(ctx)
					id := a.make("text", "other")
					<-answered
					return mcpadapter.Attempted{Outcome: clerkapi.Done, ID: id, Result: resultOf(id)}
				}
				w := a.message("k", "text", outcome{dropped: true})
				look, looks := w.Search, 0
				w.Search = func(ctx context.Context, since time.Time) ([]mcpadapter.Match, error) {
					if looks++; looks == 1 {
						all.Go(func() { want(t, p[1], other, mcpadapter.Executed) })
						time.Sleep(100 * time.Millisecond)
					}
					return look(ctx, since)
				}
				p[0].line.set(func(l *line) {
					told := false
					l.wait = func(part, op, _ string) {
						if part == fingerprints && op == "Get" && looks == 1 && !told { // it has seen that nobody claims it
							told = true
							close(answered)
							time.Sleep(100 * time.Millisecond)
						}
					}
				})
				if f := do(t.Context(), p[0], w); f.State == mcpadapter.Reconciled {
					t.Errorf("it is taken for another's: %s", f.Result.Text)
				}
				all.Wait()
			})
		})
	}
}

func TestWithoutAFingerprintNothingIsSearched(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 1)
		var a api
		w := a.message("k", "text", outcome{cut: true})
		w.Fingerprint = [32]byte{} // then nobody knows who else makes the like
		for range 2 {
			want(t, p[0], w, mcpadapter.Indeterminate)
		}
	})
}

func TestAFailedSearchProvesNothing(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 1)
		var a api
		w := a.message("k", "text", outcome{cut: true})
		look, looks := w.Search, 0
		w.Search = func(ctx context.Context, since time.Time) ([]mcpadapter.Match, error) {
			looks++
			return nil, errors.New("503")
		}
		want(t, p[0], w, mcpadapter.Indeterminate)
		if looks < 3 || looks > 12 {
			t.Errorf("it looked %d times", looks)
		}
		w.Search = func(ctx context.Context, since time.Time) ([]mcpadapter.Match, error) {
			if looks++; looks%3 != 0 {
				return nil, errors.New("503")
			}
			return look(ctx, since)
		}
		want(t, p[0], w, mcpadapter.Reconciled)
	})
}

func TestASearchStartsAMarginBeforeTheAttempt(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 1)
		var a api
		a.make("text", "somebody long ago")
		time.Sleep(31 * time.Second)
		begun := time.Now()
		w := a.message("k", "text", outcome{cut: true})
		look := w.Search
		w.Search = func(ctx context.Context, since time.Time) ([]mcpadapter.Match, error) {
			if !since.Equal(begun.Add(-30 * time.Second)) {
				t.Errorf("since %v before", begun.Sub(since))
			}
			return look(ctx, since)
		}
		want(t, p[0], w, mcpadapter.Reconciled)
	})
}

// mute has a process seem to be dead.
func mute(p *process) {
	p.line.set(func(l *line) {
		l.rule = func(part, _, _ string) fault {
			if part == replicas {
				return before
			}
			return noFault
		}
	})
}

// Nothing is sent outside the queue: whoever reconciles would not know of it.
func TestNothingIsSentWithoutTheQueue(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 2)
		var a api
		var all sync.WaitGroup
		all.Go(func() { do(t.Context(), p[0], a.message("slow", "text", outcome{takes: 10 * time.Second})) })
		time.Sleep(time.Second)
		ctx, hangUp := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, hangUp)
		f := do(ctx, p[1], a.message("k", "text", outcome{}))
		if f.State == mcpadapter.Executed && f.Result.Text == `{"id":"m1"}` {
			t.Error("it was sent")
		}
		a.wantMade(t, "k", 0)
		p[1].line.once(fingerprints, "Add", before)
		want(t, p[1], a.message("l", "another", outcome{}), mcpadapter.StoreDown)
		a.wantMade(t, "l", 0)
		all.Wait()
	})
}

func TestAResultIsClaimedBeforeTheQueueIsReleased(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 2)
		var a api
		p[0].line.set(func(l *line) { // claims cannot be made
			l.rule = func(part, op, _ string) fault {
				if part == claims {
					return before
				}
				return noFault
			}
		})
		want(t, p[0], a.message("one", "text", outcome{}), mcpadapter.Executed)
		p[0].die()
		want(t, p[1], a.message("two", "text", outcome{dropped: true}), mcpadapter.Indeterminate)
	})
}

func TestAFailedClaimIsRetried(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 2)
		var a api
		p[0].line.once(claims, "Add", before)
		want(t, p[0], a.message("one", "text", outcome{}), mcpadapter.Executed)
		want(t, p[1], a.message("two", "text", outcome{dropped: true}), mcpadapter.NotFoundYet)
	})
}

func TestWithoutASearchAnOutcomeIsIndeterminate(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 1)
		var a api
		w := a.message("k", "text", outcome{cut: true})
		w.Search = nil // as of a message with media
		for range 2 {
			want(t, p[0], w, mcpadapter.Indeterminate)
		}
	})
}
