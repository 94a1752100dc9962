package gateway_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/internal/sandbox"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

// pair is two replicas over one Redis, in front of one sandbox.
type pair struct {
	cfg      config.Config
	redis    *redistest.Server
	replicas [2]string
	clients  [2]*mcp.ClientSession
}

func newPair(t *testing.T, edit func(*config.Config), redisArgs ...string) *pair {
	t.Helper()
	p := &pair{cfg: valid(t), redis: startRedis(t, redisArgs...)}
	p.cfg.RedisURL = config.Secret(p.redis.URL())
	if edit != nil {
		edit(&p.cfg)
	}
	for i := range p.replicas {
		p.replicas[i] = runAt(t, p.cfg)
		s, err := connect(t, p.replicas[i]+"/mcp", "", "2025-11-25")
		if err != nil {
			t.Fatal(err)
		}
		p.clients[i] = s
	}
	return p
}

// outcome makes a call at a replica, with a key unless that is "", and gives the way it went.
func (p *pair) outcome(t *testing.T, replica int, key string) (outcome, text string) {
	t.Helper()
	arguments := textTo("+15559876543")
	if key != "" {
		arguments["idempotency_key"] = key
	}
	r, err := p.clients[replica].CallTool(t.Context(), &mcp.CallToolParams{Name: "send_message", Arguments: arguments})
	if err != nil {
		t.Error(err)
		return "", ""
	}
	outcome, _ = r.Meta["chat.clerk/disposition"].(string)
	content, _ := r.Content[0].(*mcp.TextContent)
	return outcome, content.Text
}

func (p *pair) want(t *testing.T, replica int, key, want string) (text string) {
	t.Helper()
	outcome, text := p.outcome(t, replica, key)
	if outcome != want {
		t.Errorf("replica %d, key %q: %s, want %s: %s", replica, key, outcome, want, text)
	}
	return text
}

func (p *pair) fault(t *testing.T, fault string) {
	t.Helper()
	a := request(t, http.MethodPut, p.cfg.ClerkURL+"/_sandbox/faults", fault, "Content-Type", "application/json")
	if a.status >= http.StatusBadRequest {
		t.Fatal(a.body)
	}
}

func (p *pair) sent(t *testing.T, want int) {
	t.Helper()
	if n := sentBy(t, p.cfg); n != want {
		t.Errorf("%d messages; want %d", n, want)
	}
}

func TestASecondCallUnderAKeyGetsTheFirstOnesAnswerOnEveryReplica(t *testing.T) {
	t.Parallel()
	p := newPair(t, nil)
	first := p.want(t, 0, "k", "executed")
	for replica := range p.clients {
		again := p.want(t, replica, "k", "replayed")
		if id, _, _ := strings.Cut(first[1:], ","); !strings.Contains(again, id) || !strings.Contains(again, `"replayed_at"`) {
			t.Errorf("%s\nwant the message of %s", again, first)
		}
	}
	p.want(t, 1, "another", "executed")
	p.sent(t, 2)
}

func TestOfTwinsOnTwoReplicasOneSends(t *testing.T) {
	t.Parallel()
	const calls = 10
	var shown *recorder
	p := newPair(t, func(c *config.Config) { through(t, &shown)(c); c.ExchangeAudience = "" })
	var begun sync.WaitGroup
	begun.Add(calls)
	shown.holding(func(r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == "/public/messages" {
			begun.Wait()
		}
	})
	var mu sync.Mutex
	outcomes := map[string]int{}
	var all sync.WaitGroup
	for i := range calls {
		all.Go(func() {
			begun.Done()
			outcome, _ := p.outcome(t, i%2, "k")
			mu.Lock()
			defer mu.Unlock()
			outcomes[outcome]++
		})
	}
	all.Wait()
	if outcomes["executed"] != 1 || outcomes["replayed"] != calls-1 {
		t.Errorf("%v", outcomes)
	}
	p.sent(t, 1)
}

func TestAMessageWhoseAnswerWasLostIsFound(t *testing.T) {
	t.Parallel()
	for _, fault := range []string{
		`{"operation":"sendMessage","kind":"drop_after_commit"}`,
		`{"operation":"sendMessage","kind":"status","status":503,"after_commit":true}`,
		`{"operation":"sendMessage","kind":"commit_late","ms":300}`,
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			p := newPair(t, func(c *config.Config) { c.SettleTime = patience }) // none waits so long
			p.fault(t, fault)
			p.want(t, 0, "k", "reconciled")
			p.want(t, 1, "k", "replayed")
			p.sent(t, 1)
		})
	}
}

func TestAMessageThatIsNotSeenIsNotSentAgainAndIsFoundWhenItComes(t *testing.T) {
	t.Parallel()
	var ahead atomic.Int64 // the clock of the sandbox
	sb, err := sandbox.New(sandbox.Options{SigningKey: signingKey(), Now: func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(sb)
	t.Cleanup(srv.Close)
	p := newPair(t, func(c *config.Config) { c.SettleTime, c.ClerkURL = time.Millisecond, srv.URL })
	p.fault(t, `{"operation":"sendMessage","kind":"commit_late","ms":120000}`)
	if text := p.want(t, 0, "k", "not_found_yet"); !strings.Contains(text, "may still go out") {
		t.Error(text)
	}
	p.want(t, 1, "k", "not_found_yet")
	ahead.Store(int64(2 * time.Minute))
	p.want(t, 1, "k", "reconciled")
	p.want(t, 0, "k", "replayed")
	p.sent(t, 1)
}

func TestResendAbsentSendsAgainWhenAsked(t *testing.T) {
	t.Parallel()
	p := newPair(t, func(c *config.Config) { c.SettleTime, c.ResendAbsent = time.Millisecond, true })
	p.fault(t, `{"operation":"sendMessage","kind":"drop_before_commit"}`)
	if text := p.want(t, 0, "k", "not_found_yet"); !strings.Contains(text, "sends the message again") {
		t.Errorf("nobody is told what a repeated call does: %s", text)
	}
	p.sent(t, 0)
	p.want(t, 1, "k", "executed")
	p.want(t, 0, "k", "replayed")
	p.sent(t, 1)
}

func TestWhatTheAPIRefusedMayBeSentUnderTheSameKey(t *testing.T) {
	t.Parallel()
	p := newPair(t, nil)
	p.fault(t, `{"operation":"sendMessage","kind":"status","status":403}`)
	p.want(t, 0, "k", "not_executed")
	p.want(t, 1, "k", "executed")
	p.sent(t, 1)
}

// A Redis that comes back empty is found out, and costs what docs/sending-once.md says: for a day
// calls with a key are refused, those without one go on, and what was answered before is not known
// any more.
func TestARedisThatLostItsDataIsFoundOut(t *testing.T) {
	t.Parallel()
	for on, want := range map[string]string{"refuse": "not_executed", "send": "executed"} {
		t.Run(on, func(t *testing.T) {
			t.Parallel()
			p := newPair(t, func(c *config.Config) { c.OnStoreLoss = on })
			p.want(t, 0, "k", "executed")
			p.redis.Do("FLUSHALL")
			for i, key := range []string{"k", "new"} {
				text := p.want(t, i, key, want)
				if on == "refuse" && !strings.Contains(text, "idempotency records were lost at ") {
					t.Error(text)
				}
			}
			p.want(t, 1, "", "executed")
			if on == "refuse" {
				p.sent(t, 2)
			}
		})
	}
}

func TestARedisThatIsRestartedWithItsDataLosesNothing(t *testing.T) {
	t.Parallel()
	p := newPair(t, nil, "--dir", t.TempDir(), "--appendonly", "yes", "--appendfsync", "always")
	p.want(t, 0, "k", "executed")
	p.redis.Restart()
	testkit.Eventually(t, "Redis is there again", func() bool {
		outcome, _ := p.outcome(t, 0, "k")
		return outcome == "replayed"
	})
	p.sent(t, 1)
}

func TestWithoutRedisCallsWithoutAKeyMayBeLetThrough(t *testing.T) {
	t.Parallel()
	p := newPair(t, sendsOn)
	p.redis.Kill()
	if text := p.want(t, 0, "k", "not_executed"); !strings.Contains(text, "cannot reach its idempotency store") {
		t.Error(text)
	}
	p.want(t, 0, "", "executed")
	p.sent(t, 1)
}

// short is a time-out for what never answers, where the test waits for it.
const short = 100 * time.Millisecond

func TestWithoutRedisNothingIsCreated(t *testing.T) {
	t.Parallel()
	p := newPair(t, func(c *config.Config) { c.RedisTimeout = short })
	p.redis.Kill()
	p.want(t, 0, "k", "not_executed")
	p.want(t, 1, "", "not_executed")
	p.sent(t, 0)
}
