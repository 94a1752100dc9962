package idempotency_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// of gives an operation to a tenant.
func of(tenant string, w task) task {
	w.Subject, w.Tenant = tenant, tenant
	return w
}

func TestTenantsDoNotWaitForEachOther(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 2)
		var a api
		var all sync.WaitGroup
		begun := time.Now()
		for i, tenant := range []string{"ann", "ben", "carl"} {
			all.Go(func() {
				want(t, p[i%2], of(tenant, a.message(tenant, "text", outcome{takes: time.Minute})), mcpadapter.Executed)
				if took := time.Since(begun); took != time.Minute {
					t.Errorf("%s: after %v; want a minute", tenant, took)
				}
			})
		}
		time.Sleep(time.Second)
		want(t, p[0], of("ann", a.message("second", "text", outcome{})), mcpadapter.Queued) // after 15 s
		all.Wait()
		if len(a.made) != 3 {
			t.Errorf("%d were made; want 3", len(a.made))
		}
	})
}

// Ben's answer is lost while Ann's message with the same text is under way: it cannot be known
// whose it is that he sees.
func TestAForeignOpenAttemptLeavesAReconciliationUndecided(t *testing.T) {
	for name, tc := range map[string]struct {
		ben         outcome
		then        mcpadapter.State
		ofAnn, made int
	}{
		"both are there":      {outcome{cut: true}, mcpadapter.Reconciled, 1, 1},
		"only Ann's is there": {outcome{dropped: true}, mcpadapter.NotFoundYet, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				s, p := running(t, 2)
				var a api
				var all sync.WaitGroup
				ann := of("ann", a.message("ann", "text", outcome{}))
				ann.Attempt = func(ctx context.Context, commit func(context.Context) error) mcpadapter.Attempted {
					if err := commit(ctx); err != nil {
						t.Error(err)
					}
					id := a.make("text", "ann") // it is there, and she does not know yet
					time.Sleep(30 * time.Second)
					return mcpadapter.Attempted{Outcome: clerkapi.Done, ID: id, Result: resultOf(id)}
				}
				all.Go(func() { want(t, p[0], ann, mcpadapter.Executed) })
				time.Sleep(time.Second)
				ben := of("ben", a.message("ben", "text", tc.ben))
				for range 2 {
					if f := want(t, p[1], ben, mcpadapter.Indeterminate); f.Result.Text != "" {
						t.Errorf("it is told of %s", f.Result.Text)
					}
				}
				all.Wait()
				want(t, p[0], ann, mcpadapter.Replayed)
				f := want(t, p[0], ben, tc.then)
				if ids := a.by("ben"); len(ids) > 0 && f.Result.Text != string(resultOf(ids[0]).Structured) {
					t.Errorf("Ben is told of %s; his are %v", f.Result.Text, ids)
				}
				a.wantMade(t, "ann", tc.ofAnn)
				a.wantMade(t, "ben", tc.made)
				time.Sleep(time.Second)
				if open := s.names(fingerprints); len(open) > 0 != (tc.then == mcpadapter.NotFoundYet) {
					t.Errorf("open attempts are left in %v", open)
				}
			})
		})
	}
}

func TestTwoTenantsUnansweredAreIndeterminate(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 2)
		var a api
		var all sync.WaitGroup
		for i, tenant := range []string{"ann", "ben"} {
			all.Go(func() {
				want(t, p[i], of(tenant, a.message(tenant, "text", outcome{takes: time.Second, cut: true})), mcpadapter.Indeterminate)
			})
		}
		all.Wait()
		for i, tenant := range []string{"ben", "ann"} {
			want(t, p[i], of(tenant, a.message(tenant, "text", outcome{})), mcpadapter.Indeterminate)
			a.wantMade(t, tenant, 1)
		}
	})
}

// A linked key that is replaced makes another tenant of the same person.
func TestAKeyBelongsToItsSubject(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 2)
		var a api
		w := a.message("k", "text", outcome{})
		w.Tenant = "of the old credential"
		want(t, p[0], w, mcpadapter.Executed)
		w.Tenant = "of the new credential"
		want(t, p[1], w, mcpadapter.Replayed)
		a.wantMade(t, "k", 1)

		lost := a.message("lost", "another text", outcome{cut: true})
		lost.Search = nil
		lost.Tenant = "of the old credential"
		want(t, p[0], lost, mcpadapter.Indeterminate)
		lost = a.message("lost", "another text", outcome{})
		lost.Tenant = "of the new credential"
		want(t, p[1], lost, mcpadapter.Reconciled)
		a.wantMade(t, "lost", 1)
	})
}

func TestAnAttemptIsNotedAsOpenBeforeItsCommit(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, p := running(t, 1)
		var a api
		noted := 0
		p[0].line.set(func(l *line) {
			l.wait = func(part, op, _ string) {
				if part == operations && op == "Replace" && noted == 0 {
					noted = len(s.names(fingerprints))
				}
			}
		})
		want(t, p[0], a.message("k", "text", outcome{}), mcpadapter.Executed)
		time.Sleep(time.Second)
		if noted != 1 || len(s.names(fingerprints)) != 0 || len(s.names(queues)) != 0 {
			t.Errorf("at its commit there were %d lists, at its end %v and %v", noted, s.names(fingerprints), s.names(queues))
		}
	})
}

// A process dies with the queue in its hand, or with the attempt noted and nothing else.
func TestAnOwnerDeadBeforeItsCommitBlocksNobody(t *testing.T) {
	for _, part := range []string{queues, fingerprints} {
		t.Run(part, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				s, p := running(t, 2)
				var a api
				p[0].line.set(func(l *line) {
					l.then = func(at, op, _ string, _ error) {
						if at == part && op == "Add" {
							l.set(func(l *line) { l.cut = true })
						}
					}
				})
				do(t.Context(), p[0], a.message("k", "text", outcome{}))
				p[0].die()
				time.Sleep(15 * time.Second)
				begun := time.Now()
				want(t, p[1], of("ben", a.message("ben", "text", outcome{})), mcpadapter.Executed)
				want(t, p[1], a.message("k", "text", outcome{}), mcpadapter.Executed)
				if waited := time.Since(begun); waited > time.Second {
					t.Errorf("only after %v", waited)
				}
				want(t, p[1], of("carl", a.message("carl", "text", outcome{cut: true})), mcpadapter.Reconciled)
				time.Sleep(time.Second)
				if left := append(s.names(fingerprints), s.names(queues)...); len(left) > 0 {
					t.Errorf("%v is left", left)
				}
			})
		})
	}
}

// A queue is for order alone: without it all go at once, and what each is told is true.
func TestALostOrUnreadableQueueIsHarmless(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, p := running(t, 3)
		var a api
		var all sync.WaitGroup
		for i := range 3 {
			all.Go(func() {
				want(t, p[i], a.message(fmt.Sprint("k", i), "text", outcome{takes: 20 * time.Second}), mcpadapter.Executed)
			})
			time.Sleep(time.Second)
			for _, name := range s.names(queues) {
				_, _, _ = s.part(queues).GetSet(t.Context(), name, []byte("rubbish"), time.Hour)
			}
		}
		want(t, p[0], of("ben", a.message("ben", "text", outcome{cut: true})), mcpadapter.Indeterminate)
		all.Wait()
		want(t, p[0], of("ben", a.message("ben", "text", outcome{})), mcpadapter.Reconciled)
	})
}

// Ids of messages start again, as when the data of the API are set up again: what was claimed
// before is not about them.
func TestIDsThatStartAgainDoNotMeetOldClaims(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 2)
		var a api
		want(t, p[0], a.message("before", "text", outcome{}), mcpadapter.Executed)
		a.made = nil
		if f := want(t, p[1], a.message("after", "another text", outcome{cut: true}), mcpadapter.Reconciled); f.Result.Text != `{"id":"m1"}` {
			t.Error(f.Result.Text)
		}
		// And whoever looks later knows that it is somebody's.
		want(t, p[0], a.message("third", "another text", outcome{dropped: true}), mcpadapter.NotFoundYet)
	})
}
