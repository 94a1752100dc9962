package endpoint_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// sendHeader makes a POST with exactly these headers, of which a name may have several values.
func (r *replica) sendHeader(t *testing.T, body string, header http.Header) *answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return &answer{resp.StatusCode, resp.Header, string(data)}
}

// modernBody is a request of the modern era. meta stands in front of what such a request has to
// have.
func modernBody(method, params, meta string) string {
	return `{"jsonrpc":"2.0","id":7,"method":"` + method + `","params":{` + params + `"_meta":{` + meta +
		`"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`
}

// refused is what an answer has to be; "" and 0 stand for whatever it is.
type refused struct {
	status, code int
	id, message  string // id "-" stands for none
}

func (want refused) check(t *testing.T, a *answer) {
	t.Helper()
	m := a.rpc(t)
	if m.Error == nil {
		t.Fatalf("answered %d %s", a.status, a.body)
	}
	id := string(m.ID)
	if id == "" {
		id = "-"
	}
	if a.status != want.status || m.Error.Code != want.code || want.id != "" && id != want.id || !strings.Contains(m.Error.Message, want.message) {
		t.Errorf("answered %d %s, want %+v", a.status, a.body, want)
	}
	if a.header.Get("Content-Type") != "application/json" || a.header.Get("Cache-Control") != "no-store" {
		t.Errorf("headers %v", a.header)
	}
}

// 2026-07-28, Streamable HTTP, "Server Validation": what reads the last value must not let pass
// what reads the first refuses.
func TestRepeatedHeadersAreRefused(t *testing.T) {
	r := newReplica(t, setup{})
	session := r.open(t)
	for name, values := range map[string][2]string{
		"Mcp-Name": {"probe", "other"}, "Mcp-Method": {"tools/call", "tools/list"}, "Mcp-Protocol-Version": {modern, "2025-11-25"},
		"Mcp-Session-Id": {session, "other"}, "Content-Type": {"application/json", "text/plain"},
	} {
		for era, body := range map[string]string{"legacy": callProbe, "modern": callProbeModern} {
			for _, equal := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s/%s/equal %v", name, era, equal), func(t *testing.T) {
					header := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json, text/event-stream"}}
					if era == "modern" {
						for i := 0; i < len(modernHeaders); i += 2 {
							header.Set(modernHeaders[i], modernHeaders[i+1])
						}
					}
					header[name] = []string{values[0], values[1]}
					want := refused{status: 400, code: -32600, id: "2", message: "there is more than one"}
					if equal {
						header[name] = []string{values[0], values[0]}
					}
					if era == "legacy" && name == "Mcp-Protocol-Version" {
						header[name] = []string{"2025-11-25", "2025-06-18"}
					}
					if era == "modern" && strings.HasPrefix(name, "Mcp-") && name != "Mcp-Session-Id" {
						want.code = -32020
					}
					if name == "Content-Type" { // what the body is has not been decided
						want.id = "-"
					}
					want.check(t, r.sendHeader(t, body, header))
				})
			}
		}
	}
	a := r.sendRepeatedSession(t, session)
	refused{status: 400, code: -32600, message: "Mcp-Session-Id"}.check(t, a)
	if a := r.send(t, http.MethodPost, callProbe, "Mcp-Session-Id", session); a.status != http.StatusOK {
		t.Errorf("the session has ended: %d %s", a.status, a.body)
	}
}

func (r *replica) sendRepeatedSession(t *testing.T, session string) *answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodDelete, r.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header["Mcp-Session-Id"] = []string{session, session}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	data, _ := io.ReadAll(resp.Body)
	return &answer{resp.StatusCode, resp.Header, string(data)}
}

// 2026-07-28, Overview, "Error Responses": the same id as the request, unless it could not be read.
func TestRefusalsHaveTheIDThatWasReadable(t *testing.T) {
	strict := newReplica(t, setup{strict: true})
	r := newReplica(t, setup{})
	for _, tt := range []struct {
		name, body string
		headers    []string
		want       refused
	}{
		{"a call without a name", `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{}}`, nil, refused{200, -32602, "7", "params.name"}},
		{"a call without params", `{"jsonrpc":"2.0","id":7,"method":"tools/call"}`, nil, refused{200, -32602, "7", "params.name"}},
		{"params that are a list", `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":[]}`, nil, refused{200, -32602, "7", "params.name"}},
		{"params that are a full list", `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":[1]}`, nil, refused{200, -32602, "7", "object"}},
		{"an odd id", `{"jsonrpc":"2.0","id":1.0,"method":"tools/call","params":{}}`, nil, refused{200, -32602, "1.0", "params.name"}},
		{"an unknown session", strings.Replace(callProbe, `"id":2`, `"id":"x"`, 1), []string{"Mcp-Session-Id", "x"}, refused{404, -32001, `"x"`, "Session not found"}},
		{"an unknown session in a batch", "[" + callProbe + "]", []string{"Mcp-Session-Id", "x"}, refused{404, -32001, "2", "Session not found"}},
		{"a batch where none is", "[" + callProbe + "]", []string{"Mcp-Protocol-Version", "2025-06-18"}, refused{400, -32600, "2", "one message"}},
		{"several where no batch is", "[" + strings.Replace(callProbe, `"id":2`, `"id":"a"`, 1) + "," + callProbe + "]",
			[]string{"Mcp-Protocol-Version", "2025-11-25"}, refused{400, -32600, `"a"`, "one message"}},
		{"a batch of the modern era", "[" + callProbeModern + "]", modernHeaders, refused{400, -32600, "2", "one message"}},
		{"a modern request in a batch", "[" + callProbeModern + "]", nil, refused{400, -32600, "2", "one message"}},
		{"a version that never was", callProbe, []string{"Mcp-Protocol-Version", "2025-01-01"}, refused{400, -32600, "2", "2025-11-25"}},
		{"a version that is not one", callProbe, []string{"Mcp-Protocol-Version", "garbage"}, refused{400, -32600, "2", "2025-11-25"}},
		{"a version beyond all", callProbe, []string{"Mcp-Protocol-Version", "2027-01-01"}, refused{400, -32600, "2", "2025-11-25"}},
		{"another JSON-RPC", `{"jsonrpc":"1.0","id":7,"method":"ping"}`, nil, refused{400, -32600, "7", "JSON-RPC 2.0"}},
		{"a number as method", `{"jsonrpc":"2.0","id":7,"method":5}`, nil, refused{400, -32600, "7", "JSON-RPC 2.0"}},
		{"no method", `{"jsonrpc":"2.0","id":7}`, nil, refused{400, -32600, "7", "JSON-RPC 2.0"}},
		{"a method in capitals", `{"jsonrpc":"2.0","id":7,"Method":"ping"}`, nil, refused{400, -32600, "7", "JSON-RPC 2.0"}},
		{"only params", `{"jsonrpc":"2.0","params":{}}`, nil, refused{400, -32600, "-", "JSON-RPC 2.0"}},
		{"a null method", `{"jsonrpc":"2.0","id":7,"method":null}`, nil, refused{400, -32600, "7", "JSON-RPC 2.0"}},
		{"result and error", `{"jsonrpc":"2.0","id":7,"result":{},"error":{"code":1,"message":"x"}}`, nil, refused{400, -32600, "-", "JSON-RPC 2.0"}},
		{"method and result", `{"jsonrpc":"2.0","id":7,"method":"ping","result":{}}`, nil, refused{400, -32600, "7", "JSON-RPC 2.0"}},
		{"an answer to nothing", `{"jsonrpc":"2.0","result":{}}`, nil, refused{400, -32600, "-", "JSON-RPC 2.0"}},
		{"an error that is none", `{"jsonrpc":"2.0","id":1,"error":"x"}`, nil, refused{400, -32600, "-", "JSON-RPC 2.0"}},
		{"an answer in the modern era", `{"jsonrpc":"2.0","id":7,"result":{}}`, []string{"Mcp-Protocol-Version", modern}, refused{400, -32600, "-", "answer"}},
		{"no method, in a batch", `[{"jsonrpc":"2.0","id":7}]`, nil, refused{400, -32600, "7", "JSON-RPC 2.0"}},
		{"two of the same id", "[" + callProbe + "," + callProbe + "]", nil, refused{400, -32600, "2", "same id"}},
		{"initialize in a batch", "[" + callProbe + "," + initialize + "]", nil, refused{400, -32600, "1", "initialize"}},
		{"initialize alone in a batch", "[" + initialize + "]", nil, refused{400, -32600, "1", "initialize"}},
		{"not UTF-8", strings.Replace(callProbe, "probe", "pro\xffbe", 1), nil, refused{400, -32700, "-", "UTF-8"}},
		{"not UTF-8 but UTF-16", "\xff\xfe{\x00}\x00", nil, refused{400, -32700, "-", "UTF-8"}},
		{"server/discover in the legacy era", `{"jsonrpc":"2.0","id":7,"method":"server/discover"}`, nil, refused{200, -32601, "7", "method not found"}},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.want.check(t, r.send(t, http.MethodPost, tt.body, tt.headers...)) })
	}
	refused{400, -32600, "2", "Mcp-Session-Id"}.check(t, strict.send(t, http.MethodPost, callProbe))
}

// 2026-07-28, Versioning, "Protocol Version Negotiation" and Streamable HTTP, "Server Validation".
func TestModernRequestsAreValidatedToTheLetter(t *testing.T) {
	r := newReplica(t, setup{})
	const missing = "io.modelcontextprotocol/"
	claim := func(version string) string { return strings.Replace(callProbeModern, modern, version, 1) }
	with := func(name, value string) []string { return append(slices.Clone(modernHeaders), name, value) }
	for _, tt := range []struct {
		name, body string
		headers    []string
		want       refused
	}{
		{"a version long gone", claim("1900-01-01"), with("Mcp-Protocol-Version", "1900-01-01"), refused{400, -32022, "2", "unsupported"}},
		{"a version between two", claim("2025-12-01"), with("Mcp-Protocol-Version", "2025-12-01"), refused{400, -32022, "2", "unsupported"}},
		{"a version to come", claim("2027-01-01"), with("Mcp-Protocol-Version", "2027-01-01"), refused{400, -32022, "2", "unsupported"}},
		{"not a version", claim("garbage"), with("Mcp-Protocol-Version", "garbage"), refused{400, -32022, "2", "unsupported"}},
		{"not a version, without a header", claim("garbage"), with("Mcp-Protocol-Version", ""), refused{400, -32022, "2", "unsupported"}},
		{"another version in the header", callProbeModern, with("Mcp-Protocol-Version", "2027-01-01"), refused{400, -32020, "2", "MCP-Protocol-Version"}},
		{"a legacy version in the header", callProbeModern, with("Mcp-Protocol-Version", "2025-11-25"), refused{400, -32020, "2", "MCP-Protocol-Version"}},
		{"no version in the header", callProbeModern, with("Mcp-Protocol-Version", ""), refused{400, -32020, "2", "MCP-Protocol-Version"}},
		{"no version in the body", callProbe, modernHeaders, refused{400, -32602, "2", missing + "protocolVersion"}},
		{"a number as version", strings.Replace(callProbeModern, `"`+modern+`"`, "5", 1), modernHeaders, refused{400, -32602, "2", missing + "protocolVersion"}},
		{"no capabilities", strings.Replace(callProbeModern, `,"io.modelcontextprotocol/clientCapabilities":{}`, "", 1), modernHeaders, refused{400, -32602, "2", missing + "clientCapabilities"}},
		{"no method in the header", callProbeModern, with("Mcp-Method", ""), refused{400, -32020, "2", "Mcp-Method"}},
		{"another method in the header", callProbeModern, with("Mcp-Method", "tools/list"), refused{400, -32020, "2", "Mcp-Method"}},
		{"a method in capitals", callProbeModern, with("Mcp-Method", "Tools/Call"), refused{400, -32020, "2", "Mcp-Method"}},
		{"no name in the header", callProbeModern, with("Mcp-Name", ""), refused{400, -32020, "2", "Mcp-Name"}},
		{"another name in the header", callProbeModern, with("Mcp-Name", "other"), refused{400, -32020, "2", "Mcp-Name"}},
		{"another name, encoded", callProbeModern, with("Mcp-Name", "=?base64?b3RoZXI=?="), refused{400, -32020, "2", "Mcp-Name"}},
		{"what is not Base64", callProbeModern, with("Mcp-Name", "=?base64?cHJvYmU?="), refused{400, -32020, "2", "Base64"}},
		{"what is not UTF-8 in Base64", callProbeModern, with("Mcp-Name", "=?base64?/w==?="), refused{400, -32020, "2", "Base64"}},
		{"another marker", callProbeModern, with("Mcp-Name", "=?BASE64?cHJvYmU=?="), refused{400, -32020, "2", "Mcp-Name"}},
		{"characters of no header", strings.Replace(callProbeModern, `"probe"`, `"prüfe"`, 1), with("Mcp-Name", "prüfe"), refused{400, -32020, "2", "Mcp-Name"}},
		{"a loud level", modernBody("tools/list", "", `"io.modelcontextprotocol/logLevel":"loud",`), []string{"Mcp-Protocol-Version", modern, "Mcp-Method", "tools/list"},
			refused{400, -32602, "7", "logLevel"}},
		{"a level that is a number", modernBody("tools/list", "", `"io.modelcontextprotocol/logLevel":5,`), []string{"Mcp-Protocol-Version", modern, "Mcp-Method", "tools/list"},
			refused{400, -32602, "7", "logLevel"}},
		{"a cursor", modernBody("tools/list", `"cursor":5,`, ""), []string{"Mcp-Protocol-Version", modern, "Mcp-Method", "tools/list"}, refused{400, -32602, "7", "cursor"}},
		{"kinds that are none", modernBody("subscriptions/listen", `"notifications":{"toolsListChanged":"yes"},`, ""),
			[]string{"Mcp-Protocol-Version", modern, "Mcp-Method", "subscriptions/listen"}, refused{400, -32602, "7", "notifications"}},
		{"an unknown tool", strings.Replace(callProbeModern, `"probe"`, `"none"`, 1), with("Mcp-Name", "none"), refused{400, -32602, "2", `there is no tool "none"`}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := r.send(t, http.MethodPost, tt.body, tt.headers...)
			tt.want.check(t, a)
			if tt.want.code != -32022 {
				return
			}
			var m struct {
				Error struct {
					Data struct {
						Supported []string
						Requested string
					}
				}
			}
			if err := json.Unmarshal([]byte(a.body), &m); err != nil || !slices.Contains(m.Error.Data.Supported, modern) ||
				!slices.Contains(m.Error.Data.Supported, "2025-11-25") || !strings.Contains(tt.body, `"`+m.Error.Data.Requested+`"`) {
				t.Errorf("answered %s", a.body)
			}
		})
	}
}

// 2026-07-28, Streamable HTTP, "Value Encoding".
func TestAnEncodedNameIsDecodedBeforeItIsCompared(t *testing.T) {
	r := newReplica(t, setup{})
	served(t, r.send(t, http.MethodPost, callProbeModern, append(slices.Clone(modernHeaders), "Mcp-Name", "=?base64?cHJvYmU=?=")...))
	// A name that no header can hold is compared too: there is no such tool, and the headers are
	// right.
	for _, name := range []string{"prüfe", " probe", "=?base64?x?="} {
		body := strings.Replace(callProbeModern, `"probe"`, `"`+name+`"`, 1)
		a := r.send(t, http.MethodPost, body, append(slices.Clone(modernHeaders), "Mcp-Name", encoded(name))...)
		refused{400, -32602, "2", "there is no tool"}.check(t, a)
	}
}

// 2026-07-28, Streamable HTTP, "Protocol Version Header": a method that is not there is 404 with
// -32601.
func TestMethodsWithoutTheirCapabilityAreNotFound(t *testing.T) {
	r := newReplica(t, setup{})
	for method, params := range map[string]string{
		"prompts/list": "", "prompts/get": `"name":"a",`, "resources/list": "", "resources/read": `"uri":"a:b",`, "resources/templates/list": "",
		"completion/complete": `"ref":{"type":"ref/prompt","name":"a"},"argument":{"name":"b","value":"c"},`, "logging/setLevel": `"level":"info",`,
		"no/such": "", "initialize": "", "tasks/get": `"taskId":"a",`,
	} {
		for _, malformed := range []bool{false, true} {
			body := modernBody(method, params, "")
			if malformed {
				body = modernBody(method, `"name":"a","uri":"a:b","cursor":5,"ref":[],`, "")
			}
			name := "a"
			if method == "resources/read" {
				name = "a:b"
			}
			a := r.send(t, http.MethodPost, body, "Mcp-Protocol-Version", modern, "Mcp-Method", method, "Mcp-Name", name)
			refused{404, -32601, "7", "method not found"}.check(t, a)
		}
	}
}

func TestNotificationsOfTheModernEraAreAccepted(t *testing.T) {
	r := newReplica(t, setup{})
	for _, method := range []string{"notifications/cancelled", "notifications/initialized", "notifications/no/such", "notifications/roots/list_changed"} {
		for _, params := range []string{"", `,"params":{}`, `,"params":{"requestId":5}`, `,"params":5`} {
			for _, headers := range [][]string{{"Mcp-Protocol-Version", modern}, {"Mcp-Protocol-Version", modern, "Mcp-Method", method}} {
				a := r.send(t, http.MethodPost, `{"jsonrpc":"2.0","method":"`+method+`"`+params+`}`, headers...)
				if a.status != http.StatusAccepted || a.body != "" {
					t.Errorf("%s%s: answered %d %s", method, params, a.status, a.body)
				}
			}
		}
		a := r.send(t, http.MethodPost, `{"jsonrpc":"2.0","method":"`+method+`"}`, "Mcp-Protocol-Version", modern, "Mcp-Method", "tools/call")
		refused{400, -32020, "-", "Mcp-Method"}.check(t, a)
	}
}
