//go:build unix

package share_test

import (
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/internal/rpctest"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

// hangingMB is what a process may grow to while the API hangs.
const hangingMB = 150

// What each gateway here is given for a call, for one that sends or creates, and to stop.
const (
	callTime, budget = 2 * time.Second, 4 * time.Second
	drain, shutdown  = time.Second, 3 * time.Second
)

// serveHostile runs a gateway in front of an API that does not come to an end.
func serveHostile(t *testing.T, redis *redistest.Server, api *hostile) *process {
	t.Helper()
	return serve(t, "--auth", "none", "--redis-url", redis.URL(), "--clerk-url", api.url,
		"--clerk-timeout", callTime.String(), "--call-budget", budget.String(), "--settle-time", "1s",
		"--drain-delay", drain.String(), "--shutdown-timeout", shutdown.String())
}

// terminateAmong ends a gateway while so many calls are under way. It has to be in time.
func terminateAmong(t *testing.T, redis *redistest.Server, api *hostile, calls int) (code int, took time.Duration) {
	t.Helper()
	gateway := serveHostile(t, redis, api)
	caller := newCaller(t, gateway.url)
	asked := api.asked.Load()
	var hanging sync.WaitGroup
	hanging.Go(func() { flood(calls, upTo(calls), func(n int) answer { return caller.post(reading(n)) }) })
	if !testkit.Reached(func() bool { return api.asked.Load() > asked }) {
		t.Error("no call came to the API")
	}
	code, took = gateway.terminate(drain + shutdown)
	hanging.Wait()
	return code, took.Round(10 * time.Millisecond)
}

func TestCallsOnAHangingAPIAreBounded(t *testing.T) {
	needUsage(t)
	calls := size(5000, 1500)
	needFiles(t, uint64(3*calls))
	redis, api := redistest.Start(t), newHostile(t, hang)
	gateway := serveHostile(t, redis, api)
	caller := newCaller(t, gateway.url)
	before := gateway.usage()
	made := flood(calls, upTo(calls), func(n int) answer { return caller.post(reading(n)) })
	after := gateway.usage()
	requests := api.asked.Load()
	caller.http.CloseIdleConnections()
	code, ending := terminateAmong(t, redis, api, calls)

	busy := made.count(ofKind("503"))
	median, worst := made.latency()
	figure(t, "%d calls on an API that hangs: %v; %d requests; memory before %d MB, peak %d MB; median %v, worst %v; "+
		"SIGTERM among as many: exit code %d after %v of %v",
		calls, made, requests, before.resident, after.peak, median, worst, code, ending, drain+shutdown)
	if after.peak >= hangingMB {
		t.Errorf("the process grew to %d MB, less than %d MB are a share", after.peak, hangingMB)
	}
	if busy == 0 {
		t.Errorf("all of them were taken at once:\n%s", made.sample())
	}
	if untold := busy - made.count(toldWhen(http.StatusServiceUnavailable)); untold > 0 {
		t.Errorf("%d of %d that were one too many were not told when to come again", untold, busy)
	}
	if other := len(made.answers) - busy - made.count(ofKind("refused")); other > 0 {
		t.Errorf("%d neither ended with the API's time nor were one too many: %v\n%s", other, made, made.sample())
	}
}

// needFiles skips where a process may not open enough connections.
func needFiles(t *testing.T, files uint64) {
	t.Helper()
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Max < files {
		skip(t, "a process may not open enough files here; ulimit -Hn with a higher number changes that")
	}
}

// A deadline reaches every wait, whatever is waited for.
func TestCallsEndThoughTheAPIDoesNot(t *testing.T) {
	t.Parallel()
	const contact = `"contact_id":"c1"`
	calls := []struct {
		tool, arguments string
		within          time.Duration
	}{
		{"get_messages", `{}`, callTime},
		{"update_contact", `{` + contact + `,"name":"b"}`, callTime},
		{"delete_contact", `{` + contact + `}`, callTime},
		// A request under way is finished beyond the budget.
		{"send_message", `{"sender":"+15551234567","recipients":["+15559876543"],"body":"x"}`, budget + callTime},
		{"create_contacts_batch", `{"contacts":[{"name":"a"}]}`, budget + callTime},
	}
	for _, api := range endless[:size(len(endless), 2)] {
		t.Run(api.name, func(t *testing.T) {
			t.Parallel()
			redis, api := redistest.Start(t), newHostile(t, api.reply)
			caller := newCaller(t, serveHostile(t, redis, api).url)
			caller.http.Timeout = budget + callTime + 2*tooLate // that it takes too long is not in doubt then
			made := flood(len(calls), upTo(len(calls)), func(n int) answer {
				a := caller.post(rpctest.Call(n+1, calls[n].tool, calls[n].arguments))
				if a.err != nil || a.took > calls[n].within+tooLate {
					t.Errorf("%s took %v of %v: %s", calls[n].tool, a.took.Round(time.Millisecond), calls[n].within, a.text())
				}
				return a
			})
			code, ending := terminateAmong(t, redis, api, 20)

			_, worst := made.latency()
			figure(t, "the last of %d calls ended after %v; SIGTERM among 20: exit code %d after %v of %v",
				len(calls), worst, code, ending, drain+shutdown)
			if code != 0 {
				t.Errorf("exit code %d", code)
			}
		})
	}
}
