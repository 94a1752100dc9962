package endpoint_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
	"github.com/clerkchat/mcp-gateway/pkg/session/sessiontest"
)

// gone checks the answer that makes a client initialize again by itself. id is that of the request,
// "" without one.
func gone(t *testing.T, id string, a *answer) {
	t.Helper()
	want := `{"jsonrpc":"2.0",` + id + `"error":{"code":-32001,"message":"Session not found"}}`
	if a.status != http.StatusNotFound || a.body != want {
		t.Errorf("answered %d %s, want 404 %s", a.status, a.body, want)
	}
}

func served(t *testing.T, a *answer) {
	t.Helper()
	if a.status != http.StatusOK || a.rpc(t).Error != nil {
		t.Errorf("answered %d %s", a.status, a.body)
	}
}

// The rows of the table in docs/architecture.md, "Sessions".

func TestTheNextRequestLandsOnAnotherReplica(t *testing.T) {
	shared := sessiontest.NewMemory()
	var seen request.Request
	b := newReplica(t, setup{store: shared, tools: &tools{call: func(ctx context.Context, _ mcpadapter.Call) mcpadapter.Report {
		seen = *request.From(ctx)
		return mcpadapter.Report{Result: mcpadapter.Result{Text: "ok"}}
	}}})
	id := newReplica(t, setup{store: shared}).open(t)
	served(t, b.send(t, http.MethodPost, callProbe, "Mcp-Session-Id", id))
	if want := (identity.Client{Name: "probe-client", Version: "7"}); seen.Client != want {
		t.Errorf("the other replica knows the client as %+v, want %+v", seen.Client, want)
	}
}

func TestTheStoreLostItsData(t *testing.T) {
	shared := sessiontest.NewMemory()
	a, b := newReplica(t, setup{store: shared}), newReplica(t, setup{store: shared})
	id := a.open(t)
	shared.Clear()
	served(t, b.send(t, http.MethodPost, callProbe, "Mcp-Session-Id", id))
	if len(shared.All()) != 1 {
		t.Error("the record was not written again")
	}
}

func TestTheStoreIsDown(t *testing.T) {
	shared := sessiontest.NewMemory()
	r := newReplica(t, setup{store: shared})
	id := r.open(t)
	shared.Down()
	served(t, r.send(t, http.MethodPost, callProbe, "Mcp-Session-Id", id))
	served(t, r.send(t, http.MethodPost, callProbe, "Mcp-Session-Id", r.open(t))) // an id without a record

	a := r.send(t, http.MethodDelete, "", "Mcp-Session-Id", id)
	if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" || strings.Contains(a.body, sessiontest.ErrLost.Error()) {
		t.Errorf("DELETE answered %d %q %s", a.status, a.header.Get("Retry-After"), a.body)
	}
	shared.Fail(nil)
	served(t, r.send(t, http.MethodPost, callProbe, "Mcp-Session-Id", id))
}

func TestTheClientEndedIt(t *testing.T) {
	shared := sessiontest.NewMemory()
	a, b := newReplica(t, setup{store: shared}), newReplica(t, setup{store: shared})
	id := a.open(t)
	if got := b.send(t, http.MethodDelete, "", "Mcp-Session-Id", id); got.status != http.StatusNoContent {
		t.Fatalf("DELETE answered %d %s", got.status, got.body)
	}
	gone(t, `"id":2,`, a.send(t, http.MethodPost, callProbe, "Mcp-Session-Id", id))
	gone(t, "", a.send(t, http.MethodDelete, "", "Mcp-Session-Id", id))
}

func TestItIsOlderThanTheLongestLife(t *testing.T) {
	now := time.Now()
	r := newReplica(t, setup{now: func() time.Time { return now }})
	id := r.open(t)
	now = now.Add(31 * 24 * time.Hour)
	gone(t, `"id":2,`, r.send(t, http.MethodPost, callProbe, "Mcp-Session-Id", id))
}

func TestItBelongsToAnotherSubject(t *testing.T) {
	r := newReplica(t, setup{})
	id := r.open(t, subjectHeader, "ann")
	served(t, r.send(t, http.MethodPost, callProbe, "Mcp-Session-Id", id, subjectHeader, "ann"))
	gone(t, `"id":2,`, r.send(t, http.MethodPost, callProbe, "Mcp-Session-Id", id, subjectHeader, "bob"))
	gone(t, "", r.send(t, http.MethodDelete, "", "Mcp-Session-Id", id, subjectHeader, "bob"))
	gone(t, `"id":2,`, r.send(t, http.MethodPost, callProbe, "Mcp-Session-Id", id))
}

func TestAnIDThatDoesNotOpen(t *testing.T) {
	old := newReplica(t, setup{secrets: []string{"retired-secret-retired-secret-00"}})
	id := old.open(t)
	r := newReplica(t, setup{})
	gone(t, `"id":2,`, r.send(t, http.MethodPost, callProbe, "Mcp-Session-Id", id)) // its secret was removed
	gone(t, `"id":2,`, r.send(t, http.MethodPost, callProbe, "Mcp-Session-Id", "forged"))
	gone(t, `"id":2,`, r.send(t, http.MethodPost, callProbe, "Mcp-Session-Id", r.open(t)[:40]))
	gone(t, `"id":2,`, r.send(t, http.MethodPost, callProbe, "Mcp-Session-Id", strings.Repeat("a", 4096)))

	rotating := newReplica(t, setup{secrets: []string{secret, "retired-secret-retired-secret-00"}})
	served(t, rotating.send(t, http.MethodPost, callProbe, "Mcp-Session-Id", id)) // its secret still opens
}

func TestInitializeWithAStaleID(t *testing.T) {
	r := newReplica(t, setup{})
	stale := r.open(t)
	r.send(t, http.MethodDelete, "", "Mcp-Session-Id", stale)
	fresh := r.open(t, "Mcp-Session-Id", stale)
	if fresh == stale {
		t.Fatal("the ended session came back")
	}
	served(t, r.send(t, http.MethodPost, callProbe, "Mcp-Session-Id", fresh))
}

func TestALegacyRequestWithoutAnID(t *testing.T) {
	served(t, newReplica(t, setup{}).send(t, http.MethodPost, callProbe))

	a := newReplica(t, setup{strict: true}).send(t, http.MethodPost, callProbe)
	if m := a.rpc(t); a.status != http.StatusBadRequest || m.Error == nil || !strings.Contains(m.Error.Message, "Mcp-Session-Id") {
		t.Errorf("answered %d %s", a.status, a.body)
	}
}

func TestTheModernEraHasNoSessions(t *testing.T) {
	r := newReplica(t, setup{strict: true})
	a := r.send(t, http.MethodPost, callProbeModern, append([]string{"Mcp-Session-Id", "whatever"}, modernHeaders...)...)
	served(t, a)
	if a.header.Get("Mcp-Session-Id") != "" {
		t.Error("a modern answer has a session")
	}
}

func TestAFailedInitializeMakesNoSession(t *testing.T) {
	shared := sessiontest.NewMemory()
	r := newReplica(t, setup{store: shared})
	a := r.send(t, http.MethodPost, `{"jsonrpc":"2.0","id":1,"method":"initialize"}`)
	if a.header.Get("Mcp-Session-Id") != "" || len(shared.All()) != 0 {
		t.Errorf("answered %d %s with session %q", a.status, a.body, a.header.Get("Mcp-Session-Id"))
	}
}
