package endpoint_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/fault"
)

// busyError is a refusal of an [inFlight].
type busyError struct{ own bool }

func (busyError) Error() string { return "busy" }

func (e busyError) Unwrap() error {
	answer := &fault.Error{Kind: fault.Busy, RetryAfter: 7 * time.Second}
	if e.own {
		answer.Kind = fault.OwnShare
	}
	return answer
}

// inFlight notes what happens, or refuses.
type inFlight struct {
	busy, busyLarge, busyAnswer error
	trail                       []string
	others                      atomic.Int32  // turns besides those of requests
	closed                      chan struct{} // nil: not closed
	onAnother                   func()
}

func (f *inFlight) note(what string) func() {
	return func() { f.trail = append(f.trail, what) }
}

func (f *inFlight) Enter(context.Context) (func(), error) {
	f.note("enter")()
	return f.note("leave"), f.busy
}

func (f *inFlight) EnterLarge(context.Context) (func(), error) {
	f.note("enter large")()
	return f.note("leave large"), f.busyLarge
}

func (f *inFlight) EnterLargeAnswer(context.Context) (func(), error) {
	f.note("enter answer")()
	return f.note("leave answer"), f.busyAnswer
}

func (f *inFlight) Another(context.Context) (func(), bool) {
	if f.others.Add(-1) < 0 {
		f.others.Add(1)
		return nil, false
	}
	if f.onAnother != nil {
		f.onAnother()
	}
	return func() { f.others.Add(1) }, true
}

func (f *inFlight) Closed() <-chan struct{} { return f.closed }

// body notes when it is first read.
type body struct {
	io.Reader
	f *inFlight
}

func (b body) Read(p []byte) (int, error) {
	if !slices.Contains(b.f.trail, "read") {
		b.f.note("read")()
	}
	return b.Reader.Read(p)
}

func TestTurnComesBeforeTheBody(t *testing.T) {
	padding := strings.Repeat(" ", 10<<10)
	for _, tt := range []struct {
		name, method, body string
		length             int64 // -1: as it is
		busy, busyLarge    error
		status             int
		trail, text        string
	}{
		{"a call", "POST", callProbe, -1, nil, nil, 200, "read enter leave", ""},
		{"a list", "POST", `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`, -1, nil, nil, 200, "read enter leave", ""},
		{"of unknown length", "POST", callProbe, 0, nil, nil, 200, "enter read leave", ""},
		{"more than the connection costs", "POST", padding + callProbe, -1, nil, nil, 200, "enter read leave", ""},
		{"as much as the connection costs", "POST", padding[:8<<10-len(callProbe)] + callProbe, -1, nil, nil, 200, "read enter leave", ""},
		{"a byte more than that", "POST", padding[:8<<10-len(callProbe)+1] + callProbe, -1, nil, nil, 200, "enter read leave", ""},
		{"almost a large one", "POST", strings.Repeat(" ", 256<<10-len(callProbe)-1) + callProbe, -1, nil, nil, 200, "enter read leave", ""},
		{"just a large one", "POST", strings.Repeat(" ", 256<<10-len(callProbe)) + callProbe, -1, nil, nil, 200, "enter read enter large leave large leave", ""},
		{"too large, of unknown length", "POST", strings.Repeat(padding, 31), 0, nil, nil, 413, "enter read enter large leave large leave", "larger"},
		{"a large one", "POST", strings.Repeat(padding, 26) + callProbe, -1, nil, nil, 200, "enter read enter large leave large leave", ""},
		{"too large", "POST", strings.Repeat(padding, 31), -1, nil, nil, 413, "", "larger"},
		{"refused", "POST", padding + callProbe, -1, busyError{}, nil, 503, "enter", "this server has too many"},
		{"refused for its caller", "POST", callProbe, -1, busyError{own: true}, nil, 503, "read enter", "you have too many"},
		{"a large one, refused", "POST", strings.Repeat(padding, 26), -1, nil, busyError{}, 503, "enter read enter large leave", "not begun"},
		{"no JSON-RPC", "POST", `"` + strings.Repeat("x", 10<<10) + `"`, -1, nil, nil, 400, "enter read leave", ""},
		{"the end of a session", "DELETE", "", -1, busyError{}, nil, 503, "enter", "this server has too many"},
		{"a stream", "GET", "", -1, busyError{}, nil, 405, "", ""},
		{"a form", "PUT", "", -1, busyError{}, nil, 405, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := &inFlight{busy: tt.busy, busyLarge: tt.busyLarge}
			e, _ := newEndpoint(t, setup{inFlight: f, maxBody: 300 << 10})
			r := post(t.Context(), tt.body)
			r.Method = tt.method
			r.Header.Set("Mcp-Session-Id", "x")
			if tt.method == http.MethodPost {
				r.Header.Del("Mcp-Session-Id")
			}
			r.Body = io.NopCloser(body{r.Body, f})
			if tt.length >= 0 {
				r.ContentLength = tt.length
			}
			w := httptest.NewRecorder()
			e.ServeHTTP(w, r)
			if got := strings.Join(f.trail, " "); w.Code != tt.status || got != tt.trail || !strings.Contains(w.Body.String(), tt.text) {
				t.Errorf("%d %s\n%s, want %d %s", w.Code, w.Body, got, tt.status, tt.trail)
			}
			own := errors.Is(tt.busy, busyError{own: true})
			if closes := w.Header().Get("Connection") == "close"; closes != (tt.status == http.StatusRequestEntityTooLarge || tt.status == http.StatusServiceUnavailable && !own) {
				t.Errorf("the connection closes: %v", closes)
			}
			if tt.status == http.StatusServiceUnavailable && (w.Header().Get("Retry-After") != "7" || strings.Contains(w.Body.String(), `"id"`)) {
				t.Errorf("%v %s", w.Header(), w.Body)
			}
		})
	}
}

func TestBodyThatStallsIsAnswered408(t *testing.T) {
	for _, length := range []int64{100, 10 << 10, 290 << 10, -1} {
		f := &inFlight{}
		e, _ := newEndpoint(t, setup{inFlight: f, maxBody: 300 << 10})
		r := post(t.Context(), "")
		r.Body = io.NopCloser(io.MultiReader(strings.NewReader(callProbe[:40]), stalled{}))
		r.ContentLength = length
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		if w.Code != http.StatusRequestTimeout || w.Header().Get("Connection") != "close" || !strings.Contains(w.Body.String(), "nothing was done") {
			t.Errorf("%d bytes: %d %v %s", length, w.Code, w.Header(), w.Body)
		}
		if want := map[bool]string{true: "", false: "enter leave"}[length == 100]; strings.Join(f.trail, " ") != want {
			t.Errorf("%d bytes: %v, want %s", length, f.trail, want)
		}
	}
}

type stalled struct{}

func (stalled) Read([]byte) (int, error) { return 0, os.ErrDeadlineExceeded }
