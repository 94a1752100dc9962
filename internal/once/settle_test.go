package once_test

import (
	"context"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/once"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// message is a work that looks like any other of these tests, whose attempt has an outcome.
func message(key string, made mcpadapter.Made) mcpadapter.Work {
	return mcpadapter.Work{
		Subject: "ann", Key: key, Tool: "send_message", Digest: [32]byte{1}, Likeness: [32]byte{2},
		Attempt: func(ctx context.Context, commit func(context.Context) error) mcpadapter.Made {
			if err := commit(ctx); err != nil {
				return mcpadapter.Made{Outcome: clerkapi.NotDone}
			}
			return made
		},
		Look: func(context.Context, time.Time) ([]mcpadapter.Sighting, error) { return nil, nil },
	}
}

func seen(id string) func(context.Context, time.Time) ([]mcpadapter.Sighting, error) {
	return func(context.Context, time.Time) ([]mcpadapter.Sighting, error) {
		return []mcpadapter.Sighting{{ID: id, Result: mcpadapter.Result{Text: id}}}, nil
	}
}

var noAnswer = mcpadapter.Made{Outcome: clerkapi.Unknown}

func TestWhatWasMadeUnderAnUnknownIDIsNotTakenForAnothers(t *testing.T) {
	inTime(t, func(t *testing.T) {
		m := start(t, newShelf())
		if f := m.Do(t.Context(), message("first", mcpadapter.Made{Outcome: clerkapi.Done})); f.State != mcpadapter.StateKnown {
			t.Fatalf("the first is %v", f.State)
		}
		second := message("second", noAnswer)
		second.Look = seen("the first's")
		if f := m.Do(t.Context(), second); f.State != mcpadapter.StateUndecided {
			t.Errorf("the second is %v, as %q", f.State, f.Result.Text)
		}
	})
}

func TestALossWhileItIsLookedForLeavesItUndecided(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s := newShelf()
		m := start(t, s)
		m.Do(t.Context(), message("first", mcpadapter.Made{Outcome: clerkapi.Done, ID: "the first's"}))
		second := message("second", noAnswer)
		second.Look = func(ctx context.Context, since time.Time) ([]mcpadapter.Sighting, error) {
			s.lose()
			return seen("the first's")(ctx, since)
		}
		if f := m.Do(t.Context(), second); f.State != mcpadapter.StateUndecided {
			t.Errorf("the second is %v, as %q", f.State, f.Result.Text)
		}
	})
}

func TestALossCountsWhateverTheClockOfWhoNoticesIt(t *testing.T) {
	for _, wrong := range []time.Duration{-30 * time.Hour, 30 * time.Hour} {
		inTime(t, func(t *testing.T) {
			s := newShelf()
			start(t, s, func(o *once.Options) { o.Now = func() time.Time { return time.Now().Add(wrong) } })
			time.Sleep(time.Minute)
			s.lose()
			time.Sleep(5 * time.Second)
			m := start(t, s)
			if f := m.Do(t.Context(), message("key", mcpadapter.Made{Outcome: clerkapi.Done})); f.State != mcpadapter.StateMemoryLost {
				t.Errorf("by a clock that is off by %v: %v", wrong, f.State)
			}
		})
	}
}

func TestAnAttemptThatWasTakenOverDoesNotKeepOthersFromBeingFound(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s := newShelf()
		m := start(t, s)
		time.Sleep(5 * time.Second)
		dying := start(t, s, func(o *once.Options) { o.Works = uncommitting{o.Works} })
		dying.Do(t.Context(), message("key", noAnswer))
		dying.end()
		time.Sleep(time.Minute)
		w := message("key", noAnswer)
		w.Look = seen("its own")
		if f := m.Do(t.Context(), w); f.State != mcpadapter.StateSettled {
			t.Errorf("it is %v", f.State)
		}
	})
}

func TestAnAttemptThatWasRefusedDoesNotKeepOthersFromBeingFoundThoughItsOwnerDied(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s := newShelf()
		m := start(t, s)
		time.Sleep(5 * time.Second)
		dying := start(t, s, func(o *once.Options) { o.Likenesses = uncommitting{o.Likenesses} })
		dying.Do(t.Context(), message("key", mcpadapter.Made{Outcome: clerkapi.NotDone}))
		dying.end()
		time.Sleep(12 * time.Second)
		w := message("key", noAnswer)
		w.Look = seen("its own")
		if f := m.Do(t.Context(), w); f.State != mcpadapter.StateSettled {
			t.Errorf("it is %v", f.State)
		}
	})
}

// uncommitting takes what is new and nothing else, as for a process that dies before it commits.
type uncommitting struct{ once.Records }

func (uncommitting) Replace(context.Context, string, []byte, []byte, time.Duration) (bool, error) {
	return false, errAway
}
