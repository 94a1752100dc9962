package endpoint_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

func encoded(name string) string {
	return "=?base64?" + base64.StdEncoding.EncodeToString([]byte(name)) + "?="
}

// RFC 9110 §15.5.16, and "JSON-RPC messages MUST be UTF-8 encoded" (2025-11-25, Transports).
func TestBodiesInAnotherEncodingAreRefused(t *testing.T) {
	r := newReplica(t, setup{})
	for _, ct := range []string{
		"application/json; charset=iso-8859-1", "application/json; charset=utf-16", `application/json;charset="UTF-16LE"`, "application/json; charset=",
		"application/json; charset=utf-8; charset=utf-16", "application/jsonx", "text/json", "application/json, application/json", "application/*",
	} {
		refused{415, -32600, "-", "application/json"}.check(t, r.send(t, http.MethodPost, callProbe, "Content-Type", ct))
	}
	for _, ct := range []string{"application/json;charset=utf-8", `APPLICATION/JSON; Charset="UTF-8"`, "application/json; charset=utf8", "application/json; x=y"} {
		served(t, r.send(t, http.MethodPost, callProbe, "Content-Type", ct))
	}
	for _, coding := range []string{"gzip", "br", "deflate", "identity, gzip", "x"} {
		a := r.send(t, http.MethodPost, callProbe, "Content-Encoding", coding)
		refused{415, -32600, "-", "Content-Encoding"}.check(t, a)
		if a.header.Get("Accept-Encoding") != "identity" {
			t.Errorf("%s: headers %v", coding, a.header)
		}
	}
	served(t, r.send(t, http.MethodPost, callProbe, "Content-Encoding", "Identity"))
}

// 2026-07-28, Streamable HTTP, "Earlier Streamable HTTP Revisions".
func TestWhatEarlierRevisionsHadIsIgnored(t *testing.T) {
	inBothEras(t, func(t *testing.T, body string, headers []string) {
		r := newReplica(t, setup{})
		for _, id := range []string{"1_1", "x", "null"} {
			served(t, r.send(t, http.MethodPost, body, append([]string{"Last-Event-ID", id}, headers...)...))
		}
	})
	r := newReplica(t, setup{})
	served(t, r.send(t, http.MethodPost, callProbeModern, append([]string{"Mcp-Session-Id", "stale"}, modernHeaders...)...))
	session := r.open(t)
	for _, method := range []string{http.MethodDelete, http.MethodGet} {
		a := r.send(t, method, "", "Mcp-Protocol-Version", modern, "Mcp-Session-Id", session)
		refused{405, -32600, "-", "POST"}.check(t, a)
		if a.header.Get("Allow") != "POST" {
			t.Errorf("%s: Allow is %q", method, a.header.Get("Allow"))
		}
	}
	served(t, r.send(t, http.MethodPost, callProbe, "Mcp-Session-Id", session))
	refused{400, -32600, "-", "2025-11-25"}.check(t, r.send(t, http.MethodDelete, "", "Mcp-Protocol-Version", "garbage", "Mcp-Session-Id", session))
	if a := r.send(t, http.MethodDelete, "", "Mcp-Protocol-Version", "2025-11-25", "Mcp-Session-Id", session); a.status != http.StatusNoContent {
		t.Errorf("answered %d %s", a.status, a.body)
	}
}

// 2026-07-28, Versioning: an initialize selects the legacy era, whatever a client's library puts
// beside it.
func TestTheEraIsToldByWhatARequestCarries(t *testing.T) {
	r := newReplica(t, setup{})
	a := r.send(t, http.MethodPost, initialize, "Mcp-Protocol-Version", modern)
	if a.status != http.StatusOK || a.header.Get("Mcp-Session-Id") == "" || !strings.Contains(a.body, `"2025-11-25"`) {
		t.Errorf("initialize with a header of the modern era: %d %s", a.status, a.body)
	}
	// A request that claims a legacy version, and says so in its header, is a legacy one.
	claiming := strings.Replace(callProbeModern, modern, "2025-11-25", 1)
	session := r.open(t)
	a = r.send(t, http.MethodPost, claiming, "Mcp-Protocol-Version", "2025-11-25", "Mcp-Session-Id", session)
	served(t, a)
	if strings.Contains(a.body, "resultType") {
		t.Errorf("answered %s", a.body)
	}
	refused{404, -32001, "2", ""}.check(t, r.send(t, http.MethodPost, claiming, "Mcp-Protocol-Version", "2025-11-25", "Mcp-Session-Id", "x"))
}

// An answer holds people's messages, so nobody on the way keeps it (RFC 9111 §5.2.2.5).
func TestNoAnswerIsStored(t *testing.T) {
	inBothEras(t, func(t *testing.T, body string, headers []string) {
		r := newReplica(t, setup{})
		for name, a := range map[string]*answer{
			"an answer": r.send(t, http.MethodPost, body, headers...),
			"a stream":  r.send(t, http.MethodPost, body, append([]string{"Accept", "text/event-stream"}, headers...)...),
			"a refusal": r.send(t, http.MethodPost, strings.Replace(body, `"tools/call"`, `"no/such"`, 1), headers...),
		} {
			if !strings.Contains(a.header.Get("Cache-Control"), "no-store") {
				t.Errorf("%s: %v", name, a.header)
			}
		}
	})
}

// Each message of a batch is answered for itself, in our own words.
func TestABatchAnswersEachOfItsMessages(t *testing.T) {
	r := newReplica(t, setup{})
	a := r.send(t, http.MethodPost, `[`+callProbe+`,{"jsonrpc":"2.0","id":"a","method":"no/such"},{"jsonrpc":"2.0","method":"notifications/no/such"},`+
		`{"jsonrpc":"2.0","id":"b","method":"server/discover"},`+strings.Replace(strings.Replace(callProbe, `"id":2`, `"id":"c"`, 1), `"probe"`, `"none"`, 1)+`]`)
	var all []struct {
		ID     json.RawMessage
		Result json.RawMessage
		Error  struct {
			Code    int
			Message string
		}
	}
	if err := json.Unmarshal([]byte(a.body), &all); err != nil || a.status != http.StatusOK || len(all) != 4 {
		t.Fatalf("answered %d %s", a.status, a.body)
	}
	want := map[string]string{`2`: "", `"a"`: "method not found", `"b"`: "method not found", `"c"`: `there is no tool "none"`}
	for _, m := range all {
		if w, there := want[string(m.ID)]; !there || m.Error.Message != w || (w == "") == (m.Result == nil) {
			t.Errorf("%s: %+v", m.ID, m)
		}
	}
}

// What a legacy client asks for though nobody offers it is answered in our own words.
func TestLegacyMethodsWithoutTheirCapability(t *testing.T) {
	r := newReplica(t, setup{})
	for method, params := range map[string]string{
		"prompts/get": `{"name":"a"}`, "resources/read": `{"uri":"a:b"}`, "resources/subscribe": `{"uri":"a:b"}`, "resources/unsubscribe": `{"uri":"a:b"}`,
		"completion/complete": `{"ref":{"type":"ref/prompt","name":"a"},"argument":{"name":"b","value":"c"}}`,
	} {
		refused{200, -32601, "7", "method not found"}.check(t, r.send(t, http.MethodPost, `{"jsonrpc":"2.0","id":7,"method":"`+method+`","params":`+params+`}`))
	}
	for _, method := range []string{"prompts/list", "resources/list", "resources/templates/list"} { // decision 0009
		if a := r.send(t, http.MethodPost, `{"jsonrpc":"2.0","id":7,"method":"`+method+`"}`); a.status != http.StatusOK || !strings.Contains(a.body, "[]") {
			t.Errorf("%s: answered %d %s", method, a.status, a.body)
		}
	}
}
