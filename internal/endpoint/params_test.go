package endpoint_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/rpctest"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// goWords are what only a program written in Go says.
var goWords = regexp.MustCompile(`json:|marshal|Go value|Go struct|\*?mcp\.|jsonrpc2|map\[|%!|gob|strconv|invalid character|reflect|interface \{\}|nil pointer|base64`)

// methodMembers are all methods and notifications of both eras, and one that there is not, with
// what their params have.
var methodMembers = map[string]string{
	"initialize": "protocolVersion capabilities clientInfo", "ping": "", "server/discover": "", "tools/list": "cursor",
	"tools/call": "name arguments inputResponses requestState", "logging/setLevel": "level", "prompts/list": "cursor",
	"prompts/get": "name arguments", "resources/list": "cursor", "resources/read": "uri", "resources/templates/list": "cursor",
	"resources/subscribe": "uri", "resources/unsubscribe": "uri", "completion/complete": "ref argument context",
	"subscriptions/listen": "notifications", "no/such": "name", "notifications/initialized": "", "notifications/cancelled": "requestId reason",
	"notifications/progress": "progressToken progress message", "notifications/roots/list_changed": "",
}

var oddValues = []string{
	`null`, `5`, `-1.5e300`, `1e999`, `true`, `"x"`, `""`, `[]`, `[ ]`, `[1]`, `[null]`, `{}`, `{"a":1e999}`, `{"type":"ref/prompt","name":5}`,
	`{"type":"ref/prompt","name":"a","uri":"b"}`, `{"type":[]}`, `{"name":1,"value":2}`, `{"arguments":{"a":1}}`, `{"a":{"b":[]}}`,
	`{"sampling":true,"roots":true,"elicitation":[],"experimental":[],"extensions":5}`, `{"a":{"action":5}}`, `{"a":{"roots":5}}`,
	`{"name":"a","version":1,"icons":[{"src":5,"sizes":"48x48"}]}`, `{"toolsListChanged":"yes"}`, `{"resourceSubscriptions":[5]}`,
	`{"progressToken":{}}`, `{"io.modelcontextprotocol/clientInfo":{"name":"a","icons":[{"sizes":"48x48"}]}}`, `"\ud800"`,
	`{"io.modelcontextprotocol/clientCapabilities":true}`, `{"io.modelcontextprotocol/protocolVersion":5}`, `{"name":5,"name":"probe"}`,
}

// oddParams are malformed params: as a whole, one member at a time, and beside members that are
// well.
func oddParams(members string) []string {
	all := slices.Clone(oddValues)
	all = append(all, `{"name":5,"name":"probe","arguments":{}}`, `{"Name":"probe"}`, `{"cursor":5,"cursor":"x"}`)
	for _, member := range append(strings.Fields(members), "_meta") {
		for _, value := range oddValues {
			all = append(all, fmt.Sprintf(`{%q:%s}`, member, value))
			if member != "name" {
				all = append(all, fmt.Sprintf(`{"name":"probe","uri":"a:b","level":"info","ref":{"type":"ref/prompt","name":"a"},"argument":{"name":"a","value":"b"},%q:%s}`, member, value))
			}
		}
	}
	return all
}

func TestNoAnswerSpeaksOfGo(t *testing.T) {
	r := newReplica(t, setup{})
	const modernMeta = `"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}`
	for method, members := range methodMembers {
		notification := strings.HasPrefix(method, "notifications/")
		for _, params := range oddParams(members) {
			id := `"id":7,`
			if notification {
				id = ""
			}
			body := fmt.Sprintf(`{"jsonrpc":"2.0",%s"method":%q,"params":%s}`, id, method, params)
			withMeta := strings.Replace(body, `"_meta":{`, `"_meta":{`+modernMeta+`,`, 1)
			if !strings.Contains(body, "_meta") && strings.Contains(body, `"params":{`) {
				withMeta = strings.Replace(body, `"params":{`, `"params":{"_meta":{`+modernMeta+`},`, 1)
			}
			withMeta = strings.NewReplacer(`,}`, `}`).Replace(withMeta)
			for era, a := range map[string]func() *answer{
				"legacy": func() *answer { return r.peek(t, body) },
				"modern": func() *answer {
					return r.peek(t, withMeta, "Mcp-Protocol-Version", modern, "Mcp-Method", method, "Mcp-Name", "probe")
				},
			} {
				got := a()
				if words := goWords.FindString(got.body); words != "" {
					t.Errorf("%s: %s\nspeaks of %q: %d %s", era, body, words, got.status, got.body)
				}
				if got.body != "" && !json.Valid([]byte(got.body)) && !strings.HasPrefix(got.body, "data: ") && !strings.HasPrefix(got.body, "event: ") {
					t.Errorf("%s: %s\nis answered with %d %q", era, body, got.status, got.body)
				}
				if strings.Contains(got.body, `"code":0`) || !notification && got.body == "" {
					t.Errorf("%s: %s\nis answered with %d %s", era, body, got.status, got.body)
				}
			}
		}
	}
	if strings.Contains(r.log.String(), "panic") {
		t.Errorf("log: %s", r.log)
	}
}

// peek sends and reads what there is at once: a subscription's answer does not end.
func (r *replica) peek(t *testing.T, body string, headers ...string) *answer {
	t.Helper()
	if !strings.Contains(body, "subscriptions/listen") {
		return r.send(t, http.MethodPost, body, headers...)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, err := rpctest.Post(r.url, body, append([]string{"Accept", ""}, headers...)...).HTTP(ctx)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.Header.Get("Content-Type") == "text/event-stream" {
		line := make([]byte, 4096)
		n, _ := resp.Body.Read(line)
		return &answer{resp.StatusCode, resp.Header, string(line[:n])}
	}
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return &answer{resp.StatusCode, resp.Header, string(data)}
}

func TestMalformedParamsAreInvalidParams(t *testing.T) {
	r := newReplica(t, setup{})
	for _, tt := range []struct{ method, params, want string }{
		{"tools/list", `{"cursor":5}`, "params.cursor"},
		{"tools/list", `{"_meta":5}`, "params._meta"},
		{"tools/call", `{"name":"probe","_meta":"x"}`, "params._meta"},
		{"tools/call", `{"name":"probe","_meta":{"n":1e999}}`, "params._meta"},
		{"tools/call", `{"name":"probe","requestState":5}`, "params.requestState"},
		{"tools/call", `{"name":"probe","inputResponses":{"a":{"action":5}}}`, "params.inputResponses"},
		{"prompts/get", `null`, "params.name"},
		{"prompts/get", `{"name":"a","arguments":{"b":5}}`, "params.arguments"},
		{"resources/read", `{"uri":5}`, "params.uri"},
		{"resources/read", `[]`, "params.uri"},
		{"resources/subscribe", `{}`, "params.uri"},
		{"completion/complete", `{"ref":"x"}`, "params.ref"},
		{"completion/complete", `{"ref":{"type":"ref/prompt","name":"a"},"argument":{"name":"b"}}`, "params.argument"},
		{"logging/setLevel", `{"level":3}`, "debug, info"},
	} {
		t.Run(tt.method+" "+tt.params, func(t *testing.T) {
			a := r.send(t, http.MethodPost, fmt.Sprintf(`{"jsonrpc":"2.0","id":"q","method":%q,"params":%s}`, tt.method, tt.params))
			m := a.rpc(t)
			if a.status != http.StatusOK || m.Error == nil || m.Error.Code != -32602 || !strings.Contains(m.Error.Message, tt.want) || string(m.ID) != `"q"` {
				t.Errorf("answered %d %s", a.status, a.body)
			}
		})
	}
}

func TestMalformedParamsInABatchRefuseIt(t *testing.T) {
	calls := 0
	r := newReplica(t, setup{tools: &tools{call: func(context.Context, mcpadapter.Call) mcpadapter.Report {
		calls++
		return mcpadapter.Report{}
	}}})
	a := r.send(t, http.MethodPost, "["+callProbe+`,{"jsonrpc":"2.0","id":3,"method":"tools/list","params":{"cursor":5}}]`)
	if m := a.rpc(t); a.status != http.StatusBadRequest || m.Error == nil || m.Error.Code != -32602 || calls != 0 {
		t.Errorf("answered %d %s after %d calls", a.status, a.body, calls)
	}
}

func TestEmptyListsAreEmptyObjects(t *testing.T) {
	for _, tt := range []struct{ method, params string }{
		{"ping", `[]`},
		{"ping", `null`},
		{"tools/list", `[ ]`},
		{"tools/list", `{"_meta":[],"cursor":null}`},
		{"tools/list", `{"cursor":""}`},
		{"tools/call", `{"name":"probe","arguments":[],"_meta":[]}`},
		{"tools/call", `{"name":"probe","arguments":null,"_meta":null}`},
		{"logging/setLevel", `{"level":"info","_meta":[]}`},
	} {
		t.Run(tt.method+" "+tt.params, func(t *testing.T) {
			var got recording
			r := newReplica(t, setup{tools: got.tools()})
			a := r.send(t, http.MethodPost, fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":%s}`, tt.method, tt.params))
			if m := a.rpc(t); a.status != http.StatusOK || (m.Error != nil && m.Error.Code != -32601) {
				t.Errorf("answered %d %s", a.status, a.body)
			}
			if tt.method == "tools/call" {
				if c := got.only(t); string(c.Arguments) != `{}` && len(c.Arguments) != 0 {
					t.Errorf("the tool saw %s", c.Arguments)
				}
			}
		})
	}
}

func TestOtherArgumentsGoToTheTool(t *testing.T) {
	for _, arguments := range []string{`[1]`, `"{}"`, `5`, `{"n":9007199254740993,"s":"<&>"}`} {
		var got recording
		r := newReplica(t, setup{tools: got.tools()})
		served(t, r.send(t, http.MethodPost, strings.Replace(callProbe, `"arguments":{}`, `"arguments":`+arguments, 1)))
		if c := got.only(t); string(c.Arguments) != arguments {
			t.Errorf("%s: the tool saw %s", arguments, c.Arguments)
		}
	}
}

func TestInitializeTakesWhateverClientsSayOfThemselves(t *testing.T) {
	for _, params := range []string{
		`{"protocolVersion":"2025-11-25","capabilities":[],"clientInfo":{"name":"a","version":"1"}}`,
		`{"protocolVersion":"2025-11-25","capabilities":{"sampling":true,"roots":true,"elicitation":[]},"clientInfo":{"name":"a","version":1}}`,
		`{"protocolVersion":"2025-11-25","capabilities":{"experimental":5,"extensions":[]},"clientInfo":{"name":"a","version":"1","icons":[{"src":"x","sizes":"48x48"}]}}`,
		`{"protocolVersion":"2025-11-25","capabilities":{"roots":{"listChanged":"yes"},"sampling":{"tools":true}},"clientInfo":"a"}`,
		`{"protocolVersion":20251125,"capabilities":null,"clientInfo":null,"_meta":[]}`,
		`{}`, `[]`, `null`,
	} {
		t.Run(params, func(t *testing.T) {
			r := newReplica(t, setup{})
			a := r.send(t, http.MethodPost, `{"jsonrpc":"2.0","id":1,"method":"initialize","params":`+params+`}`)
			if m := a.rpc(t); a.status != http.StatusOK || m.Error != nil || a.header.Get("Mcp-Session-Id") == "" {
				t.Errorf("answered %d %s", a.status, a.body)
			}
		})
	}
}

func TestModernClientsMayDescribeThemselvesLoosely(t *testing.T) {
	r := newReplica(t, setup{})
	body := strings.NewReplacer(`"clientCapabilities":{}`, `"clientCapabilities":[]`, `/clientCapabilities":{}`, `/clientCapabilities":{"sampling":true,"roots":true}`,
		`"version":"7"`, `"version":7,"icons":[{"sizes":"48x48"}]`).Replace(callProbeModern)
	served(t, r.send(t, http.MethodPost, body, modernHeaders...))
}

// What a method of the legacy era would need says nothing where there is no such method.
func TestRemovedMethodsAreNotFoundWhateverTheirParams(t *testing.T) {
	r := newReplica(t, setup{})
	for _, method := range []string{"initialize", "ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe"} {
		for _, params := range []string{"", `"level":5,"uri":[],`} {
			body := `{"jsonrpc":"2.0","id":7,"method":"` + method + `","params":{` + params +
				`"_meta":{"io.modelcontextprotocol/protocolVersion":"` + modern + `","io.modelcontextprotocol/clientCapabilities":{}}}}`
			a := r.send(t, http.MethodPost, body, "Mcp-Protocol-Version", modern, "Mcp-Method", method)
			if a.status != http.StatusNotFound || !strings.Contains(a.body, "-32601") {
				t.Errorf("%s with %q: %d %s", method, params, a.status, a.body)
			}
		}
	}
}
