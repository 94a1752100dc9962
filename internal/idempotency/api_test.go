package idempotency_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"crypto/sha256"

	"github.com/clerkchat/mcp-gateway/internal/idempotency"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// api is where operations take effect.
type api struct {
	mu   sync.Mutex
	made []thing
}

// thing is an effect.
type thing struct {
	id, text, by string
	at           time.Time
}

// outcome is what becomes of a request. The zero value: it is answered at once.
type outcome struct {
	takes   time.Duration // until it has its effect and is answered
	cut     bool          // it has its effect and no answer
	dropped bool          // it has neither
	late    time.Duration // it has no answer, and its effect that much later
	refused bool
	noID    bool // its answer does not say what was made
}

func (a *api) make(text, by string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	id := fmt.Sprint("m", len(a.made)+1)
	a.made = append(a.made, thing{id, text, by, time.Now()})
	return id
}

// by gives what was made by those of a name.
func (a *api) by(by string) (ids []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, m := range a.made {
		if m.by == by {
			ids = append(ids, m.id)
		}
	}
	return ids
}

func (a *api) look(text string, since time.Time) (found []mcpadapter.Match) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, m := range a.made {
		if m.text == text && !m.at.Before(since) {
			found = append(found, mcpadapter.Match{ID: m.id, Result: resultOf(m.id)})
		}
	}
	return found
}

func resultOf(id string) mcpadapter.Result {
	s := `{"id":"` + id + `"}`
	return mcpadapter.Result{Structured: []byte(s), Text: s}
}

var refusal = mcpadapter.Result{IsError: true, NoEffect: true, Text: "refused"}

func (a *api) request(text, by string, f outcome) mcpadapter.Attempted {
	time.Sleep(f.takes)
	switch {
	case f.refused:
		return mcpadapter.Attempted{Outcome: clerkapi.NotDone, Result: refusal}
	case f.dropped:
		return mcpadapter.Attempted{Outcome: clerkapi.Unknown}
	case f.late > 0:
		go func() {
			time.Sleep(f.late)
			a.make(text, by)
		}()
		return mcpadapter.Attempted{Outcome: clerkapi.Unknown}
	}
	id := a.make(text, by)
	switch {
	case f.cut:
		return mcpadapter.Attempted{Outcome: clerkapi.Unknown}
	case f.noID:
		return mcpadapter.Attempted{Outcome: clerkapi.Done, Result: resultOf("?")}
	}
	return mcpadapter.Attempted{Outcome: clerkapi.Done, ID: id, Result: resultOf(id)}
}

// message is an operation under a key. What it makes is made by its key.
func (a *api) message(key, text string, f outcome) task {
	return task{
		mcpadapter.Operation{
			Subject: "ann", Key: key, Tool: "send_message", Digest: sha256.Sum256([]byte(text)), Fingerprint: sha256.Sum256([]byte(text)),
			Search: func(_ context.Context, since time.Time) ([]mcpadapter.Match, error) {
				return a.look(text, since), nil
			},
		},
		func(ctx context.Context, commit func(context.Context) error) mcpadapter.Attempted {
			if err := commit(ctx); err != nil {
				return mcpadapter.Attempted{Outcome: clerkapi.NotDone, Result: refusal}
			}
			return a.request(text, key, f)
		},
	}
}

// contact is an operation that cannot be searched for.
func (a *api) contact(key, name string, f outcome) task {
	w := a.message(key, name, f)
	w.Tool, w.Fingerprint, w.Search = "create_contact", [32]byte{}, nil
	return w
}

// want calls Do and fails the test if the verdict has another state.
func want(t testing.TB, m mcpadapter.Idempotency, w task, state mcpadapter.State) mcpadapter.Verdict {
	t.Helper()
	f := do(t.Context(), m, w)
	if f.State != state {
		t.Errorf("%q: state %s, want %s (%s)", w.Key, stateName(f.State), stateName(state), f.Result.Text)
	}
	return f
}

// wantMade fails the test unless that many were made under a name.
func (a *api) wantMade(t testing.TB, by string, n int) {
	t.Helper()
	if ids := a.by(by); len(ids) != n {
		t.Errorf("by %q was made %v; want %d", by, ids, n)
	}
}

func stateName(s mcpadapter.State) string {
	return [...]string{
		"executed", "replayed", "reconciled", "not found yet", "indeterminate", "in progress", "queued", "key reused", "store down", "store reset",
	}[s]
}

var _ mcpadapter.Idempotency = (*idempotency.Guard)(nil)
