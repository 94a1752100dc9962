package endpoint_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/clerkchat/mcp-gateway/internal/endpoint"
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
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
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
	const size = 3 << 20
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
