//go:build unix

package share_test

import (
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

// ahead is how many of somebody else's requests may come to the API while a send waits for its turn
// and is made: four times what is in flight at once. That says whose turn it was, however fast the
// machine is.
var ahead = 4 * 64 * runtime.GOMAXPROCS(0)

func TestSendsGoOnDuringSomebodyElsesBatch(t *testing.T) {
	sends := size(20, 8)
	many := size(3000, 1000)
	messages, contacts := many, many
	if bounded("--max-batch") {
		messages = 50
	}
	if bounded("--max-contacts") {
		contacts = 500
	}
	for _, tt := range []struct {
		name  string
		calls int // of Ann's at once
		call  func(n int) string
	}{
		{"of contacts", many / contacts, func(n int) string { return creating(n, contacts) }},
		{"of messages", many / messages, func(n int) string {
			return list(messages, func(i int) string { return sending("Ann's", n*messages+i) })
		}},
		{"of reads", many / messages, func(n int) string {
			return list(messages, func(i int) string { return reading(n*messages + i) })
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			redis, sandbox, api := redistest.Start(t), newSandbox(t), newAPI(t, slow)
			gateway := serve(t, signInAt(sandbox, redis.URL(), "--clerk-url", api.url)...)
			ann, ben := newProgram(t, gateway), newProgram(t, gateway)
			ann.signIn("ann")
			ben.signIn("ben")
			if a := ben.post(sending("Ben's first", 0)); !a.served() {
				t.Fatalf("before the batch: %s", a.text())
			}

			before, _ := api.asked()
			done := make(chan struct{})
			var anns *tally
			var working sync.WaitGroup
			working.Go(func() {
				anns = flood(tt.calls, func(int) bool {
					select {
					case <-done:
						return false
					default:
						return true
					}
				}, func(n int) answer { return ann.insist(tt.call(n)) })
			})
			if !testkit.Reached(func() bool {
				now, _ := api.asked()
				return now > before
			}) {
				t.Error("nothing of the batch is under way")
			}
			var overtaken []int
			bens := flood(1, upTo(sends), func(n int) answer {
				before, _ := api.asked()
				a := ben.post(sending("Ben's", n+1))
				now, _ := api.asked()
				overtaken = append(overtaken, now-before)
				return a
			})
			close(done)
			working.Wait()

			median, worst := bens.latency()
			slices.Sort(overtaken)
			figure(t, "beside %d at once in %d calls: %d sends, %v; median %v, worst %v; overtaken by %d, at worst by %d; somebody else's: %v",
				many, tt.calls, sends, bens, median, worst, overtaken[sends/2], overtaken[sends-1], anns)
			if refused := sends - bens.count(answer.served); refused > 0 {
				t.Errorf("%d sends were refused:\n%s", refused, bens.sample())
			}
			if overtaken[sends/2] > ahead {
				t.Errorf("half of the sends were overtaken by more than %d requests of somebody else", ahead)
			}
		})
	}
}
