package endpoint_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/endpoint"
	"github.com/clerkchat/mcp-gateway/internal/fault"
	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// wallet is Credentials of which a test says what they do.
type wallet struct {
	found   int
	refused error // by Find
	lost    error // what the call finds of it
}

func (c *wallet) Find(context.Context) (*request.Credential, error) {
	c.found++
	if c.refused != nil {
		return nil, c.refused
	}
	found := request.NewCredential(clerkapi.APIKey("key"), nil)
	found.Lose(c.lost)
	return found, nil
}

// signIn is a refusal that challenges.
type signIn struct{}

func (signIn) Error() string { return "the cause" }

func (signIn) Write(w http.ResponseWriter) {
	w.Header().Set("WWW-Authenticate", "Bearer")
	w.WriteHeader(http.StatusUnauthorized)
	_, _ = w.Write([]byte(`{"jsonrpc":"2.0","error":{"code":1,"message":"sign in"}}`))
}

// busy is an error that asks to come back.
type busy struct{}

func (busy) Error() string { return "the cause" }

func (busy) Unwrap() error { return &fault.Error{Kind: fault.Unavailable, RetryAfter: 3 * time.Second} }

// counted is a tool that counts its calls and answers a result.
func counted(calls *atomic.Int64, result mcpadapter.Result) *tools {
	return &tools{call: func(context.Context, mcpadapter.Call) mcpadapter.Report {
		calls.Add(1)
		return mcpadapter.Report{Result: result}
	}}
}

var _ endpoint.Credentials = (*wallet)(nil)

func TestACallBeginsWithWhatItIsMadeWith(t *testing.T) {
	inBothEras(t, func(t *testing.T, body string, headers []string) {
		c := &wallet{}
		handedOn := false
		r := newReplica(t, setup{credentials: c, tools: &tools{call: func(ctx context.Context, _ mcpadapter.Call) mcpadapter.Report {
			handedOn = request.From(ctx).Credential != nil
			return mcpadapter.Report{Result: mcpadapter.Result{Text: "ok"}}
		}}})
		served(t, r.send(t, http.MethodPost, body, headers...))
		if !handedOn || c.found != 1 {
			t.Errorf("handed on: %v, found %d times", handedOn, c.found)
		}
	})
}

func TestABatchIsPreparedOnceAndWhatCallsNothingIsNot(t *testing.T) {
	other := strings.ReplaceAll(callProbe, `"id":2`, `"id":3`)
	for _, tt := range []struct {
		body string
		auth endpoint.Auth
		want int
	}{
		{"[" + callProbe + "," + other + "]", nil, 1},
		{`{"jsonrpc":"2.0","id":1,"method":"ping"}`, nil, 0},
		{`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"nothing"}}`, nil, 0},
		{callProbe, &granting{}, 0},
	} {
		c := &wallet{}
		newReplica(t, setup{credentials: c, auth: tt.auth}).send(t, http.MethodPost, tt.body)
		if c.found != tt.want {
			t.Errorf("%s: found %d times, want %d", tt.body, c.found, tt.want)
		}
	}
}

func TestWithoutWhatACallIsMadeWithItDoesNotBegin(t *testing.T) {
	for name, tt := range map[string]struct {
		err        error
		status     int
		header     string
		value      string
		id, inBody string
		code       int
	}{
		"over":        {signIn{}, http.StatusUnauthorized, "WWW-Authenticate", "Bearer", "", "sign in", 1},
		"unavailable": {busy{}, http.StatusServiceUnavailable, "Retry-After", "3", "2", "you are still signed in", -32603},
		"unforeseen":  {errors.New("the cause"), http.StatusInternalServerError, "Retry-After", "", "2", "internal error", -32603},
	} {
		t.Run(name, func(t *testing.T) {
			inBothEras(t, func(t *testing.T, body string, headers []string) {
				var calls atomic.Int64
				r := newReplica(t, setup{credentials: &wallet{refused: tt.err}, tools: counted(&calls, mcpadapter.Result{})})
				a := r.send(t, http.MethodPost, body, headers...)
				m := a.rpc(t)
				if a.status != tt.status || a.header.Get(tt.header) != tt.value || m.Error == nil || m.Error.Code != tt.code || string(m.ID) != tt.id {
					t.Errorf("answered %d %v %s", a.status, a.header, a.body)
				}
				if !strings.Contains(a.body, tt.inBody) || strings.Contains(a.body, "the cause") || calls.Load() != 0 {
					t.Errorf("the body is %s, and there were %d calls", a.body, calls.Load())
				}
			})
		})
	}
}

func TestACallThatDidNothingForWantOfItsCredentialIsRefused(t *testing.T) {
	nothing := mcpadapter.Result{Text: "nothing was sent", IsError: true, NoEffect: true}
	inBothEras(t, func(t *testing.T, body string, headers []string) {
		var calls atomic.Int64
		r := newReplica(t, setup{credentials: &wallet{lost: signIn{}}, tools: counted(&calls, nothing)})
		a := r.send(t, http.MethodPost, body, headers...)
		if a.status != http.StatusUnauthorized || a.header.Get("WWW-Authenticate") == "" || strings.Contains(a.body, "result") || calls.Load() != 1 {
			t.Errorf("answered %d %s after %d calls", a.status, a.body, calls.Load())
		}
		r = newReplica(t, setup{credentials: &wallet{lost: busy{}}, tools: counted(&calls, nothing)})
		a = r.send(t, http.MethodPost, body, headers...)
		if m := a.rpc(t); a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") != "3" || string(m.ID) != "2" {
			t.Errorf("answered %d %v %s", a.status, a.header, a.body)
		}
		served(t, newReplica(t, setup{credentials: &wallet{}, tools: counted(&calls, nothing)}).send(t, http.MethodPost, body, headers...))
	})
}

// A client makes a request that was refused again. What has done something must not be refused.
func TestWhatMayHaveDoneSomethingIsNotTakenBack(t *testing.T) {
	nothing := mcpadapter.Result{Text: "nothing was sent", IsError: true, NoEffect: true}
	for name, tt := range map[string]struct {
		body   string
		result mcpadapter.Result
	}{
		"it did it":       {callProbe, mcpadapter.Result{Text: "sent"}},
		"it may have":     {callProbe, mcpadapter.Result{Text: "unknown", IsError: true}},
		"in a batch":      {"[" + callProbe + "]", nothing},
		"others may have": {"[" + callProbe + "," + strings.ReplaceAll(callProbe, `"id":2`, `"id":3`) + "]", nothing},
	} {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int64
			r := newReplica(t, setup{credentials: &wallet{lost: signIn{}}, tools: counted(&calls, tt.result)})
			a := r.send(t, http.MethodPost, tt.body)
			if a.status != http.StatusOK || !strings.Contains(a.body, tt.result.Text) {
				t.Errorf("answered %d %s", a.status, a.body)
			}
		})
	}
}

// A stream that has begun cannot turn into a challenge.
func TestWhatHasBegunIsNotTakenBack(t *testing.T) {
	for name, begin := range map[string]func(http.ResponseWriter){
		"status": func(w http.ResponseWriter) { w.WriteHeader(http.StatusOK) },
		"bytes":  func(w http.ResponseWriter) { _, _ = w.Write([]byte(": hello\n\n")) },
		"flush":  func(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() },
	} {
		t.Run(name, func(t *testing.T) {
			rec := httptest.NewRecorder()
			w, takeBack := endpoint.NewRevocable(rec, func(error) { t.Error("refused") })
			begin(w)
			takeBack(signIn{})
			_, _ = w.Write([]byte("the answer"))
			if rec.Code != http.StatusOK || !strings.HasSuffix(rec.Body.String(), "the answer") {
				t.Errorf("answered %d %q", rec.Code, rec.Body)
			}
		})
	}
}

func TestWhatIsTakenBackIsRefusedOnce(t *testing.T) {
	rec := httptest.NewRecorder()
	refused := 0
	w, takeBack := endpoint.NewRevocable(rec, func(error) {
		refused++
		rec.WriteHeader(http.StatusUnauthorized)
	})
	takeBack(signIn{})
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write([]byte("the answer"))
	_ = http.NewResponseController(w).Flush()
	if refused != 1 || rec.Code != http.StatusUnauthorized || rec.Body.Len() > 0 || rec.Flushed {
		t.Errorf("refused %d times, answered %d %q", refused, rec.Code, rec.Body)
	}
}
