package endpoint_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
	"github.com/clerkchat/mcp-gateway/pkg/session/sessiontest"
)

// recording is a tool that keeps its calls.
type recording struct {
	mu    sync.Mutex
	calls []mcpadapter.Call
}

func (r *recording) tools() *tools {
	return &tools{call: func(_ context.Context, c mcpadapter.Call) mcpadapter.Report {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.calls = append(r.calls, c)
		return mcpadapter.Report{Result: mcpadapter.Result{Text: "ok"}}
	}}
}

func (r *recording) only(t *testing.T) mcpadapter.Call {
	t.Helper()
	if len(r.calls) != 1 {
		t.Fatalf("%d calls", len(r.calls))
	}
	return r.calls[0]
}

func TestToolsSeeTheIDOfTheirRequest(t *testing.T) {
	inBothEras(t, func(t *testing.T, body string, headers []string) {
		for id, want := range map[string]string{`1`: "n:1", `"1"`: "s:1", `-9007199254740991`: "n:-9007199254740991", `"a\"b"`: `s:a"b`, `""`: "s:",
			`"\ud800"`: `s:"\ud800"`, `"\ud801"`: `s:"\ud801"`, `"a\u0062"`: "s:ab", `1.0`: "n:1.0"} {
			var got recording
			r := newReplica(t, setup{tools: got.tools()})
			served(t, r.send(t, http.MethodPost, strings.Replace(body, `"id":2`, `"id":`+id, 1), headers...))
			if c := got.only(t); c.RequestID != want {
				t.Errorf("%s: the tool saw %q, want %q", id, c.RequestID, want)
			}
		}
	})
}

// The calls of a batch are the same but for their ids, and one of them claims the place of another.
func TestEachCallOfABatchSeesItsOwnID(t *testing.T) {
	var got recording
	r := newReplica(t, setup{tools: got.tools()})
	body := "[" + strings.Join([]string{
		callProbe,
		strings.Replace(callProbe, `"id":2`, `"id":"2"`, 1),
		`{"jsonrpc":"2.0","method":"notifications/initialized"}`,
		strings.Replace(strings.Replace(callProbe, `"id":2`, `"id":3`, 1), `"arguments":{}`,
			`"arguments":{"n":9007199254740993,"s":"<&>"},"_meta":{"chat.clerk/place":"0","chat.clerk/idempotency_key":"k"}`, 1),
	}, ",") + "]"
	a := r.send(t, http.MethodPost, body)
	var answers []struct {
		ID     json.RawMessage
		Result json.RawMessage
	}
	if err := json.Unmarshal([]byte(a.body), &answers); err != nil || len(answers) != 3 {
		t.Fatalf("answered %d %s", a.status, a.body)
	}
	var ids []string
	for _, c := range got.calls {
		ids = append(ids, c.RequestID)
		if c.RequestID == "n:3" {
			var args map[string]any
			if string(c.Arguments) != `{"n":9007199254740993,"s":"<&>"}` || json.Unmarshal(c.Arguments, &args) != nil || args["s"] != "<&>" {
				t.Errorf("arguments %s", c.Arguments)
			}
			if c.IdempotencyKey != "k" {
				t.Errorf("key %q", c.IdempotencyKey)
			}
		}
	}
	slices.Sort(ids)
	if want := []string{"n:2", "n:3", "s:2"}; !slices.Equal(ids, want) {
		t.Errorf("the tools saw %q, want %q", ids, want)
	}
}

func TestEachCallOfABatchHasItsOwnProgress(t *testing.T) {
	r := newReplica(t, setup{tools: telling(func(c mcpadapter.Call) { c.Progress(1, 1, c.RequestID) })})
	a := r.send(t, http.MethodPost, "["+callProbe+","+strings.Replace(asking(callProbe), `"id":2`, `"id":3`, 1)+"]")
	var told, answered int
	for _, e := range events(t, a.body) {
		if e.Method == "" {
			answered++
			continue
		}
		told++
		if e.Params.Message != "n:3" {
			t.Errorf("progress of %s", e.Params.Message)
		}
	}
	if told != 1 || answered != 2 {
		t.Errorf("answered %s", a.body)
	}
}

func TestAKeyInMetaReachesTheTool(t *testing.T) {
	const key = `"chat.clerk/idempotency_key":`
	inBothEras(t, func(t *testing.T, body string, headers []string) {
		with := func(value string) string {
			return strings.Replace(asking(body), `"progressToken":"tok"`, key+value, 1)
		}
		var got recording
		r := newReplica(t, setup{tools: got.tools()})
		served(t, r.send(t, http.MethodPost, with(`"order 17"`), headers...))
		if c := got.only(t); c.IdempotencyKey != "order 17" {
			t.Errorf("the tool saw %q", c.IdempotencyKey)
		}
		for _, value := range []string{`17`, `""`, `null`, `{}`} { // whoever sends it relies on it
			a := r.send(t, http.MethodPost, with(value), headers...)
			if m := a.rpc(t); m.Error == nil || m.Error.Code != -32602 || !strings.Contains(m.Error.Message, "must be a string") || len(got.calls) != 1 {
				t.Errorf("%s: answered %s after %d calls", value, a.body, len(got.calls))
			}
		}
	})
}

func TestToolsSeeWhichSessionCalls(t *testing.T) {
	var got recording
	first, second := newReplica(t, setup{tools: got.tools()}), newReplica(t, setup{tools: got.tools()})
	id, other := first.open(t), first.open(t)
	for _, c := range []struct {
		r       *replica
		session string
	}{{first, id}, {second, id}, {first, other}, {first, ""}} {
		served(t, c.r.send(t, http.MethodPost, callProbe, "Mcp-Session-Id", c.session))
	}
	served(t, first.send(t, http.MethodPost, callProbeModern, append([]string{"Mcp-Session-Id", id}, modernHeaders...)...))
	var saw []string
	for _, c := range got.calls {
		saw = append(saw, c.Session)
	}
	if saw[0] == "" || saw[0] != saw[1] || saw[2] == saw[0] || saw[2] == "" || saw[3] != "" || saw[4] != "" {
		t.Errorf("the tool saw %q", saw)
	}
	if strings.Contains(strings.Join(saw, " "), id) {
		t.Error("the tool saw an id")
	}
}

// Two clients of one service account count their requests alike.
func TestNothingButASessionStandsForOne(t *testing.T) {
	inBothEras(t, func(t *testing.T, body string, headers []string) {
		var got recording
		r := newReplica(t, setup{tools: got.tools()})
		for _, login := range [][]string{nil, {subjectHeader, "ann"}, {grantHeader, "g1"}, {clientHeader, "c1"}, {clientHeader, "c2"}} {
			served(t, r.send(t, http.MethodPost, body, append(login, headers...)...))
		}
		for i, c := range got.calls {
			if c.Session != "" {
				t.Errorf("call %d: the tool saw the session %q", i, c.Session)
			}
		}
	})
}

// A client cannot make a session up, and what it calls a session in the era that has none is not
// one.
func TestASessionThatDoesNotOpenIsNotOne(t *testing.T) {
	var got recording
	st := sessiontest.NewMemory()
	r := newReplica(t, setup{tools: got.tools(), store: st})
	for _, id := range []string{"1", "made-up", r.open(t, subjectHeader, "ben")} {
		if a := r.send(t, http.MethodPost, callProbe, "Mcp-Session-Id", id); a.status != http.StatusNotFound {
			t.Errorf("%q: answered %d", id, a.status)
		}
		served(t, r.send(t, http.MethodPost, callProbeModern, append([]string{"Mcp-Session-Id", id}, modernHeaders...)...))
	}
	for _, c := range got.calls {
		if c.Session != "" {
			t.Errorf("the tool saw the session %q", c.Session)
		}
	}
	// One that opens counts also while the store is away, and when its record has to be written
	// again.
	id := r.open(t)
	got.calls = nil
	for _, befalls := range []func(){func() {}, func() { st.Down() }, func() { st.Fail(nil); st.Clear() }} {
		befalls()
		served(t, r.send(t, http.MethodPost, callProbe, "Mcp-Session-Id", id))
	}
	for i, c := range got.calls {
		if c.Session == "" || c.Session != got.calls[0].Session {
			t.Errorf("call %d: the tool saw the session %q", i, c.Session)
		}
	}
}

func TestToolsSeeWhomACallerWaitsFor(t *testing.T) {
	inBothEras(t, func(t *testing.T, body string, headers []string) {
		for want, tenant := range map[string]func(context.Context) string{
			"": nil, "team of ann": func(ctx context.Context) string { return "team of " + request.From(ctx).Caller.Subject },
		} {
			var got recording
			r := newReplica(t, setup{tools: got.tools(), tenant: tenant})
			served(t, r.send(t, http.MethodPost, body, append([]string{subjectHeader, "ann"}, headers...)...))
			if c := got.only(t); c.Tenant != want {
				t.Errorf("the tool saw %q, want %q", c.Tenant, want)
			}
		}
	})
}

func TestToolsSeeTheRequestIDOfATrustedProxyAlone(t *testing.T) {
	inBothEras(t, func(t *testing.T, body string, headers []string) {
		for _, tt := range []struct {
			proxies []string
			want    string
		}{{[]string{"127.0.0.1"}, "given-by-the-proxy"}, {[]string{"10.0.0.0/8"}, ""}} {
			var got recording
			r := newReplica(t, setup{tools: got.tools(), proxies: tt.proxies})
			served(t, r.send(t, http.MethodPost, body, append([]string{"X-Request-Id", "given-by-the-proxy"}, headers...)...))
			if c := got.only(t); c.ProxyRequestID != tt.want {
				t.Errorf("trusting %s the tool saw %q, want %q", tt.proxies, c.ProxyRequestID, tt.want)
			}
		}
	})
}

// Only calls are noted down: not answers to what this server never asked, and no other methods,
// whatever their _meta says.
func TestWhatIsNotACallIsServedBesideCalls(t *testing.T) {
	const reply = `{"jsonrpc":"2.0","id":"x","result":{}}`
	r := newReplica(t, setup{})
	if a := r.send(t, http.MethodPost, reply); a.status != http.StatusAccepted || a.body != "" {
		t.Errorf("a reply: %d %s", a.status, a.body)
	}
	if a := r.send(t, http.MethodPost, "["+reply+","+callProbe+"]"); a.status != http.StatusOK || strings.Count(a.body, `"result"`) != 1 {
		t.Errorf("a reply beside a call: %d %s", a.status, a.body)
	}
	a := r.send(t, http.MethodPost, `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"_meta":{"progressToken":"tok"}}}`)
	if a.header.Get("Content-Type") != "application/json" {
		t.Errorf("a list with a progress token: %d %s %s", a.status, a.header.Get("Content-Type"), a.body)
	}
}

func TestNotificationsThatSayNothingAreAccepted(t *testing.T) {
	const silent = `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":{}}}`
	r := newReplica(t, setup{})
	for _, body := range []string{silent, "[" + silent + "," + silent + "]", strings.Replace(silent, `{"requestId":{}}`, "5", 1)} {
		if a := r.send(t, http.MethodPost, body); a.status != http.StatusAccepted || a.body != "" {
			t.Errorf("%s: answered %d %s", body, a.status, a.body)
		}
	}
	if a := r.send(t, http.MethodPost, "["+silent+","+callProbe+"]"); a.status != http.StatusOK || strings.Count(a.body, `"result"`) != 1 {
		t.Errorf("beside a call: answered %d %s", a.status, a.body)
	}
	// With an id it wants to be answered.
	a := r.send(t, http.MethodPost, strings.Replace(silent, `"method"`, `"id":7,"method"`, 1))
	if m := a.rpc(t); a.status != http.StatusOK || string(m.ID) != "7" || m.Error == nil || m.Error.Code != -32602 {
		t.Errorf("with an id: answered %d %s", a.status, a.body)
	}
}
