package endpoint_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestEachRefusalIsAJSONRPCErrorThatSaysWhatToChange(t *testing.T) {
	r := newReplica(t, setup{})
	post := http.MethodPost
	for _, tt := range []struct {
		name    string
		method  string
		body    string
		headers []string
		status  int
		code    int
		want    string
	}{
		{"malformed JSON", post, `{"jsonrpc":`, nil, 400, -32700, "JSON"},
		{"a batch that would answer one of two", post, "[" + callProbe + "," + callProbe + "]", nil, 400, -32600, "same id"},
		{"a call that could not be answered", post, strings.Replace(callProbe, `"id":2`, `"id":null`, 1), nil, 400, -32600, "no id"},
		{"a call as a notification", post, strings.Replace(callProbe, `"id":2,`, ``, 1), nil, 400, -32600, "no id"},
		{"an id that is none", post, strings.Replace(callProbe, `"id":2`, `"id":[2]`, 1), nil, 400, -32600, "string or a number"},
		{"params that are a list", post, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":["probe"]}`, nil, 200, -32602, "object"},
		{"a number as tool", post, strings.Replace(callProbe, `"name":"probe"`, `"name":5`, 1), nil, 200, -32602, "params.name"},
		{"something behind the message", post, callProbe + callProbe, nil, 400, -32700, "JSON"},
		{"no JSON-RPC", post, `{"hello":1}`, nil, 400, -32600, "JSON-RPC 2.0"},
		{"another JSON-RPC", post, `{"jsonrpc":"1.0","id":1,"method":"ping"}`, nil, 400, -32600, "JSON-RPC 2.0"},
		{"a number as method", post, `{"jsonrpc":"2.0","id":1,"method":5}`, nil, 400, -32600, "JSON-RPC 2.0"},
		{"nothing", post, " \n", nil, 400, -32600, "empty"},
		{"an empty batch", post, "[]", nil, 400, -32600, "JSON-RPC 2.0"},
		{"half a batch", post, "[1", nil, 400, -32700, "JSON"},
		{"a batch of a later version", post, "[" + callProbe + "]", []string{"Mcp-Protocol-Version", "2025-06-18"}, 400, -32600, "one message"},
		{"too large", post, strings.Repeat(" ", 70<<10), nil, 413, -32600, "larger"},
		{"wrong content type", post, callProbe, []string{"Content-Type", "text/plain"}, 415, -32600, "application/json"},
		{"no content type", post, callProbe, []string{"Content-Type", ""}, 415, -32600, "application/json"},
		{"a version that never was", post, callProbe, []string{"Mcp-Protocol-Version", "2025-01-01"}, 400, -32600, "2025-11-25"},
		{"a version to come", post, callProbeModern, []string{"Mcp-Protocol-Version", "2027-01-01", "Mcp-Method", "tools/call", "Mcp-Name", "probe"}, 400, -32020, ""},
		{"an unknown method", post, `{"jsonrpc":"2.0","id":5,"method":"no/such"}`, nil, 200, -32601, "not found"},
		{"an unknown tool", post, strings.ReplaceAll(callProbe, "probe", "nothing"), nil, 200, -32602, "nothing"},
		{"an event stream", http.MethodGet, "", []string{"Accept", "text/event-stream"}, 405, -32600, "POST"},
		{"another method", http.MethodPut, "{}", nil, 405, -32600, "POST"},
		{"DELETE without a session", http.MethodDelete, "", nil, 400, -32600, "Mcp-Session-Id"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := r.send(t, tt.method, tt.body, tt.headers...)
			m := a.rpc(t)
			if m.Error == nil {
				t.Fatalf("answered %d %s", a.status, a.body)
			}
			if a.status != tt.status || m.Error.Code != tt.code || !strings.Contains(m.Error.Message, tt.want) {
				t.Errorf("answered %d %d %q, want %d %d with %q", a.status, m.Error.Code, m.Error.Message, tt.status, tt.code, tt.want)
			}
			if string(m.ID) == "null" {
				t.Error("the id is null")
			}
			if tt.status == http.StatusMethodNotAllowed && a.header.Get("Allow") != "POST, DELETE" {
				t.Errorf("Allow is %q", a.header.Get("Allow"))
			}
		})
	}
}

func TestAnUnknownMethodKeepsItsID(t *testing.T) {
	r := newReplica(t, setup{})
	if a := r.send(t, http.MethodPost, `{"jsonrpc":"2.0","id":"x-5","method":"no/such"}`); string(a.rpc(t).ID) != `"x-5"` {
		t.Errorf("answered %s", a.body)
	}
}

func TestAnUnknownNotificationIsIgnored(t *testing.T) {
	r := newReplica(t, setup{})
	if a := r.send(t, http.MethodPost, `{"jsonrpc":"2.0","method":"notifications/no/such"}`); a.status != http.StatusAccepted {
		t.Errorf("answered %d %s", a.status, a.body)
	}
}

func TestAClientThatTakesOnlyJSONIsServed(t *testing.T) {
	r := newReplica(t, setup{})
	for _, accept := range []string{"application/json", "*/*", "", "text/html", ";", "application/xml, a/b/c", "text/event-stream, application/json; q=0.5", "text/event-stream;q=0"} {
		if a := r.send(t, http.MethodPost, callProbe, "Accept", accept); a.status != http.StatusOK || a.rpc(t).Error != nil {
			t.Errorf("Accept %q: %d %s", accept, a.status, a.body)
		}
	}
}

func TestABatchOfTheOldestVersionIsServed(t *testing.T) {
	r := newReplica(t, setup{})
	a := r.send(t, http.MethodPost, "["+callProbe+","+strings.ReplaceAll(callProbe, `"id":2`, `"id":3`)+"]", "Mcp-Protocol-Version", "2025-03-26")
	if a.status != http.StatusOK || strings.Count(a.body, `"result"`) != 2 {
		t.Errorf("answered %d %s", a.status, a.body)
	}
}
