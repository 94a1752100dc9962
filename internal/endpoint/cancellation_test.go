package endpoint_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/cancellation"
	"github.com/clerkchat/mcp-gateway/internal/endpoint"
	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// caller sends a request as somebody, in a session unless that is "".
func as(ctx context.Context, subject, session, body string) *http.Request {
	r := post(request.With(ctx, &request.Request{Caller: identity.Caller{Subject: subject}}), body)
	r.Header.Set("Accept", "application/json, text/event-stream")
	if session != "" {
		r.Header.Set("Mcp-Session-Id", session)
	}
	return r
}

// begun opens a session of somebody.
func begun(t *testing.T, e *endpoint.Endpoint, subject string) string {
	t.Helper()
	w := httptest.NewRecorder()
	e.ServeHTTP(w, as(t.Context(), subject, "", initialize))
	id := w.Header().Get("Mcp-Session-Id")
	if id == "" {
		t.Fatalf("answered %d %s", w.Code, w.Body)
	}
	return id
}

const cancelled = `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2,"reason":"enough"}}`

// patiently is a tool whose call goes on until it is ended, which it tells, or for an hour.
func patiently() *tools {
	return &tools{call: func(ctx context.Context, _ mcpadapter.Call) mcpadapter.Report {
		select {
		case <-ctx.Done():
			text := "ended"
			if errors.Is(context.Cause(ctx), mcpadapter.ErrCanceled) {
				text = "canceled"
			}
			return mcpadapter.Report{Result: mcpadapter.Result{Text: text, IsError: true}}
		case <-time.After(time.Hour):
			return mcpadapter.Report{Result: mcpadapter.Result{Text: "done"}}
		}
	}}
}

// 2025-11-25, Cancellation.
func TestANotificationStopsTheCallOfItsSession(t *testing.T) {
	for name, tt := range map[string]struct {
		subject, call string
		session       func(own, others string) string
		notification  string
		want          string
	}{
		"its own":              {"ann", callProbe, nil, cancelled, "canceled"},
		"in a batch":           {"ann", callProbe, nil, "[" + cancelled + `,{"jsonrpc":"2.0","method":"notifications/initialized"}]`, "canceled"},
		"a call in a batch":    {"ann", "[" + callProbe + "]", nil, cancelled, "canceled"},
		"an id that is a text": {"ann", strings.Replace(callProbe, `"id":2`, `"id":"2"`, 1), nil, cancelled, "done"},
		"another id":           {"ann", callProbe, nil, strings.Replace(cancelled, "2,", "3,", 1), "done"},
		"another session":      {"ann", callProbe, func(_, others string) string { return others }, cancelled, "done"},
		"no session":           {"ann", callProbe, func(string, string) string { return "" }, cancelled, "done"},
		"somebody else":        {"ben", callProbe, nil, cancelled, "done"},
		"malformed":            {"ann", callProbe, nil, strings.Replace(cancelled, `"requestId":2,`, "", 1), "done"},
		"another notification": {"ann", callProbe, nil, strings.Replace(cancelled, "cancelled", "progress", 1), "done"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e, _ := newEndpoint(t, setup{tools: patiently(), cancellations: cancellation.New(mcpadapter.ErrCanceled, nil)})
				own, others := begun(t, e, "ann"), begun(t, e, "ann")
				w, done := httptest.NewRecorder(), make(chan struct{})
				go func() {
					defer close(done)
					e.ServeHTTP(w, as(t.Context(), "ann", own, tt.call))
				}()
				time.Sleep(time.Second)
				session := own
				if tt.session != nil {
					session = tt.session(own, others)
				}
				told := httptest.NewRecorder()
				e.ServeHTTP(told, as(t.Context(), tt.subject, session, tt.notification))
				if want := map[bool]int{true: http.StatusNotFound, false: http.StatusAccepted}[tt.subject == "ben"]; told.Code != want {
					t.Errorf("the notification: %d %s", told.Code, told.Body)
				}
				<-done
				if !strings.Contains(w.Body.String(), `"text":"`+tt.want+`"`) {
					t.Errorf("answered %s, want %s", w.Body, tt.want)
				}
			})
		})
	}
}

// An abort of one call never touches another, whatever their ids.
func TestOfCallsThatAllHaveOneIDOneIsStopped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const all = 5
		registry := cancellation.New(mcpadapter.ErrCanceled, nil)
		e, _ := newEndpoint(t, setup{tools: patiently(), cancellations: registry})
		var sessions [all]string
		var answers [all]*httptest.ResponseRecorder
		done := make(chan struct{}, all)
		for i := range all {
			sessions[i], answers[i] = begun(t, e, "ann"), httptest.NewRecorder()
			go func() {
				e.ServeHTTP(answers[i], as(t.Context(), "ann", sessions[i], callProbe))
				done <- struct{}{}
			}()
		}
		time.Sleep(time.Second)
		e.ServeHTTP(httptest.NewRecorder(), as(t.Context(), "ann", sessions[2], cancelled))
		for range all {
			<-done
		}
		for i, a := range answers {
			want := "done"
			if i == 2 {
				want = "canceled"
			}
			if !strings.Contains(a.Body.String(), `"text":"`+want+`"`) {
				t.Errorf("call %d: %s", i, a.Body)
			}
		}
	})
}

// 2025-11-25, Transports: a connection that breaks SHOULD NOT be taken for a cancellation. Without
// a session there is no other way to cancel; what only reads has nobody to read for.
func TestWhatAConnectionThatBreaksEnds(t *testing.T) {
	for _, tt := range []struct {
		session, reads bool
		ended          bool
	}{{true, false, false}, {true, true, true}, {false, false, true}, {false, true, true}} {
		t.Run(fmt.Sprintf("%+v", tt), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				called := patiently()
				called.reads = tt.reads
				became := ""
				run := called.call
				called.call = func(ctx context.Context, c mcpadapter.Call) mcpadapter.Report {
					report := run(ctx, c)
					became = report.Result.Text
					return report
				}
				e, _ := newEndpoint(t, setup{tools: called, cancellations: cancellation.New(mcpadapter.ErrCanceled, nil)})
				session := ""
				if tt.session {
					session = begun(t, e, "ann")
				}
				ctx, leave := context.WithCancel(t.Context())
				done := make(chan struct{})
				go func() {
					defer close(done)
					e.ServeHTTP(httptest.NewRecorder(), as(ctx, "ann", session, callProbe))
				}()
				time.Sleep(time.Second)
				leave()
				<-done
				if want := map[bool]string{true: "ended", false: "done"}[tt.ended]; became != want {
					t.Errorf("it was %s, want %s", became, want)
				}
			})
		})
	}
}
