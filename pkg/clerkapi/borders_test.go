package clerkapi_test

import (
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// The circuit breaker opens with the fifth failure and lets a trial through after fifteen seconds,
// where nothing else is set.
func TestDefaultsOfTheCircuitBreaker(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := &outage{status: 500}
		o.pipe.handle = func(_ int32, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(o.status) }
		o.client = o.pipe.start(t, clerkapi.Options{MaxAttempts: 1})
		for n := 1; n <= 5; n++ {
			if reached, _ := o.send(t, o.client); !reached {
				t.Errorf("failure %d was not made", n)
			}
		}
		for _, step := range []struct {
			wait    time.Duration
			reached bool
		}{{0, false}, {15*time.Second - time.Nanosecond, false}, {time.Nanosecond, true}, {0, false}} {
			time.Sleep(step.wait)
			if reached, _ := o.send(t, o.client); reached != step.reached {
				t.Errorf("after another %v: reached %v, want %v", step.wait, reached, step.reached)
			}
		}
	})
}

func TestBackOffEndsAtFourSeconds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var at []time.Time
		api := &pipeAPI{handle: func(_ int32, w http.ResponseWriter, _ *http.Request) {
			at = append(at, time.Now())
			w.WriteHeader(500)
		}}
		client := api.start(t, clerkapi.Options{MaxAttempts: 9, Timeout: time.Minute})
		_, _ = calls["Messages.Find"](t.Context(), client)
		if len(at) != 9 {
			t.Fatalf("%d attempts", len(at))
		}
		for n := 5; n < 9; n++ {
			if wait := at[n].Sub(at[n-1]); wait < 2*time.Second || wait > 4*time.Second {
				t.Errorf("wait %d took %v", n, wait)
			}
		}
	})
}
