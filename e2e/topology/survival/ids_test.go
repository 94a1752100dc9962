//go:build unix

package survival_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/internal/rpctest"
)

// answer is what came back over HTTP.
type answer struct {
	status int
	header http.Header
	body   map[string]json.RawMessage
}

const (
	initialize = `{"jsonrpc":"2.0","id":7,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},` +
		`"clientInfo":{"name":"raw","version":"1"}}}`
	getMessages = `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"get_messages","arguments":{"limit":1}}}`
)

// send makes one request of the legacy era to one replica.
func send(t testing.TB, r *replica, method, session, body string) answer {
	t.Helper()
	req := rpctest.Post(r.url()+"/mcp", body, "Mcp-Protocol-Version", "2025-11-25", "Mcp-Session-Id", session)
	req.Method = method
	got := req.Do(t)
	a := answer{status: got.Status, header: got.Header}
	if got.Body != "" {
		got.Into(t, &a.body)
	}
	return a
}

// begin opens a session on a replica.
func begin(t testing.TB, r *replica, stale string) string {
	t.Helper()
	a := send(t, r, http.MethodPost, stale, initialize)
	id := a.header.Get("Mcp-Session-Id")
	if a.status != http.StatusOK || id == "" {
		t.Fatalf("initialize: %d, session %q, %s", a.status, id, a.body)
	}
	return id
}

// wantServed checks that a session works on a replica.
func wantServed(t testing.TB, r *replica, session string) {
	t.Helper()
	a := send(t, r, http.MethodPost, session, getMessages)
	var result struct{ IsError bool }
	if err := json.Unmarshal(a.body["result"], &result); err != nil || a.status != http.StatusOK || result.IsError {
		t.Errorf("%s: %d %s", r.name, a.status, a.body)
	}
}

// wantGone checks for the answer that tells a client to initialize again.
func wantGone(t testing.TB, r *replica, method, session string) {
	t.Helper()
	a := send(t, r, method, session, getMessages)
	var failure struct {
		Code    int
		Message string
	}
	if err := json.Unmarshal(a.body["error"], &failure); err != nil {
		t.Fatalf("%s: %d %s", r.name, a.status, a.body)
	}
	if a.status != http.StatusNotFound || failure.Code != -32001 || failure.Message != "Session not found" {
		t.Errorf("%s: %d %+v", r.name, a.status, failure)
	}
	if id, there := a.body["id"]; there != (method == http.MethodPost) || string(id) == "null" {
		t.Errorf("%s: %s is answered with the id %s", r.name, method, id)
	}
}

// pair is two replicas with one Redis and one sandbox.
func pair(t testing.TB) (a, b *replica, redis *redistest.Server) {
	t.Helper()
	redis = redistest.Start(t)
	env := []string{"CLERK_API_URL=" + newSandbox(t), "GATEWAY_REDIS_URL=" + redis.URL()}
	return newReplica(t, "a", env...), newReplica(t, "b", env...), redis
}

func TestAnIDThatDoesNotOpenIsNotFoundOnAnyReplica(t *testing.T) {
	a, b, _ := pair(t)
	id := begin(t, a, "")
	wantServed(t, b, id)
	for name, bad := range map[string]string{
		"forged":             strings.Repeat("A", len(id)),
		"truncated by one":   id[:len(id)-1],
		"truncated to a bit": id[:8],
		"continued":          id + "A",
		"changed in front":   flip(id, 0),
		"changed amid":       flip(id, len(id)/2),
		"not ours at all":    "1868a90c-6d6f-4a5c-9f5e-2c1a3b4d5e6f",
		"longer than any":    strings.Repeat("A", 4096),
	} {
		t.Run(name, func(t *testing.T) {
			for _, r := range []*replica{a, b} {
				wantGone(t, r, http.MethodPost, bad)
				wantGone(t, r, http.MethodDelete, bad)
			}
		})
	}
}

// flip changes one character.
func flip(s string, at int) string {
	b := []byte(s)
	b[at] = map[bool]byte{true: 'A', false: 'B'}[b[at] != 'A']
	return string(b)
}

func TestAnIDOutlivesItsSecretAsLongAsTheSecretStillOpens(t *testing.T) {
	redis := redistest.Start(t)
	env := []string{"CLERK_API_URL=" + newSandbox(t), "GATEWAY_REDIS_URL=" + redis.URL()}
	const next = "the-next-secret-of-the-replicas-in-these-tests"
	withSecrets := func(name string, secrets ...string) *replica {
		return newReplica(t, name, append(env, "GATEWAY_SECRET="+strings.Join(secrets, ","))...)
	}
	before := withSecrets("before rotation", secret)
	added := withSecrets("next added", secret, next)
	promoted := withSecrets("next promoted", next, secret)
	removed := withSecrets("old removed", next)

	old, fresh := begin(t, before, ""), begin(t, promoted, "")
	for _, r := range []*replica{before, added, promoted} {
		wantServed(t, r, old)
	}
	wantGone(t, removed, http.MethodPost, old)
	for _, r := range []*replica{added, promoted, removed} {
		wantServed(t, r, fresh)
	}
	wantGone(t, before, http.MethodPost, fresh)
}

func TestDeleteEndsASessionForAllReplicasAtOnce(t *testing.T) {
	a, b, _ := pair(t)
	id, other := begin(t, a, ""), begin(t, a, "")
	wantServed(t, b, id)
	if got := send(t, a, http.MethodDelete, id, ""); got.status != http.StatusNoContent {
		t.Fatalf("DELETE: %d %s", got.status, got.body)
	}
	for _, r := range []*replica{b, a} {
		wantGone(t, r, http.MethodPost, id)
		wantServed(t, r, other)
	}
}

func TestInitializeWithAStaleIDBeginsANewSession(t *testing.T) {
	a, b, _ := pair(t)
	id := begin(t, a, "")
	if got := send(t, a, http.MethodDelete, id, ""); got.status != http.StatusNoContent {
		t.Fatalf("DELETE: %d %s", got.status, got.body)
	}
	for _, stale := range []string{id, "forged"} {
		fresh := begin(t, b, stale)
		if fresh == stale {
			t.Error("the stale id lives again")
		}
		wantServed(t, a, fresh)
	}
}

func TestARestartOfEveryReplicaEndsNoSession(t *testing.T) {
	a, b, redis := pair(t)
	id := begin(t, a, "")
	a.stop()
	b.kill()
	redis.Restart()
	a.start()
	b.start()
	wantServed(t, b, id)
	wantServed(t, a, id)
}

func TestTheLogDoesNotShowAnID(t *testing.T) {
	a, _, redis := pair(t)
	id := begin(t, a, "")
	wantServed(t, a, id)
	redis.Stop()
	wantServed(t, a, id)
	redis.Continue()
	a.stop()
	if log := a.running().log.String(); strings.Contains(log, id) {
		t.Error("the id is in the log")
	}
}
