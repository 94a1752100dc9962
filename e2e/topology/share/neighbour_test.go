//go:build unix

package share_test

import (
	"sync"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/redistest"
)

// unhurried is what a send may take while somebody else asks for far too much.
const unhurried = 2 * time.Second

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
			if !eventually(patience, 20*time.Millisecond, func() bool {
				now, _ := api.asked()
				return now > before
			}) {
				t.Error("nothing of the batch is under way")
			}
			bens := flood(1, upTo(sends), func(n int) answer { return ben.post(sending("Ben's", n+1)) })
			close(done)
			working.Wait()

			median, worst := bens.latency()
			figure(t, "beside %d at once in %d calls: %d sends, %v; median %v, worst %v; somebody else's: %v",
				many, tt.calls, sends, bens, median, worst, anns)
			if refused := sends - bens.count(answer.served); refused > 0 {
				t.Errorf("%d sends were refused:\n%s", refused, bens.sample())
			}
			if median > unhurried {
				t.Errorf("half of the sends took longer than %v", median)
			}
		})
	}
}
