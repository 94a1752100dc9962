package gateway_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/internal/sandbox"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

// callTool tells whether a call was an error, and its text.
func callTool(t *testing.T, s *mcp.ClientSession, tool string, arguments map[string]any) (text string, failed bool) {
	t.Helper()
	r, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		t.Fatal(err)
	}
	content, ok := r.Content[0].(*mcp.TextContent)
	if !ok {
		t.Fatalf("content %T", r.Content[0])
	}
	return content.Text, r.IsError
}

func textTo(recipients ...string) map[string]any {
	return map[string]any{"sender": "+15551234567", "recipients": recipients, "body": "See you at 2pm"}
}

func sentBy(t *testing.T, cfg config.Config) int {
	t.Helper()
	var all struct {
		Messages []struct{} `json:"messages"`
	}
	decode(t, request(t, http.MethodGet, cfg.ClerkURL+"/_sandbox/messages", "").body, &all)
	return len(all.Messages)
}

func TestMessagesBeyondTheLimitAreNotSentByAnyReplica(t *testing.T) {
	t.Parallel()
	cfg := valid(t)
	cfg.RedisURL, cfg.LimitMessages = config.Secret(startRedis(t).URL()), 3
	var replicas []*mcp.ClientSession
	for range 2 {
		s, err := connect(t, runAt(t, cfg), "", "2025-11-25")
		if err != nil {
			t.Fatal(err)
		}
		replicas = append(replicas, s)
	}
	before := sentBy(t, cfg)
	if text, failed := callTool(t, replicas[0], "send_message", textTo("+15559876543", "+15559876544")); failed {
		t.Fatal(text)
	}
	first := sentBy(t, cfg)
	if first == before {
		t.Fatal("nothing was sent")
	}
	text, failed := callTool(t, replicas[1], "send_message", textTo("+15559876545", "+15559876546"))
	for _, want := range []string{"3 messages in 24 hours", "room for 1", "Nothing was sent.", "may be made again in"} {
		if !failed || !strings.Contains(text, want) {
			t.Errorf("%q does not say %q", text, want)
		}
	}
	if n := sentBy(t, cfg); n != first {
		t.Errorf("%d messages were sent by it", n-first)
	}
	if text, failed := callTool(t, replicas[1], "send_message", textTo("+15559876547")); failed {
		t.Errorf("with room for one: %s", text)
	}
	if text, failed := callTool(t, replicas[0], "get_messages", nil); failed {
		t.Errorf("a read: %s", text)
	}
}

// What the REST API refuses was not sent, and what could not be counted is.
func TestMessagesThatTheAPIRefusesDoNotCount(t *testing.T) {
	t.Parallel()
	cfg := valid(t)
	cfg.LimitMessages = 1
	s, err := connect(t, run(t, cfg), "", "2025-11-25")
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		arguments := textTo("+15559876543")
		arguments["sender"] = "+15550000000" // not the workspace's
		if text, failed := callTool(t, s, "send_message", arguments); !failed || strings.Contains(text, "limit") {
			t.Fatalf("%v: %s", failed, text)
		}
	}
	if text, failed := callTool(t, s, "send_message", textTo("+15559876543")); failed {
		t.Error(text)
	}
}

func TestWhileRedisIsDownEachReplicaHoldsTheLimits(t *testing.T) {
	t.Parallel()
	redis := startRedis(t)
	cfg := valid(t)
	cfg.RedisURL, cfg.LimitCalls, cfg.AdminListen = config.Secret(redis.URL()), 2, testkit.FreeAddress(t)
	s, err := connect(t, run(t, cfg), "", "2025-11-25")
	if err != nil {
		t.Fatal(err)
	}
	var admin string
	login := withLogin(t, redis, func(c *config.Config) { c.LimitOAuth, c.AdminListen = 2, testkit.FreeAddress(t); admin = c.AdminListen })
	redis.Kill()
	for i := range 3 {
		if text, failed := callTool(t, s, "get_messages", nil); failed != (i == 2) {
			t.Errorf("call %d: %s", i+1, text)
		}
		if a := register(t, login); (a.status != http.StatusCreated) != (i == 2) {
			t.Errorf("registration %d answered %d %s", i+1, a.status, a.body)
		}
	}
	wantFlooded(t, register(t, login))
	for address, want := range map[string]string{
		cfg.AdminListen: `clerk_gateway_limits_total{event="unenforced",limit="calls"} 3`,
		admin:           `clerk_gateway_limits_total{event="unenforced",limit="register"} 3`, // the last refusal was repeated
	} {
		metrics := request(t, http.MethodGet, "http://"+address+"/metrics", "").body
		if !strings.Contains(metrics, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
}

func register(t *testing.T, base string, headers ...string) answer {
	t.Helper()
	return request(t, http.MethodPost, base+"/oauth/register", `{"redirect_uris":["http://127.0.0.1:9/callback"]}`,
		append([]string{"Content-Type", "application/json"}, headers...)...)
}

// withLogin is a gateway with sign-in that lets an address register three clients a minute.
func withLogin(t *testing.T, redis *redistest.Server, edit func(*config.Config)) string {
	t.Helper()
	cfg := valid(t)
	cfg.Auth, cfg.LimitOAuth, cfg.AllowAnyUser = "oauth", 3, true
	cfg.OIDCIssuer, cfg.OIDCClientID, cfg.OIDCClientSecret = cfg.ClerkURL+"/oidc", sandbox.ClientID, sandbox.ClientSecret
	cfg.RedisURL = config.Secret(redis.URL())
	edit(&cfg)
	return run(t, cfg)
}

func wantFlooded(t *testing.T, a answer) {
	t.Helper()
	var body struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if a.status != http.StatusTooManyRequests {
		t.Fatalf("answered %d %s", a.status, a.body)
	}
	decode(t, a.body, &body)
	after, err := strconv.Atoi(a.header.Get("Retry-After"))
	if err != nil || after < 1 || after > 63 || body.Error != "temporarily_unavailable" || body.Description == "" {
		t.Errorf("Retry-After %q: %s", a.header.Get("Retry-After"), a.body)
	}
}

// RFC 6585 §4.
func TestAFloodOfRegistrationsIsRefusedPerAddressOnAllReplicas(t *testing.T) {
	t.Parallel()
	redis := startRedis(t)
	behind := func(c *config.Config) { c.TrustedProxies = []string{"127.0.0.0/8"} }
	replicas := []string{withLogin(t, redis, behind), withLogin(t, redis, behind)}
	from := func(i int, address string) answer {
		t.Helper()
		return register(t, replicas[i%2], "X-Forwarded-For", "198.51.100.1, "+address)
	}
	for _, flood := range [][]string{
		{"203.0.113.9", "203.0.113.9", "203.0.113.9"},
		{"2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2:3::3"},
	} {
		for i, address := range flood {
			if a := from(i, address); a.status != http.StatusCreated {
				t.Errorf("registration %d answered %d %s", i+1, a.status, a.body)
			}
		}
		for i := range replicas {
			wantFlooded(t, from(i, flood[0]))
		}
	}
	for _, other := range []string{"203.0.113.10", "2001:db8:1:3::1"} {
		if a := from(0, other); a.status != http.StatusCreated {
			t.Errorf("another address was answered %d", a.status)
		}
	}
}

func TestWhoIsNotATrustedProxyIsLimitedByItsOwnAddress(t *testing.T) {
	t.Parallel()
	base := withLogin(t, startRedis(t), func(c *config.Config) { c.TrustedProxies = []string{"10.0.0.0/8"} })
	for _, claimed := range []string{"203.0.113.1", "203.0.113.2", "10.0.0.1"} {
		if a := register(t, base, "X-Forwarded-For", claimed); a.status != http.StatusCreated {
			t.Errorf("answered %d %s", a.status, a.body)
		}
	}
	wantFlooded(t, register(t, base, "X-Forwarded-For", "203.0.113.4"))
}

func TestARequestIDIsTakenFromATrustedProxyOnly(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		trusted string
		taken   bool
	}{{"127.0.0.1", true}, {"10.0.0.1", false}} {
		cfg := valid(t)
		cfg.TrustedProxies = []string{tt.trusted}
		a := request(t, http.MethodGet, run(t, cfg)+"/livez", "", "X-Request-Id", "from-the-proxy")
		if taken := a.header.Get("X-Request-Id") == "from-the-proxy"; taken != tt.taken {
			t.Errorf("trusting %s: request id %q", tt.trusted, a.header.Get("X-Request-Id"))
		}
	}
}

func TestTrustedProxiesThatAreNoneAreAProblem(t *testing.T) {
	t.Parallel()
	cfg := valid(t)
	cfg.TrustedProxies = []string{"proxy.example.com", "0.0.0.0/0"}
	all := strings.Join(gateway.Problems(&cfg), "\n")
	for _, want := range []string{"--trusted-proxies (GATEWAY_TRUSTED_PROXIES)", "proxy.example.com", "0.0.0.0/0"} {
		if !strings.Contains(all, want) {
			t.Errorf("the problems do not mention %s:\n%s", want, all)
		}
	}
}
