package endpoint_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/clerkchat/mcp-gateway/internal/rpctest"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// asking makes a call ask for progress.
func asking(body string) string {
	if strings.Contains(body, `"_meta":{`) {
		return strings.Replace(body, `"_meta":{`, `"_meta":{"progressToken":"tok",`, 1)
	}
	return strings.Replace(body, `"arguments":{}`, `"arguments":{},"_meta":{"progressToken":"tok"}`, 1)
}

// telling is a tool that tells of progress and succeeds.
func telling(tell func(c mcpadapter.Call)) *tools {
	return &tools{call: func(_ context.Context, c mcpadapter.Call) mcpadapter.Report {
		if c.Progress != nil {
			tell(c)
		}
		return mcpadapter.Report{Result: mcpadapter.Result{Text: fmt.Sprint("asked: ", c.Progress != nil)}}
	}}
}

// event is a message of a stream.
type event struct {
	ID     json.RawMessage
	Method string
	Result json.RawMessage
	Params struct {
		ProgressToken   json.RawMessage
		Progress, Total float64
		Message         string
	}
}

func events(t *testing.T, body string) []event {
	t.Helper()
	var all []event
	for sc := bufio.NewScanner(strings.NewReader(body)); sc.Scan(); {
		if data, ok := strings.CutPrefix(sc.Text(), "data: "); ok {
			var e event
			if err := json.Unmarshal([]byte(data), &e); err != nil {
				t.Fatalf("%v in %q", err, data)
			}
			all = append(all, e)
		}
	}
	return all
}

func TestProgressComesInOrderAndBeforeTheResult(t *testing.T) {
	for name, version := range map[string]string{"legacy": "2025-11-25", "modern": ""} {
		t.Run(name, func(t *testing.T) {
			arrived := make(chan *mcp.ProgressNotificationParams, 1)
			var got []string
			r := newReplica(t, setup{tools: telling(func(c mcpadapter.Call) {
				for i := range 4 {
					c.Progress(i, 3, fmt.Sprint("step ", i))
					p := <-arrived // the call waits for its client: there is no result yet
					got = append(got, fmt.Sprintf("%v: %v of %v, %s", p.ProgressToken, p.Progress, p.Total, p.Message))
				}
			})})
			client := mcp.NewClient(&mcp.Implementation{Name: "t", Version: "1"}, &mcp.ClientOptions{
				ProgressNotificationHandler: func(_ context.Context, req *mcp.ProgressNotificationClientRequest) { arrived <- req.Params },
			})
			s, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{Endpoint: r.url, DisableStandaloneSSE: true},
				&mcp.ClientSessionOptions{ProtocolVersion: version})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			params := &mcp.CallToolParams{Name: "probe"}
			params.SetProgressToken("tok")
			if result, err := s.CallTool(t.Context(), params); err != nil || result.IsError {
				t.Fatalf("%+v %v", result, err)
			}
			if want := []string{"tok: 0 of 3, step 0", "tok: 1 of 3, step 1", "tok: 2 of 3, step 2", "tok: 3 of 3, step 3"}; !slices.Equal(got, want) {
				t.Errorf("the client heard %q, want %q", got, want)
			}
		})
	}
}

func TestTheLatestProgressIsDeliveredBeforeTheResult(t *testing.T) {
	inBothEras(t, func(t *testing.T, body string, headers []string) {
		r := newReplica(t, setup{tools: telling(func(c mcpadapter.Call) {
			for _, n := range []int{0, 5, 5, 3, 7} { // neither what stands still nor what goes back is told
				c.Progress(n, 0, "")
			}
		})})
		a := r.send(t, http.MethodPost, asking(body), headers...)
		if ct := a.header.Get("Content-Type"); ct != "text/event-stream" || a.header.Get("X-Accel-Buffering") != "no" {
			t.Errorf("answered %v", a.header)
		}
		all := events(t, a.body)
		if len(all) < 2 || all[len(all)-1].Result == nil || all[len(all)-2].Params.Progress != 7 {
			t.Fatalf("answered %s", a.body)
		}
		last := -1.0
		for _, e := range all[:len(all)-1] {
			if e.Method != "notifications/progress" || string(e.Params.ProgressToken) != `"tok"` || e.Params.Progress <= last {
				t.Errorf("answered %s", a.body)
			}
			last = e.Params.Progress
		}
		if strings.Contains(a.body, `"total"`) || strings.Contains(a.body, `"message"`) {
			t.Errorf("what is not known is told: %s", a.body)
		}
	})
}

func TestProgressThatIsNoneIsNotTold(t *testing.T) {
	inBothEras(t, func(t *testing.T, body string, headers []string) {
		heard := make(chan struct{})
		r := newReplica(t, setup{tools: telling(func(c mcpadapter.Call) {
			c.Progress(5, 9, "")
			<-heard
			c.Progress(3, 9, "")
			c.Progress(5, 9, "")
		})})
		resp := r.hanging(t, body, headers)
		defer func() { _ = resp.Body.Close() }()
		first := make([]byte, 16)
		if _, err := io.ReadFull(resp.Body, first); err != nil {
			t.Fatal(err)
		}
		close(heard)
		rest, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		if all := events(t, string(first)+string(rest)); len(all) != 2 || all[0].Params.Progress != 5 || all[1].Result == nil {
			t.Errorf("answered %s%s", first, rest)
		}
	})
}

// The session's id is a header, and nobody knows it before initialize succeeded.
func TestWhatInitializesIsNotStreamed(t *testing.T) {
	r := newReplica(t, setup{})
	body := strings.Replace(initialize, `"params":{`, `"params":{"_meta":{"progressToken":"tok"},`, 1)
	for accept, want := range map[string]string{"application/json, text/event-stream": "application/json", "text/event-stream": "text/event-stream"} {
		a := r.send(t, http.MethodPost, body, "Accept", accept)
		if a.header.Get("Content-Type") != want || a.header.Get("Mcp-Session-Id") == "" {
			t.Errorf("%s: answered %v %s", accept, a.header, a.body)
		}
	}
}

func TestATokenIsGivenBackAsItWasWritten(t *testing.T) {
	for token, want := range map[string]string{`9007199254740993`: `9007199254740993`, `0`: `0`, `"1"`: `"1"`, `1.5`: "", `null`: "", `{}`: "", `true`: ""} {
		r := newReplica(t, setup{tools: telling(func(c mcpadapter.Call) { c.Progress(1, 1, "") })})
		a := r.send(t, http.MethodPost, strings.Replace(asking(callProbe), `"tok"`, token, 1))
		if want == "" {
			if a.header.Get("Content-Type") != "application/json" || !strings.Contains(a.body, "asked: false") {
				t.Errorf("%s: answered %s %s", token, a.header.Get("Content-Type"), a.body)
			}
			continue
		}
		if all := events(t, a.body); len(all) != 2 || string(all[0].Params.ProgressToken) != want {
			t.Errorf("%s: answered %s", token, a.body)
		}
	}
}

func TestWhoDoesNotAskOrTakesNoStreamIsAnsweredInJSON(t *testing.T) {
	inBothEras(t, func(t *testing.T, body string, headers []string) {
		r := newReplica(t, setup{tools: telling(func(c mcpadapter.Call) { c.Progress(1, 1, "") })})
		for name, tt := range map[string]struct{ body, accept string }{
			"does not ask":    {body, "application/json, text/event-stream"},
			"takes only JSON": {asking(body), "application/json"},
			"does not say":    {asking(body), ""},
		} {
			a := r.send(t, http.MethodPost, tt.body, append([]string{"Accept", tt.accept}, headers...)...)
			if a.header.Get("Content-Type") != "application/json" || !strings.Contains(a.body, "asked: false") {
				t.Errorf("%s: answered %s %s", name, a.header.Get("Content-Type"), a.body)
			}
		}
	})
}

// hanging makes a call that asks for progress and gives the answer without reading it.
func (r *replica) hanging(t *testing.T, body string, headers []string) *http.Response {
	t.Helper()
	req, err := rpctest.Post(r.url, asking(body), headers...).HTTP(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

func TestAToolDoesNotWaitForAClientThatDoesNotRead(t *testing.T) {
	inBothEras(t, func(t *testing.T, body string, headers []string) {
		through := make(chan struct{})
		long := strings.Repeat("x", 1<<20)
		r := newReplica(t, setup{tools: telling(func(c mcpadapter.Call) {
			for i := range 100 { // more than any buffer on the way holds; the test hangs if the tool waits
				c.Progress(i, 100, long)
			}
			close(through)
		})})
		resp := r.hanging(t, body, headers)
		<-through
		_ = resp.Body.Close()
	})
}

func TestAStreamedCallEndsWithItsClient(t *testing.T) {
	inBothEras(t, func(t *testing.T, body string, headers []string) {
		ended := make(chan error, 1)
		r := newReplica(t, setup{tools: &tools{call: func(ctx context.Context, c mcpadapter.Call) mcpadapter.Report {
			c.Progress(1, 2, "")
			<-ctx.Done() // the test hangs if the client's leaving does not end the call
			c.Progress(2, 2, "nobody hears this")
			ended <- ctx.Err()
			return mcpadapter.Report{Result: mcpadapter.Result{Text: "nobody reads this"}}
		}}})
		_ = r.hanging(t, body, headers).Body.Close()
		if err := <-ended; err == nil {
			t.Error("the call did not end")
		}
	})
}

// Before its first event a stream can still turn into a challenge.
func TestStreamedCallWithoutItsCredentialIsRefused(t *testing.T) {
	inBothEras(t, func(t *testing.T, body string, headers []string) {
		nothing := mcpadapter.Result{Text: "nothing was sent", IsError: true, NoEffect: true}
		r := newReplica(t, setup{credentials: &wallet{lost: signIn{}}, tools: counted(new(atomic.Int64), nothing)})
		a := r.send(t, http.MethodPost, asking(body), headers...)
		if a.status != http.StatusUnauthorized || a.header.Get("WWW-Authenticate") == "" || strings.Contains(a.body, "data:") {
			t.Errorf("answered %d %v %s", a.status, a.header, a.body)
		}
	})
}
