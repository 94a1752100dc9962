package idempotency_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

func TestAResultIsReplayedByteForByte(t *testing.T) {
	for _, result := range []mcpadapter.Result{
		resultOf("m1"),
		{Structured: []byte("{\"a\": \"<>&\xff\"}"), Text: "in words \xff"},
		{IsError: true, Text: "it was made, and is broken"},
		{},
	} {
		inTime(t, func(t *testing.T) {
			_, p := running(t, 2)
			begun := time.Now()
			w := message("k", mcpadapter.Attempted{Outcome: clerkapi.Done, ID: "m1", Result: result})
			if f := want(t, p[0], w, mcpadapter.Executed); f.Earlier || !f.At.Equal(begun) {
				t.Errorf("At %v, Earlier %v", f.At, f.Earlier)
			}
			time.Sleep(time.Hour)
			f := want(t, p[1], w, mcpadapter.Replayed)
			if diff := cmp.Diff(result, f.Result); diff != "" || !f.Earlier || !f.At.Equal(begun) {
				t.Errorf("At %v, Earlier %v, result -want +got\n%s", f.At, f.Earlier, diff)
			}
		})
	}
}

func TestAKeyLastsADayForItsSubjectOnly(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 1, rarely)
		var a api
		w := a.contact("k", "text", outcome{})
		want(t, p[0], w, mcpadapter.Executed)
		time.Sleep(24*time.Hour - time.Second)
		want(t, p[0], w, mcpadapter.Replayed)
		ben := w
		ben.Subject = "ben"
		want(t, p[0], ben, mcpadapter.Executed)
		part := w
		part.Part = 2
		want(t, p[0], part, mcpadapter.Executed)
		time.Sleep(2 * time.Second)
		want(t, p[0], w, mcpadapter.Executed)
	})
}

func TestKeysDoNotCollide(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 1)
		var a api
		for i, w := range []mcpadapter.Operation{
			{Subject: "a", Key: "bc"}, {Subject: "ab", Key: "c"}, {Subject: "a\x00b", Key: "c"}, {Subject: `a","b`, Key: "c"},
			{Subject: "\xff", Key: "k"}, {Subject: "\xfe", Key: "k"},
		} {
			operation := a.contact("", "text", outcome{})
			operation.Subject, operation.Key = w.Subject, w.Key
			if f := do(t.Context(), p[0], operation); f.State != mcpadapter.Executed {
				t.Errorf("operation %d is that of another: %s", i, stateName(f.State))
			}
		}
	})
}

func TestAKeyIsForOneOperation(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 2)
		var a api
		for name, f := range map[string]outcome{"done": {}, "unknown": {dropped: true}, "committed": {takes: time.Minute}} {
			if name == "committed" {
				go do(t.Context(), p[0], a.message(name, "text of "+name, f))
				time.Sleep(time.Second)
			} else {
				do(t.Context(), p[0], a.message(name, "text of "+name, f))
			}
			if f := want(t, p[1], a.message(name, "another text", outcome{}), mcpadapter.KeyReused); f.At.IsZero() || !f.Earlier {
				t.Errorf("%s: At %v, Earlier %v", name, f.At, f.Earlier)
			}
			other := a.message(name, "text of "+name, outcome{})
			other.Tool = "create_contact"
			want(t, p[1], other, mcpadapter.KeyReused)
		}
		time.Sleep(time.Minute)
		// What was not done binds nobody.
		want(t, p[0], a.message("refused", "a typo", outcome{refused: true}), mcpadapter.Executed)
		want(t, p[1], a.message("refused", "corrected", outcome{}), mcpadapter.Executed)
		want(t, p[1], a.message("refused", "a typo", outcome{}), mcpadapter.KeyReused)
	})
}

// A client is challenged for a new sign-in, and brings the very same request again.
func TestARefusalIsReplayedOnlyToThoseWhoWaited(t *testing.T) {
	for _, key := range []string{"k", ""} {
		inTime(t, func(t *testing.T) {
			s, p := running(t, 3)
			var a api
			operation := func(f outcome) task {
				w := a.message(key, "text", f)
				w.Retransmission = mcpadapter.Retransmission{Session: "s", RequestID: "1"}
				return w
			}
			var waiting sync.WaitGroup
			waiting.Go(func() {
				f := want(t, p[0], operation(outcome{refused: true, takes: 3 * time.Second}), mcpadapter.Executed)
				if f.Result.Text != "refused" {
					t.Errorf("%+v", f.Result)
				}
			})
			time.Sleep(time.Second)
			waiting.Go(func() {
				f := want(t, p[1], operation(outcome{}), mcpadapter.Replayed)
				if diff := cmp.Diff(refusal, f.Result); diff != "" {
					t.Error(diff)
				}
			})
			waiting.Wait()
			want(t, p[2], operation(outcome{}), mcpadapter.Executed)
			want(t, p[1], operation(outcome{}), mcpadapter.Replayed)
			a.wantMade(t, key, 1)
			had := len(s.names(operations))
			for i := range 100 {
				want(t, p[0], a.contact(fmt.Sprint(i), "text", outcome{refused: true}), mcpadapter.Executed)
			}
			time.Sleep(time.Minute)
			if now := len(s.names(operations)); now > had {
				t.Errorf("%d refusals are kept for long", now-had)
			}
		})
	}
}

func TestACanceledCallIsNotReplayed(t *testing.T) {
	gone := mcpadapter.Attempted{Outcome: clerkapi.NotDone, Result: mcpadapter.Result{Text: "gone", IsError: true}}
	for name, attempt := range map[string]func(ctx context.Context, commit func(context.Context) error) mcpadapter.Attempted{
		"as it waits for a credential": func(ctx context.Context, _ func(context.Context) error) mcpadapter.Attempted {
			<-ctx.Done()
			return gone
		},
		"as it was about to be handed over": func(ctx context.Context, commit func(context.Context) error) mcpadapter.Attempted {
			if err := commit(ctx); err != nil {
				t.Error(err)
			}
			<-ctx.Done()
			canceled := gone
			canceled.Canceled = true
			return canceled
		},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				_, p := running(t, 2)
				var a api
				ctx, hangUp := context.WithCancel(t.Context())
				hesitant := a.message("k", "text", outcome{})
				hesitant.Attempt = attempt
				go do(ctx, p[0], hesitant)
				time.AfterFunc(2*time.Second, hangUp)
				time.Sleep(time.Second)
				want(t, p[1], a.message("k", "text", outcome{}), mcpadapter.Executed)
				a.wantMade(t, "k", 1)
			})
		})
	}
}

func TestDuplicatesReplayTheCallInFlight(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 3)
		var a api
		var mu sync.Mutex
		states := map[mcpadapter.State]int{}
		var all sync.WaitGroup
		for i := range 30 {
			all.Go(func() {
				f := do(t.Context(), p[i%3], a.message("k", "text", outcome{takes: 10 * time.Second}))
				mu.Lock()
				defer mu.Unlock()
				states[f.State]++
				if f.Result.Text != `{"id":"m1"}` {
					t.Errorf("%+v", f)
				}
			})
		}
		all.Wait()
		if states[mcpadapter.Executed] != 1 || states[mcpadapter.Replayed] != 29 {
			t.Error(states)
		}
		a.wantMade(t, "k", 1)
	})
}

func TestADuplicateThatWaitedLongIsToldInProgress(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 2)
		var a api
		var all sync.WaitGroup
		defer all.Wait()
		all.Go(func() { do(t.Context(), p[0], a.message("k", "text", outcome{takes: 100 * time.Second})) })
		time.Sleep(time.Second)
		begun := time.Now()
		want(t, p[1], a.message("k", "text", outcome{}), mcpadapter.InProgress)
		if waited := time.Since(begun); waited != 45*time.Second {
			t.Errorf("after %v", waited)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		begun = time.Now()
		if f := do(ctx, p[1], a.message("k", "text", outcome{})); f.State != mcpadapter.InProgress || time.Since(begun) != 3*time.Second {
			t.Errorf("a client with less time: %s after %v", stateName(f.State), time.Since(begun))
		}
	})
}

func TestAPanicAffectsItsCallAlone(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 2)
		var a api
		for i, committed := range []bool{false, true} {
			w := a.message(fmt.Sprint("k", i), fmt.Sprint("text", i), outcome{})
			attempt := w.Attempt
			w.Attempt = func(ctx context.Context, commit func(context.Context) error) mcpadapter.Attempted {
				if committed {
					_ = commit(ctx)
				}
				panic("a mistake")
			}
			func() {
				defer func() { _ = recover() }()
				do(t.Context(), p[0], w)
			}()
			w.Attempt = attempt
			begun := time.Now()
			state := mcpadapter.Executed
			if committed {
				state = mcpadapter.NotFoundYet
			}
			want(t, p[0], w, state)
			if waited := time.Since(begun); waited > 8*time.Second {
				t.Errorf("committed %v: only after %v", committed, waited)
			}
		}
	})
}

func TestARetransmissionIsRecognizedForAMinute(t *testing.T) {
	type retransmission = mcpadapter.Retransmission
	for name, tc := range map[string]struct {
		first, second retransmission
		same          bool
	}{
		"the same request":           {retransmission{Session: "s", RequestID: "n:1"}, retransmission{Session: "s", RequestID: "n:1"}, true},
		"another request":            {retransmission{Session: "s", RequestID: "n:1"}, retransmission{Session: "s", RequestID: "n:2"}, false},
		"another session":            {retransmission{Session: "s", RequestID: "n:1"}, retransmission{Session: "t", RequestID: "n:1"}, false},
		"the same through a proxy":   {retransmission{ProxyRequestID: "p", Session: "s", RequestID: "n:1"}, retransmission{ProxyRequestID: "p", Session: "t", RequestID: "n:1"}, true},
		"another through a proxy":    {retransmission{ProxyRequestID: "p", RequestID: "n:1"}, retransmission{ProxyRequestID: "q", RequestID: "n:1"}, false},
		"another of a proxy's batch": {retransmission{ProxyRequestID: "p", RequestID: "n:1"}, retransmission{ProxyRequestID: "p", RequestID: "n:2"}, false},
		"nothing to know it by":      {retransmission{}, retransmission{}, false},
		"an id that is everybody's":  {retransmission{RequestID: "n:1"}, retransmission{RequestID: "n:1"}, false},
		"a session without an id":    {retransmission{Session: "s"}, retransmission{Session: "s"}, false},
		"a proxy without an id":      {retransmission{ProxyRequestID: "p"}, retransmission{ProxyRequestID: "p"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				_, p := running(t, 2)
				var a api
				first, second := a.contact("", "text", outcome{takes: 30 * time.Second}), a.contact("", "text", outcome{})
				first.Retransmission, second.Retransmission = tc.first, tc.second
				want(t, p[0], first, mcpadapter.Executed)
				time.Sleep(time.Minute - time.Second)
				state := mcpadapter.Executed
				if tc.same {
					state = mcpadapter.Replayed
				}
				other := second
				other.Digest = [32]byte{1}
				want(t, p[1], other, mcpadapter.Executed)
				want(t, p[1], second, state)
				time.Sleep(2 * time.Minute)
				want(t, p[1], second, mcpadapter.Executed)
			})
		})
	}
}

var errAway = errors.New("away")

// Who came while the first transmission was still recorded, and looks when it is not any more, must
// not do it again.
func TestADelayedRetransmissionExecutesNothing(t *testing.T) {
	for name, tc := range map[string]struct {
		before, held time.Duration
		want         mcpadapter.State
	}{
		"a moment":                             {0, time.Second, mcpadapter.Replayed},
		"too long":                             {0, 30 * time.Second, mcpadapter.StoreDown},
		"too long before it was begun":         {30 * time.Second, 16 * time.Second, mcpadapter.StoreDown},
		"before it was begun, and it is there": {30 * time.Second, 0, mcpadapter.Replayed},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				_, p := running(t, 2)
				var a api
				w := a.message("", "text", outcome{})
				w.Retransmission = mcpadapter.Retransmission{Session: "s", RequestID: "n:1"}
				want(t, p[0], w, mcpadapter.Executed)
				time.Sleep(45 * time.Second)
				p[1].line.set(func(l *line) {
					l.wait = func(part, op, _ string) {
						if part == operations && op == "Add" {
							time.Sleep(tc.held)
						}
					}
				})
				w.Retransmission.Held = tc.before
				want(t, p[1], w, tc.want)
				a.wantMade(t, "", 1)
			})
		})
	}
}
