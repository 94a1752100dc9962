package rpctest_test

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/rpctest"
)

// echo answers with the headers and the body of a request.
func echo(w http.ResponseWriter, r *http.Request) {
	data, _ := io.ReadAll(r.Body)
	w.Header().Set("X-Asked", strings.Join([]string{r.Method, r.Host, r.Header.Get("Content-Type"), r.Header.Get("Accept")}, "|"))
	w.WriteHeader(http.StatusAccepted)
	_, _ = w.Write(data)
}

func TestRequestHasTheHeadersThatItNames(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(echo))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")
	const both = "application/json, text/event-stream"
	for name, tt := range map[string]struct {
		request rpctest.Request
		want    string
	}{
		"as usual":    {rpctest.Post("", "x"), "POST|" + host + "|application/json|" + both},
		"replaced":    {rpctest.Post("", "x", "accept", "*/*"), "POST|" + host + "|application/json|*/*"},
		"removed":     {rpctest.Post("", "x", "Content-Type", ""), "POST|" + host + "||" + both},
		"for a host":  {rpctest.Post("", "x", "host", "a.example"), "POST|a.example|application/json|" + both},
		"with a name": {rpctest.Request{Method: http.MethodPut, Body: "x", Header: []string{"Accept", "a/b"}}, "PUT|" + host + "||a/b"},
	} {
		t.Run(name, func(t *testing.T) {
			tt.request.URL = server.URL
			a := tt.request.By(t, server.Client())
			inside := tt.request.Serve(t.Context(), http.HandlerFunc(echo))
			for _, a := range []rpctest.Answer{a, inside} {
				if a.Status != http.StatusAccepted || a.Body != "x" || a.Length != 1 || a.Header.Get("X-Asked") != tt.want {
					t.Errorf("answered %+v, want %q", a, tt.want)
				}
			}
		})
	}
}

func TestAnswerKeepsNoMoreThanItMay(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(echo))
	defer server.Close()
	r := rpctest.Post(server.URL, strings.Repeat("x", 100))
	for keep, want := range map[int64]int{0: 100, 30: 30, 100: 100, 101: 100} {
		r.Keep = keep
		if a := r.By(t, server.Client()); len(a.Body) != want || a.Length != 100 {
			t.Errorf("keeps %d: %d bytes of %d", keep, len(a.Body), a.Length)
		}
	}
}

func TestMessagesAreReadFromJSONAndEventStreams(t *testing.T) {
	const one = `{"jsonrpc":"2.0","id":7,"result":{"n":1}}`
	for name, tt := range map[string]struct {
		kind, body string
		ids        []string // nil: it is not JSON-RPC
	}{
		"one":                  {"application/json", one, []string{"7"}},
		"a batch":              {"application/json", " [" + one + `,{"jsonrpc":"2.0","error":{"code":-1,"message":"m"}}]`, []string{"7", ""}},
		"an event":             {"text/event-stream; charset=utf-8", "event: message\nid: a\ndata: " + one + "\n\n", []string{"7"}},
		"a notification first": {"text/event-stream", "data:{\"jsonrpc\":\"2.0\",\"method\":\"m\"}\r\n\r\n:\r\n\r\ndata: " + one + "\r\n\r\n", []string{"", "7"}},
		"data in two lines":    {"text/event-stream", "data: {\"jsonrpc\":\ndata: \"2.0\",\"id\":1,\"result\":1}\n\n", []string{"1"}},
		"another version":      {"application/json", `{"jsonrpc":"1.0","id":7,"result":{}}`, nil},
		"neither of the two":   {"application/json", `{"jsonrpc":"2.0","id":7}`, nil},
		"no JSON":              {"application/json", "Bad Gateway", nil},
		"no JSON in a batch":   {"application/json", "[1", nil},
		"no JSON in an event":  {"text/event-stream", "data: x\n\n", nil},
	} {
		t.Run(name, func(t *testing.T) {
			all, err := rpctest.Answer{Header: http.Header{"Content-Type": {tt.kind}}, Body: tt.body}.Messages()
			var ids []string
			for _, m := range all {
				ids = append(ids, string(m.ID))
			}
			if (err == nil) != (tt.ids != nil) || !slices.Equal(ids, tt.ids) {
				t.Errorf("ids %q, %v; want %q", ids, err, tt.ids)
			}
		})
	}
}

func TestMethodsAndCallsAreJSON(t *testing.T) {
	var m struct {
		ID     int
		Method string
		Params struct {
			Name      string
			Arguments map[string]int
		}
	}
	if err := json.Unmarshal([]byte(rpctest.Call(3, "probe", `{"a":1}`)), &m); err != nil ||
		m.ID != 3 || m.Method != "tools/call" || m.Params.Name != "probe" || m.Params.Arguments["a"] != 1 {
		t.Errorf("%+v, %v", m, err)
	}
}

func TestRawConnectionPosts(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(echo))
	defer server.Close()
	conn := rpctest.Dial(t, server.URL)
	if _, err := io.WriteString(conn, rpctest.Head("/mcp", rpctest.Length(4))+"ping"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if data, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusAccepted || string(data) != "ping" {
		t.Errorf("answered %d %q, %v", resp.StatusCode, data, err)
	}
}
