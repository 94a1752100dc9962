//go:build unix

package share_test

import (
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/redistest"
)

// What one POST may make of a process, take of its processor, ask of the API at once, and create.
// Nearly all stay far below.
const (
	shareMB       = 200
	shareCPU      = 5 * time.Second
	shareRequests = 100
	shareContacts = 1000
)

// Each is on a process of its own, so that what one leaves behind is not the next one's.
func TestOnePOSTKeepsTheProcessSmall(t *testing.T) {
	needUsage(t)
	redis := redistest.Start(t)
	var peak int
	var longest time.Duration
	for _, tt := range greedy[:size(len(greedy), 6)] {
		t.Run(tt.name, func(t *testing.T) {
			api := newAPI(t, slow)
			api.fill()
			gateway := serve(t, "--auth", "none", "--redis-url", redis.URL(), "--clerk-url", api.url)
			body := tt.body()
			before := gateway.usage()
			a := newCaller(t, gateway.url).post(body)
			after := gateway.usage()
			cpu := after.cpu - before.cpu
			requests, atOnce := api.asked()
			peak, longest = max(peak, after.peak), max(longest, cpu)

			note := t.Logf
			if after.peak >= shareMB || cpu >= shareCPU || atOnce > shareRequests {
				note = func(format string, args ...any) { t.Helper(); figure(t, format, args...) }
				t.Errorf("less than %d MB of memory, %v of processor and %d requests at once are a share", shareMB, shareCPU, shareRequests)
			}
			note("%.1f MB came and %.1f MB went (%s) in %v; peak %d MB (before %d MB), processor %v, %d requests, %d of them at once",
				float64(len(body))/mB, float64(a.length)/mB, a.kind(), a.took.Round(time.Millisecond), after.peak, before.peak, cpu, requests, atOnce)
			if n := api.created(); n > shareContacts {
				t.Errorf("it created %d contacts, at most %d are a share", n, shareContacts)
			}
			if sent, _ := api.texts(); sent > shareRequests {
				t.Errorf("it sent %d texts, at most %d are a share", sent, shareRequests)
			}
			if a.err != nil {
				t.Errorf("it was not answered: %v", a.err)
			}
		})
	}
	figure(t, "%d bodies: peak of memory %d MB, most processor %v", size(len(greedy), 6), peak, longest)
}
