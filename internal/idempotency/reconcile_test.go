package idempotency_test

import (
	"context"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/idempotency"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// message is an operation of the same fingerprint as any other here, whose attempt has an outcome.
func message(key string, made mcpadapter.Attempted) task {
	return task{
		mcpadapter.Operation{
			Subject: "ann", Key: key, Tool: "send_message", Digest: [32]byte{1}, Fingerprint: [32]byte{2},
			Search: func(context.Context, time.Time) ([]mcpadapter.Match, error) { return nil, nil },
		},
		func(ctx context.Context, commit func(context.Context) error) mcpadapter.Attempted {
			if err := commit(ctx); err != nil {
				return mcpadapter.Attempted{Outcome: clerkapi.NotDone}
			}
			return made
		},
	}
}

func match(id string) func(context.Context, time.Time) ([]mcpadapter.Match, error) {
	return func(context.Context, time.Time) ([]mcpadapter.Match, error) {
		return []mcpadapter.Match{{ID: id, Result: mcpadapter.Result{Text: id}}}, nil
	}
}

var noAnswer = mcpadapter.Attempted{Outcome: clerkapi.Unknown}

func TestAResultWithoutAnIDStaysOpen(t *testing.T) {
	inTime(t, func(t *testing.T) {
		m := start(t, newMemStore())
		if f := do(t.Context(), m, message("first", mcpadapter.Attempted{Outcome: clerkapi.Done})); f.State != mcpadapter.Executed {
			t.Fatalf("the first is %v", f.State)
		}
		second := message("second", noAnswer)
		second.Search = match("the first's")
		if f := do(t.Context(), m, second); f.State != mcpadapter.Indeterminate {
			t.Errorf("the second is %v, as %q", f.State, f.Result.Text)
		}
	})
}

func TestDataLossDuringASearchIsIndeterminate(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s := newMemStore()
		m := start(t, s)
		do(t.Context(), m, message("first", mcpadapter.Attempted{Outcome: clerkapi.Done, ID: "the first's"}))
		second := message("second", noAnswer)
		second.Search = func(ctx context.Context, since time.Time) ([]mcpadapter.Match, error) {
			s.lose()
			return match("the first's")(ctx, since)
		}
		if f := do(t.Context(), m, second); f.State != mcpadapter.Indeterminate {
			t.Errorf("the second is %v, as %q", f.State, f.Result.Text)
		}
	})
}

func TestDataLossCountsWhateverTheClock(t *testing.T) {
	for _, wrong := range []time.Duration{-30 * time.Hour, 30 * time.Hour} {
		inTime(t, func(t *testing.T) {
			s := newMemStore()
			start(t, s, func(o *idempotency.Options) { o.Now = func() time.Time { return time.Now().Add(wrong) } })
			time.Sleep(time.Minute)
			s.lose()
			time.Sleep(5 * time.Second)
			m := start(t, s)
			if f := do(t.Context(), m, message("key", mcpadapter.Attempted{Outcome: clerkapi.Done})); f.State != mcpadapter.StoreReset {
				t.Errorf("by a clock that is off by %v: %v", wrong, f.State)
			}
		})
	}
}

func TestAnAttemptThatWasTakenOverIsNotOpen(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s := newMemStore()
		m := start(t, s)
		time.Sleep(5 * time.Second)
		dying := start(t, s, func(o *idempotency.Options) { o.Operations = uncommitting{o.Operations} })
		do(t.Context(), dying, message("key", noAnswer))
		dying.end()
		time.Sleep(time.Minute)
		w := message("key", noAnswer)
		w.Search = match("its own")
		if f := do(t.Context(), m, w); f.State != mcpadapter.Reconciled {
			t.Errorf("it is %v", f.State)
		}
	})
}

func TestARefusedAttemptOfADeadOwnerIsNotOpen(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s := newMemStore()
		m := start(t, s)
		time.Sleep(5 * time.Second)
		dying := start(t, s, func(o *idempotency.Options) { o.Fingerprints = uncommitting{o.Fingerprints} })
		do(t.Context(), dying, message("key", mcpadapter.Attempted{Outcome: clerkapi.NotDone}))
		dying.end()
		time.Sleep(12 * time.Second)
		w := message("key", noAnswer)
		w.Search = match("its own")
		if f := do(t.Context(), m, w); f.State != mcpadapter.Reconciled {
			t.Errorf("it is %v", f.State)
		}
	})
}

// uncommitting takes what is new and nothing else, as for a process that dies before it commits.
type uncommitting struct{ idempotency.Records }

func (uncommitting) CompareAndSwap(context.Context, string, []byte, []byte, time.Duration) (bool, error) {
	return false, errAway
}
