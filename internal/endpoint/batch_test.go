package endpoint_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/clerkchat/mcp-gateway/internal/endpoint"
	"github.com/clerkchat/mcp-gateway/internal/rpctest"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// batchOf is a batch of calls with the ids 0 to n-1.
func batchOf(n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = strings.Replace(callProbe, `"id":2`, fmt.Sprintf(`"id":%d`, i), 1)
	}
	return "[" + strings.Join(all, ",") + "]"
}

// post makes a POST of a legacy client.
func post(ctx context.Context, body string) *http.Request {
	return rpctest.Post("/", body, "Accept", "").Incoming(ctx)
}

func TestBatchBeyondItsBoundRunsNothing(t *testing.T) {
	var ran atomic.Int32
	e, _ := newEndpoint(t, setup{tools: &tools{call: func(context.Context, mcpadapter.Call) mcpadapter.Report {
		ran.Add(1)
		return mcpadapter.Report{Result: mcpadapter.Result{Text: "ok"}}
	}}})
	for name, body := range map[string]string{
		"calls":                      batchOf(51),
		"notifications":              "[" + strings.Repeat(`{"jsonrpc":"2.0","method":"notifications/initialized"},`, 50) + callProbe + "]",
		"what is not decoded at all": "[" + strings.Repeat("0,", 50) + "{",
	} {
		w := httptest.NewRecorder()
		e.ServeHTTP(w, post(t.Context(), body))
		if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "more than 50 messages") || ran.Load() != 0 {
			t.Errorf("%s: %d %s, %d calls ran", name, w.Code, w.Body, ran.Load())
		}
	}
	w := httptest.NewRecorder()
	e.ServeHTTP(w, post(t.Context(), batchOf(50)))
	if w.Code != http.StatusOK || ran.Load() != 50 {
		t.Errorf("a batch of 50: %d, %d calls ran", w.Code, ran.Load())
	}
}

func TestElementsOfABatchAreCountedUndecoded(t *testing.T) {
	for array, want := range map[string]int{
		`[]`: 1, `[1]`: 1, `[1,2]`: 2, ` [ "," , "]" , "\"," ]`: 3, `[[1,2,3],{"a":1,"b":[2,3]}]`: 2, `["\\",","]`: 2, `[{"a":"[{,"},{}]`: 2,
	} {
		if endpoint.MoreThan([]byte(array), want) || want > 1 && !endpoint.MoreThan([]byte(array), want-1) {
			t.Errorf("%s: want %d", array, want)
		}
	}
}

func TestBatchRunsEightCallsAtOnce(t *testing.T) {
	const all, bound = 20, 8
	synctest.Test(t, func(t *testing.T) {
		var began atomic.Int32
		release := make(chan struct{})
		e, _ := newEndpoint(t, setup{tools: &tools{call: func(context.Context, mcpadapter.Call) mcpadapter.Report {
			began.Add(1)
			<-release
			return mcpadapter.Report{Result: mcpadapter.Result{Text: "ok"}}
		}}})
		ended := make(chan *httptest.ResponseRecorder)
		send := func(ctx context.Context) {
			go func() {
				w := httptest.NewRecorder()
				e.ServeHTTP(w, post(ctx, batchOf(all)))
				ended <- w
			}()
			synctest.Wait()
		}
		send(t.Context())
		for done := range int32(all - bound) {
			if began.Load() != bound+done {
				t.Fatalf("%d calls began, %d ended", began.Load(), done)
			}
			release <- struct{}{}
			synctest.Wait()
		}
		for range bound {
			release <- struct{}{}
		}
		var answers []struct{ Result json.RawMessage }
		if err := json.Unmarshal((<-ended).Body.Bytes(), &answers); err != nil || len(answers) != all {
			t.Errorf("%d answers: %v", len(answers), err)
		}
		// What has not begun when the client goes away is not begun any more.
		began.Store(0)
		ctx, cancel := context.WithCancel(t.Context())
		send(ctx)
		cancel()
		synctest.Wait()
		for range bound {
			release <- struct{}{}
		}
		<-ended
		if began.Load() != bound {
			t.Errorf("%d calls began", began.Load())
		}
	})
}

func TestAnswerOfARequestIsBounded(t *testing.T) {
	const size = 3 << 18
	for _, tt := range []struct {
		most        int64 // 0: not set
		reads       bool
		whole, left int
	}{{0, true, 2, 10}, {0, false, 12, 0}, {4 * size, true, 4, 8}} { // nothing that was done goes untold
		var ran atomic.Int32
		e, _ := newEndpoint(t, setup{maxAnswer: tt.most, tools: &tools{reads: tt.reads, call: func(context.Context, mcpadapter.Call) mcpadapter.Report {
			ran.Add(1)
			return mcpadapter.Report{Result: mcpadapter.Result{Text: strings.Repeat("x", size)}}
		}}})
		w := httptest.NewRecorder()
		e.ServeHTTP(w, post(t.Context(), batchOf(12)))
		whole, refused := strings.Count(w.Body.String(), strings.Repeat("x", size)), strings.Count(w.Body.String(), "Nothing was changed.")
		if whole != tt.whole || refused != tt.left || int(ran.Load()) > tt.whole+8 {
			t.Errorf("%+v: %d whole, %d refused, %d ran", tt, whole, refused, ran.Load())
		}
	}
}

// callsOf gives tools whose calls go on until they are released, and counts those that began.
func callsOf(release <-chan struct{}) (t *tools, began *atomic.Int32) {
	began = new(atomic.Int32)
	return &tools{call: func(context.Context, mcpadapter.Call) mcpadapter.Report {
		began.Add(1)
		<-release
		return mcpadapter.Report{Result: mcpadapter.Result{Text: "it was done"}}
	}}, began
}

func TestBatchTakesTurnsThatNobodyWaitsFor(t *testing.T) {
	const all = 20
	for _, others := range []int32{0, 3, 100} {
		synctest.Test(t, func(t *testing.T) {
			release := make(chan struct{})
			calls, began := callsOf(release)
			turns := &inFlight{}
			turns.others.Store(others)
			e, _ := newEndpoint(t, setup{tools: calls, inFlight: turns})
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				e.ServeHTTP(httptest.NewRecorder(), post(t.Context(), batchOf(all)))
			}()
			synctest.Wait()
			if want := min(4+others, 8); began.Load() != want {
				t.Errorf("with %d turns to be had %d calls run", others, began.Load())
			}
			if others == 3 {
				turns.others.Add(-3) // somebody waits for what ends
			}
			before := began.Load()
			for range before {
				release <- struct{}{}
			}
			synctest.Wait()
			if others == 3 && began.Load() != before+4 {
				t.Errorf("%d more calls run, though somebody waits for the turns", began.Load()-before)
			}
			close(release)
			<-ended
			if began.Load() != all {
				t.Errorf("%d of %d calls ran", began.Load(), all)
			}
		})
	}
}

// Whatever had an effect is told: a batch that goes on until the process ends has no answer at all.
func TestBatchBeginsNothingOnceTheProcessStops(t *testing.T) {
	const all = 20
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		calls, began := callsOf(release)
		turns := &inFlight{closed: make(chan struct{})}
		turns.others.Store(3)
		e, _ := newEndpoint(t, setup{tools: calls, inFlight: turns})
		ended := make(chan *httptest.ResponseRecorder)
		go func() {
			w := httptest.NewRecorder()
			e.ServeHTTP(w, post(t.Context(), batchOf(all)))
			ended <- w
		}()
		synctest.Wait()
		close(turns.closed)
		close(release)
		told := (<-ended).Body.String()
		done, refused := strings.Count(told, "it was done"), strings.Count(told, "nothing was done, send it again")
		if began.Load() != 7 || done != 7 || refused != all-7 {
			t.Errorf("%d began, of %d it is told, %d were refused", began.Load(), done, refused)
		}
		if turns.others.Load() != 3 {
			t.Errorf("%d of 3 turns are free", turns.others.Load())
		}
	})
}

func TestLargeAnswerHasATurnOfItsOwn(t *testing.T) {
	const size = 200 << 10
	for _, tt := range []struct {
		name         string
		calls, whole int
		reads        bool
		busy         error
		turn         bool
	}{
		{"an ordinary one has none", 1, 1, true, nil, false},
		{"a large one", 5, 5, true, nil, true},
		{"of which there are too many", 5, 1, true, busyError{}, true},
		{"of what was done", 5, 5, false, busyError{}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			turns := &inFlight{busyAnswer: tt.busy}
			e, _ := newEndpoint(t, setup{inFlight: turns, tools: &tools{reads: tt.reads, call: func(context.Context, mcpadapter.Call) mcpadapter.Report {
				return mcpadapter.Report{Result: mcpadapter.Result{Text: strings.Repeat("x", size)}}
			}}})
			w := httptest.NewRecorder()
			e.ServeHTTP(w, post(t.Context(), batchOf(tt.calls)))
			told := w.Body.String()
			whole, refused := strings.Count(told, strings.Repeat("x", size)), strings.Count(told, "too many large answers")
			if whole != tt.whole || refused != tt.calls-tt.whole || strings.Count(told, `"isError":true`) != refused {
				t.Errorf("%d whole, %d refused", whole, refused)
			}
			trail := strings.Join(turns.trail, ", ")
			want := "enter, leave"
			switch {
			case tt.turn && tt.busy == nil:
				want = "enter, enter answer, leave answer, leave"
			case tt.turn:
				want = "enter, enter answer, leave"
			}
			if trail != want {
				t.Errorf("%s, want %s", trail, want)
			}
		})
	}
}

// sized is a tool whose results have so many bytes.
func sized(text, structured int) *tools {
	result := mcpadapter.Result{Text: strings.Repeat("x", text)}
	if structured > 0 {
		result.Structured = json.RawMessage(`"` + strings.Repeat("y", structured-2) + `"`)
	}
	return &tools{reads: true, call: func(context.Context, mcpadapter.Call) mcpadapter.Report { return mcpadapter.Report{Result: result} }}
}

// A call that was granted a turn in that very moment gives it back. Which comes first is not
// decided, so it is tried often.
func TestABatchThatComesTooLateBeginsNothing(t *testing.T) {
	for name, tt := range map[string]struct {
		tooLate      func(leave func(), turns *inFlight)
		calls, begun int
	}{
		"its client is gone":         {func(leave func(), _ *inFlight) { leave() }, 50, 0},
		"the process stops":          {func(_ func(), turns *inFlight) { close(turns.closed) }, 50, 0},
		"its client goes just then":  {func(leave func(), turns *inFlight) { turns.onAnother = leave }, 5, 4},
		"the process stops by then":  {func(_ func(), turns *inFlight) { turns.onAnother = sync.OnceFunc(func() { close(turns.closed) }) }, 5, 4},
		"its client goes and others": {func(leave func(), turns *inFlight) { turns.onAnother = leave }, 50, 4},
	} {
		t.Run(name, func(t *testing.T) {
			for range 20 {
				synctest.Test(t, func(t *testing.T) {
					release := make(chan struct{})
					calls, began := callsOf(release)
					turns := &inFlight{closed: make(chan struct{})}
					turns.others.Store(50)
					e, _ := newEndpoint(t, setup{tools: calls, inFlight: turns})
					ctx, leave := context.WithCancel(t.Context())
					defer leave()
					tt.tooLate(leave, turns)
					ended := make(chan struct{})
					go func() {
						defer close(ended)
						e.ServeHTTP(httptest.NewRecorder(), post(ctx, batchOf(tt.calls)))
					}()
					synctest.Wait()
					close(release)
					<-ended
					if int(began.Load()) != tt.begun || turns.others.Load() != 50 {
						t.Errorf("%d calls began, %d of 50 turns are free", began.Load(), turns.others.Load())
					}
				})
			}
		})
	}
}

func FuzzElementsOfABatch(f *testing.F) {
	for _, seed := range []string{`[]`, `[1,[2,3],{"a":"\",["}]`, `[[`, `]`, `["\`, `[1,]`} {
		f.Add(seed, 1)
	}
	f.Fuzz(func(t *testing.T, array string, limit int) {
		more := endpoint.MoreThan([]byte(array), limit)
		var elements []json.RawMessage
		if json.Unmarshal([]byte(array), &elements) == nil && elements != nil && limit > 0 && more != (len(elements) > limit) {
			t.Errorf("%q has %d elements, more than %d: %v", array, len(elements), limit, more)
		}
	})
}
