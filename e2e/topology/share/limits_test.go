//go:build unix

package share_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/redistest"
)

// The line before Redis is the gateway's own: who stands in it is never told that Redis is away.
func TestManySendsAtOnceAreAllExecuted(t *testing.T) {
	many := size(1000, 100)
	redis, api := redistest.Start(t), newAPI(t, slow)
	gateway := serve(t, "--auth", "none", "--redis-url", redis.URL(), "--clerk-url", api.url)
	caller := newCaller(t, gateway.url)
	begun := time.Now()
	sends := flood(many, upTo(many), func(n int) answer { return caller.insist(sending("at once", n)) })
	took := time.Since(begun).Round(time.Millisecond)

	sent, twice := api.texts()
	median, worst := sends.latency()
	figure(t, "%d sends at once: %v; %d at the API in %v, %d asked to come again; median %v, worst %v",
		many, sends, sent, took, sends.repeats(), median, worst)
	if executed := sends.count(answer.served); executed != many {
		t.Errorf("%d of %d were executed:\n%s", executed, many, sends.sample())
	}
	if sent != many || twice > 0 {
		t.Errorf("%d texts are at the API, %d of them more than once", sent, twice)
	}
}

func TestALimitOfCallsHoldsUnderLoad(t *testing.T) {
	const limit = 100
	connections, calls := size(1000, 200), size(2000, 400)
	redis, api := redistest.Start(t), newAPI(t, slow)
	gateway := serve(t, "--auth", "none", "--redis-url", redis.URL(), "--clerk-url", api.url, "--limit-calls", "100")
	caller := newCaller(t, gateway.url)
	begun := time.Now()
	made := flood(connections, upTo(calls), func(n int) answer { return caller.insist(reading(n)) })
	allowed := most(limit, begun)

	median, worst := made.latency()
	figure(t, "--limit-calls %d, %d connections, %d calls: %v; %d asked to come again; median %v, worst %v",
		limit, connections, calls, made, made.repeats(), median, worst)
	if served := made.count(answer.served); served < limit || served > allowed {
		t.Errorf("%d calls were served, %d are allowed:\n%s", served, allowed, made.sample())
	}
	if other := len(made.answers) - made.count(ofKind("served", "refused", "429")); other > 0 {
		t.Errorf("%d were neither served nor told of the limit: %v\n%s", other, made, made.sample())
	}
}

// Sends that are let through when Redis does not answer are counted in the process then.
func TestALimitOfMessagesHoldsUnderLoad(t *testing.T) {
	const limit = 5
	sends := size(2000, 500)
	batch := sends
	if bounded("--max-batch") {
		batch = 50
	}
	batches := func(sends int) func(caller *caller) *tally {
		return func(caller *caller) *tally {
			return flood(40, upTo(sends/batch), func(n int) answer {
				return caller.post(list(batch, func(i int) string { return sending("in a batch", n*batch+i) }))
			})
		}
	}
	singles := func(connections, sends int) func(caller *caller) *tally {
		return func(caller *caller) *tally {
			return flood(connections, upTo(sends), func(n int) answer { return caller.post(sending("single", n)) })
		}
	}
	for _, tt := range []struct {
		name   string
		breaks func(*redistest.Server)
		load   func(*caller) *tally
	}{
		{"in batches", nil, batches(sends)},
		{"one by one", nil, singles(size(1000, 200), sends)},
		{"while Redis hangs", (*redistest.Server).Stop, singles(200, 200)},
		{"while Redis is gone", (*redistest.Server).Kill, singles(200, 200)},
		// Each send waits for Redis first, so fewer take long enough.
		{"in batches while Redis is gone", (*redistest.Server).Kill, batches(sends / 4)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if tt.breaks != nil {
				t.Parallel() // nearly all of its time is waiting
			}
			redis, api := redistest.Start(t), newAPI(t, slow)
			gateway := serve(t, "--auth", "none", "--redis-url", redis.URL(), "--clerk-url", api.url,
				"--limit-messages", "5", "--on-store-outage", "send")
			if tt.breaks != nil {
				tt.breaks(redis)
			}
			begun := time.Now()
			came := tt.load(newCaller(t, gateway.url))
			sent, twice := api.texts()
			figure(t, "--limit-messages %d --on-store-outage send: %d texts at the API in %v; %v",
				limit, sent, time.Since(begun).Round(time.Millisecond), came)
			if sent > limit || twice > 0 {
				t.Errorf("%d texts are at the API, %d of them more than once; %d are allowed", sent, twice, limit)
			}
			if tt.breaks == nil && sent != limit {
				t.Errorf("%d texts are at the API although %d are allowed:\n%s", sent, limit, came.sample())
			}
			if broken := came.count(ofKind("no answer", "500", "502", "504")); broken > 0 {
				t.Errorf("%d were not answered properly: %v\n%s", broken, came, came.sample())
			}
		})
	}
}

func TestRegistrationsAreLimitedUnderLoad(t *testing.T) {
	const limit = 600
	connections, d := size(1500, 300), time.Duration(size(5, 1))*time.Second
	redis, sandbox := redistest.Start(t), newSandbox(t)
	gateway := serve(t, signInAt(sandbox, redis.URL(), "--limit-oauth", "600", "--clerk-url", sandbox.url)...)
	caller := newCaller(t, gateway.url)
	begun := time.Now()
	made := flood(connections, lasting(d), func(int) answer {
		a := caller.do(http.MethodPost, "/oauth/register", registration)
		if a.status == http.StatusCreated {
			a.body = nil // there may be a hundred thousand of them
		}
		return a
	})

	taken := made.count(ofKind("201"))
	figure(t, "--limit-oauth %d, %d connections for %v: %v", limit, connections, d, made)
	if allowed := most(limit, begun); taken > allowed {
		t.Errorf("%d registrations were taken, %d are allowed by now", taken, allowed)
	}
	if taken == 0 {
		t.Errorf("nobody could register: %v\n%s", made, made.sample())
	}
	if other := len(made.answers) - taken - made.count(toldWhen(http.StatusTooManyRequests, http.StatusServiceUnavailable)); other > 0 {
		t.Errorf("%d were neither taken nor told when to come again: %v\n%s", other, made, made.sample())
	}
}

// toldWhen are answers that ask to come again, and say when.
func toldWhen(statuses ...int) func(answer) bool {
	return func(a answer) bool {
		for _, status := range statuses {
			if a.status == status && a.err == nil && a.retryAfter != "" {
				return true
			}
		}
		return false
	}
}
