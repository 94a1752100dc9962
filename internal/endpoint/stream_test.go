package endpoint_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/endpoint"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// tape is a connection that keeps what was flushed through it, and when.
type tape struct {
	mu      sync.Mutex
	header  http.Header
	status  int
	pending string
	heard   []string
}

func newTape() *tape { return &tape{header: http.Header{}} }

func (t *tape) Header() http.Header { return t.header }

func (t *tape) WriteHeader(status int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.status, t.header = status, t.header.Clone()
}

func (t *tape) Write(data []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.pending += string(data)
	return len(data), nil
}

func (t *tape) Flush() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.pending != "" {
		t.heard, t.pending = append(t.heard, t.pending), ""
	}
}

func (t *tape) all() (status int, heard []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.status, t.heard
}

// 2026-07-28, Streamable HTTP, "Receiving Messages".
func TestAStreamBeginsAtOnceAndIsKeptAlive(t *testing.T) {
	inBothEras(t, func(t *testing.T, body string, headers []string) {
		synctest.Test(t, func(t *testing.T) {
			release := make(chan struct{})
			e, _ := newEndpoint(t, setup{tools: &tools{call: func(_ context.Context, c mcpadapter.Call) mcpadapter.Report {
				<-release
				c.Progress(1, 1, "done")
				return mcpadapter.Report{Result: mcpadapter.Result{Text: "ok"}}
			}}})
			r := post(t.Context(), asking(body))
			r.Header.Set("Accept", "application/json, text/event-stream")
			for i := 0; i < len(headers); i += 2 {
				r.Header.Set(headers[i], headers[i+1])
			}
			w, done := newTape(), make(chan struct{})
			go func() {
				defer close(done)
				e.ServeHTTP(w, r)
			}()
			time.Sleep(time.Second)
			synctest.Wait()
			status, heard := w.all()
			if status != http.StatusOK || len(heard) != 1 || !strings.HasPrefix(heard[0], ":") || !strings.HasSuffix(heard[0], "\n\n") {
				t.Fatalf("after a second: %d %q", status, heard)
			}
			for name, want := range map[string]string{"Content-Type": "text/event-stream", "X-Accel-Buffering": "no", "Cache-Control": "no-store, no-transform"} {
				if got := w.header.Get(name); got != want {
					t.Errorf("%s: %q", name, got)
				}
			}
			for n := range 4 {
				time.Sleep(15 * time.Second)
				synctest.Wait()
				if _, heard := w.all(); len(heard) != n+2 || !strings.HasPrefix(heard[n+1], ":") {
					t.Fatalf("after %d times 15 seconds: %q", n+1, heard)
				}
			}
			close(release)
			<-done
			_, heard = w.all()
			if told := events(t, strings.Join(heard, "")); len(told) != 2 || told[0].Params.Message != "done" || told[1].Result == nil {
				t.Errorf("heard %q", heard)
			}
		})
	})
}

// A subscription of what never changes ends at once, and is a stream all the same.
func TestASubscriptionIsAStream(t *testing.T) {
	r := newReplica(t, setup{})
	a := r.send(t, http.MethodPost, modernBody("subscriptions/listen", `"notifications":{"toolsListChanged":true},`, ""),
		"Mcp-Protocol-Version", modern, "Mcp-Method", "subscriptions/listen")
	if a.status != http.StatusOK || strings.Count(a.body, "notifications/subscriptions/acknowledged") != 1 ||
		a.header.Get("Content-Type") != "text/event-stream" || a.header.Get("X-Accel-Buffering") != "no" {
		t.Errorf("answered %d %v %s", a.status, a.header, a.body)
	}
}

// Once a stream has begun, what the SDK would answer in another form is an event of it.
func TestAnErrorInAStreamThatHasBegunIsAnEvent(t *testing.T) {
	inBothEras(t, func(t *testing.T, body string, headers []string) {
		synctest.Test(t, func(t *testing.T) {
			nothing := mcpadapter.Result{Text: "nothing was sent", IsError: true, NoEffect: true}
			for name, tt := range map[string]struct {
				report mcpadapter.Report
				want   string
			}{
				"wrong params":  {mcpadapter.Report{Result: mcpadapter.Result{Text: "no such tool"}, Err: mcpadapter.ErrUnknownTool}, "-32602"},
				"no credential": {mcpadapter.Report{Result: nothing}, "nothing was sent"},
			} {
				e, _ := newEndpoint(t, setup{credentials: &wallet{lost: signIn{}}, tools: &tools{call: func(context.Context, mcpadapter.Call) mcpadapter.Report {
					time.Sleep(time.Minute)
					return tt.report
				}}})
				r := post(t.Context(), asking(body))
				r.Header.Set("Accept", "application/json, text/event-stream")
				for i := 0; i < len(headers); i += 2 {
					r.Header.Set(headers[i], headers[i+1])
				}
				w := newTape()
				e.ServeHTTP(w, r)
				w.Flush()
				status, heard := w.all()
				if last := heard[len(heard)-1]; status != http.StatusOK || !strings.HasPrefix(last, "event: message\ndata: {") ||
					!strings.HasSuffix(last, "}\n\n") || !strings.Contains(last, tt.want) {
					t.Errorf("%s: %d %q", name, status, heard)
				}
			}
		})
	})
}

// What a library says in plain text, no client sees.
func TestPlainTextBecomesAJSONRPCError(t *testing.T) {
	w := httptest.NewRecorder()
	aw := endpoint.NewPlainWriter(w, `"x"`)
	http.Error(aw, "mcp: bad Go value", http.StatusBadRequest)
	if w.Code != http.StatusBadRequest || w.Header().Get("Content-Type") != "application/json" ||
		w.Body.String() != `{"jsonrpc":"2.0","id":"x","error":{"code":-32600,"message":"the request was not understood"}}` {
		t.Errorf("answered %d %v %s", w.Code, w.Header(), w.Body)
	}
	w = httptest.NewRecorder()
	http.Error(endpoint.NewPlainWriter(w, `1`), "mcp: panic", http.StatusInternalServerError)
	if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), `"message":"internal error"`) {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
}
