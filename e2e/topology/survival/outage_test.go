//go:build unix

package survival_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

func TestReadsAreServedWhileRedisIsUnreachable(t *testing.T) {
	for name, outage := range map[string]struct{ begin, end func(*redistest.Server) }{
		"a black hole": {(*redistest.Server).Stop, (*redistest.Server).Continue},
		"refused":      {(*redistest.Server).Kill, (*redistest.Server).Restart},
	} {
		t.Run(name, func(t *testing.T) {
			a, b, redis := pair(t)
			id := begin(t, a, "")
			wantServed(t, b, id)
			outage.begin(redis)
			var slowest time.Duration
			for range 20 {
				for _, r := range []*replica{a, b} {
					started := time.Now()
					wantServed(t, r, id)
					slowest = max(slowest, time.Since(started))
				}
			}
			t.Logf("the slowest of 40 reads took %s", slowest)
			if resp, err := http.Get(a.url() + "/readyz?exclude=store"); err != nil {
				t.Error(err)
			} else if _ = resp.Body.Close(); resp.StatusCode != http.StatusOK {
				t.Errorf("a balancer would look away from a replica that serves: %s", resp.Status)
			}
			outage.end(redis)
			wantServed(t, a, id)
		})
	}
}

func TestASessionThatBeganWithoutRedisIsKnownToAllReplicas(t *testing.T) {
	a, b, redis := pair(t)
	redis.Stop()
	id := begin(t, a, "")
	wantServed(t, b, id)
	redis.Continue()
	wantServed(t, b, id)
	wantServed(t, a, id)
}

func TestDeleteWaitsUntilRedisIsReachable(t *testing.T) {
	a, b, redis := pair(t)
	id := begin(t, a, "")
	redis.Stop()
	got := send(t, a, http.MethodDelete, id, "")
	if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
		t.Errorf("answered %d, Retry-After %q", got.status, got.header.Get("Retry-After"))
	}
	wantServed(t, a, id)
	redis.Continue()
	waitUntilStoreServes(t, a)
	// A refused DELETE may have taken effect after all, if Redis found it in its queue.
	if got = send(t, a, http.MethodDelete, id, ""); got.status != http.StatusNoContent && got.status != http.StatusNotFound {
		t.Fatalf("answered %d %s", got.status, got.body)
	}
	for _, r := range []*replica{b, a} {
		waitUntilStoreServes(t, r)
		wantGone(t, r, http.MethodPost, id)
	}
}

// waitUntilStoreServes waits until a replica has noticed that Redis answers again; until then it
// serves what opens.
func waitUntilStoreServes(t testing.TB, r *replica) {
	t.Helper()
	testkit.Eventually(t, r.name+" notices that Redis is back", func() bool {
		resp, err := http.Get(r.url() + "/readyz")
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp.StatusCode == http.StatusOK
	})
}

func TestReadinessTellsAndLivenessDoesNotWhenRedisIsUnreachable(t *testing.T) {
	a, _, redis := pair(t)
	redis.Stop()
	for path, want := range map[string]int{
		"/livez": http.StatusOK, "/readyz": http.StatusServiceUnavailable, "/readyz?exclude=store": http.StatusOK,
	} {
		resp, err := http.Get(a.url() + path)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s answered %d, want %d", path, resp.StatusCode, want)
		}
	}
	redis.Continue()
	waitUntilStoreServes(t, a)
}

// BenchmarkReadWhileRedisIsUnreachable reports the slowest read besides the mean one.
func BenchmarkReadWhileRedisIsUnreachable(b *testing.B) {
	one, _, redis := pair(b)
	id := begin(b, one, "")
	redis.Stop()
	defer redis.Continue()
	var slowest time.Duration
	for b.Loop() {
		started := time.Now()
		wantServed(b, one, id)
		slowest = max(slowest, time.Since(started))
	}
	b.ReportMetric(float64(slowest.Microseconds())/1000, "slowest-ms")
}
