package endpoint_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/internal/rpctest"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// inBothEras runs a call of the probe in each.
func inBothEras(t *testing.T, f func(t *testing.T, body string, headers []string)) {
	t.Helper()
	t.Run("legacy", func(t *testing.T) { f(t, callProbe, nil) })
	t.Run("modern", func(t *testing.T) { f(t, callProbeModern, modernHeaders) })
}

func TestAPanicAnswersAnErrorAndTheProcessLives(t *testing.T) {
	inBothEras(t, func(t *testing.T, body string, headers []string) {
		panics := true
		r := newReplica(t, setup{tools: &tools{call: func(context.Context, mcpadapter.Call) mcpadapter.Report {
			if panics {
				panic("the cause")
			}
			return mcpadapter.Report{Result: mcpadapter.Result{Text: "ok"}}
		}}})
		a := r.send(t, http.MethodPost, body, headers...)
		if m := a.rpc(t); m.Error == nil || m.Error.Code != -32603 || strings.Contains(a.body, "the cause") ||
			!strings.HasPrefix(m.Error.Message, "internal error, request id ") {
			t.Errorf("answered %d %s", a.status, a.body)
		}
		if !strings.Contains(r.log.String(), "the cause") {
			t.Error("the cause is not in the log")
		}
		panics = false
		served(t, r.send(t, http.MethodPost, body, headers...))
	})
}

func TestACallEndsWithItsClient(t *testing.T) {
	inBothEras(t, func(t *testing.T, body string, headers []string) {
		begun, ended := make(chan struct{}), make(chan error, 1)
		r := newReplica(t, setup{tools: &tools{call: func(ctx context.Context, _ mcpadapter.Call) mcpadapter.Report {
			close(begun)
			<-ctx.Done() // the test hangs if the client's leaving does not end the call
			ended <- ctx.Err()
			return mcpadapter.Report{Result: mcpadapter.Result{Text: "nobody reads this"}}
		}}})
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-begun
			cancel()
		}()
		call := rpctest.Post(r.url, body, append([]string{"Accept", ""}, headers...)...)
		if _, err := call.Send(ctx, http.DefaultClient); err == nil {
			t.Error("the request was answered")
		}
		if err := <-ended; err == nil {
			t.Error("the call did not end")
		}
	})
}

func TestToolsSeeWhoCallsAndWhat(t *testing.T) {
	inBothEras(t, func(t *testing.T, body string, headers []string) {
		var got mcpadapter.Call
		var client identity.Client
		r := newReplica(t, setup{tools: &tools{call: func(ctx context.Context, c mcpadapter.Call) mcpadapter.Report {
			got, client = c, request.From(ctx).Client
			return mcpadapter.Report{Result: mcpadapter.Result{Structured: json.RawMessage(`{"n":9007199254740993}`), Text: "text"}}
		}}})
		headers = append([]string{subjectHeader, "ann"}, headers...)
		if len(headers) == 2 {
			headers = append(headers, "Mcp-Session-Id", r.open(t, subjectHeader, "ann"))
		}
		a := r.send(t, http.MethodPost, strings.Replace(body, `"arguments":{}`, `"arguments":{"n":9007199254740993}`, 1), headers...)
		if got.Tool != "probe" || got.Subject != "ann" || string(got.Arguments) != `{"n":9007199254740993}` {
			t.Errorf("the tool was called with %+v %s", got, got.Arguments)
		}
		if client.Name != "probe-client" || client.Version != "7" {
			t.Errorf("the client is %+v", client)
		}
		if !strings.Contains(a.body, `"structuredContent":{"n":9007199254740993}`) || !strings.Contains(a.body, `"text":"text"`) {
			t.Errorf("answered %s", a.body)
		}
	})
}

func TestAFailureOfAToolIsAResult(t *testing.T) {
	r := newReplica(t, setup{tools: &tools{call: func(context.Context, mcpadapter.Call) mcpadapter.Report {
		return mcpadapter.Report{Result: mcpadapter.Result{Text: "recipients must not be empty", IsError: true}}
	}}})
	a := r.send(t, http.MethodPost, callProbe)
	if m := a.rpc(t); m.Error != nil || !strings.Contains(string(m.Result), `"isError":true`) || strings.Contains(string(m.Result), "structuredContent") {
		t.Errorf("answered %s", a.body)
	}
}

func TestAToolThatIsNotOneOfOursIsInvalidParams(t *testing.T) {
	inBothEras(t, func(t *testing.T, body string, headers []string) {
		r := newReplica(t, setup{tools: &tools{call: func(context.Context, mcpadapter.Call) mcpadapter.Report {
			return mcpadapter.Report{Err: errors.New("the cause"), Result: mcpadapter.Result{Text: "there is no such tool", IsError: true}}
		}}})
		a := r.send(t, http.MethodPost, body, headers...)
		if m := a.rpc(t); m.Error == nil || m.Error.Code != -32602 || m.Error.Message != "there is no such tool" {
			t.Errorf("answered %d %s", a.status, a.body)
		}
	})
}
