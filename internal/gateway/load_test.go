package gateway_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/redistest"
)

// many is how many requests come at once. Each answer of Redis takes slowly, so they wait for each
// other. That this does not count as time that Redis takes is tested in pkg/session/redisstore, in
// simulated time.
const (
	many   = 300
	slowly = 10 * time.Millisecond
)

// behindGate puts a Redis at some distance.
func behindGate(t *testing.T, redis *redistest.Server) config.Secret {
	t.Helper()
	gate := newSlowProxy(t, redis.Addr)
	gate.slow.Store(int64(slowly))
	// Where processors are scarce a dial takes long, which is not an outage.
	return config.Secret("redis://" + gate.Addr().String() + "?dial_timeout=5m")
}

// atOnce does something many times at once and counts how often it came out right.
func atOnce(n int, do func(i int) bool) int {
	var right atomic.Int64
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if do(i) {
				right.Add(1)
			}
		})
	}
	wg.Wait()
	return int(right.Load())
}

// isLimited tells whether n is what a limit in a minute lets through: on a slow machine, on which
// that took longer, also more.
func isLimited(n, most int, began time.Time) bool {
	return n == most || n > most && time.Since(began) > time.Minute
}

func sendCallOf(id int, body string) string {
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"send_message","arguments":`+
		`{"sender":"+15551234567","recipients":["+15559876543"],"body":%q}}}`, id, body)
}

func post(t *testing.T, base, body string) answer {
	t.Helper()
	return request(t, http.MethodPost, base+"/mcp", body, "Content-Type", "application/json")
}

func done(a answer) bool {
	return a.status == http.StatusOK && strings.Contains(a.body, `"result"`) && !strings.Contains(a.body, `"isError":true`)
}

func TestManySendsAtOnceAllGoOut(t *testing.T) {
	t.Parallel()
	cfg := valid(t)
	cfg.RedisURL = behindGate(t, startRedis(t))
	cfg.MaxInFlight = many // nobody waits for a turn before it
	base := runAt(t, cfg)
	before := sentBy(t, cfg)
	var refusal atomic.Value
	n := atOnce(many, func(i int) bool {
		a := post(t, base, sendCallOf(i+1, fmt.Sprint("Text ", i)))
		if !done(a) {
			refusal.Store(a.body)
		}
		return done(a)
	})
	if sent := sentBy(t, cfg) - before; n != many || sent != many {
		t.Errorf("%d of %d calls went well and %d messages went out, such as not: %v", n, many, sent, refusal.Load())
	}
}

func TestSendsGoOnDuringAnothersBatches(t *testing.T) {
	t.Parallel()
	cfg := valid(t)
	cfg.RedisURL = behindGate(t, startRedis(t))
	cfg.MaxInFlight = many // nobody waits for a turn before it
	base := runAt(t, cfg)
	var batches sync.WaitGroup
	for b := range many / 50 {
		batches.Go(func() {
			var calls []string
			for i := range 50 {
				calls = append(calls, sendCallOf(i+1, fmt.Sprint("Batch ", b, " text ", i)))
			}
			a := post(t, base, "["+strings.Join(calls, ",")+"]")
			if n := strings.Count(a.body, `"chat.clerk/disposition":"executed"`); n != 50 {
				t.Errorf("%d of a batch of 50 were sent: %d", n, a.status)
			}
		})
	}
	for i := range 8 {
		if a := post(t, base, sendCallOf(i+1, fmt.Sprint("Somebody else's ", i))); !done(a) {
			t.Errorf("somebody else's send: %d %s", a.status, a.body)
		}
	}
	batches.Wait()
}

func TestLimitsAreExactForManyAtOnce(t *testing.T) {
	t.Parallel()
	const most = 40
	cfg := valid(t)
	cfg.RedisURL, cfg.LimitCalls = behindGate(t, startRedis(t)), most
	base := runAt(t, cfg)
	read := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_messages","arguments":{}}}`
	began := time.Now()
	if n := atOnce(many, func(int) bool { return done(post(t, base, read)) }); !isLimited(n, most, began) {
		t.Errorf("%d calls were served, want %d", n, most)
	}

	redis := startRedis(t)
	login := withLogin(t, redis, func(c *config.Config) { c.RedisURL, c.LimitOAuth = behindGate(t, redis), most })
	began = time.Now()
	if n := atOnce(many, func(int) bool { return register(t, login).status == http.StatusCreated }); !isLimited(n, most, began) {
		t.Errorf("%d registrations were taken, want %d", n, most)
	}
}

func TestARevokedTokenIsServedToNobodyOfMany(t *testing.T) {
	t.Parallel()
	world := signIn(t, "api-key", func(c *config.Config) {
		c.RedisURL = behindGate(t, &redistest.Server{Addr: strings.TrimPrefix(c.RedisURL.Reveal(), "redis://")})
	})
	c, other := world.register(t), world.register(t)
	c.signIn(t)
	other.signIn(t)
	c.mustRevoke(t)
	if n := atOnce(many, func(i int) bool {
		if i%2 == 0 { // somebody else's load
			return other.post(t, ping).status != http.StatusOK
		}
		return c.post(t, ping).status != http.StatusUnauthorized
	}); n != 0 {
		t.Errorf("%d requests with a revoked token were served, or others were not", n)
	}
}
