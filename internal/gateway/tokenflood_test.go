package gateway_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
	"github.com/clerkchat/mcp-gateway/internal/redistest"
)

const junkForm = "grant_type=refresh_token&client_id=x&refresh_token=x"

// revoke gives up the client's login.
func (c *client) revoke(t *testing.T) answer {
	t.Helper()
	return c.world.do(t, http.MethodPost, "/oauth/revoke", url.Values{
		"client_id": {c.id}, "client_secret": {c.secret}, "token": {c.refresh},
	}.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}

func (c *client) mustRevoke(t *testing.T) {
	t.Helper()
	if a := c.revoke(t); a.status != http.StatusOK {
		t.Fatalf("revoking: %d %s", a.status, a.body)
	}
}

func TestJunkFromAnOfficeHindersNobodyThere(t *testing.T) {
	t.Parallel()
	for name, page := range map[string][]string{
		"by a program": nil, "by a web page": {"Origin", "https://evil.example"}, "by a sandboxed page": {"Origin", "null"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// A minute's allowance, and what a slow machine gets back while it sends the rest, is
			// less than all of it.
			const allowance, junk = 60, 100
			world := signIn(t, "api-key", func(c *config.Config) { c.LimitOAuth = allowance })
			c := world.register(t)
			c.signIn(t)
			headers := append([]string{"Content-Type", "application/x-www-form-urlencoded"}, page...)
			limited := 0
			for i := range junk {
				path, body := "/oauth/token", junkForm
				if i%2 > 0 {
					path, body = "/oauth/revoke", "client_id=x&token=x"
				}
				if a := world.do(t, http.MethodPost, path, body, headers...); a.status == http.StatusTooManyRequests {
					limited++
				}
			}
			if limited == 0 || limited > junk-allowance {
				t.Errorf("%d of %d junk requests were limited, want 1 to %d", limited, junk, junk-allowance)
			}
			if status, code := c.renew(t); status != http.StatusOK {
				t.Errorf("a refresh: %d %s", status, code)
			}
			if a := c.revoke(t); a.status != http.StatusOK {
				t.Errorf("a revocation: %d %s", a.status, a.body)
			}
			c.signIn(t) // a code
			world.register(t)
		})
	}
}

// A web page's registrations and images cost nobody else theirs, nor a browser client on the
// person's machine.
func TestAPagesFloodHindersNoSignIn(t *testing.T) {
	t.Parallel()
	world := signIn(t, "api-key", func(c *config.Config) { c.LimitOAuth = 20 })
	const body = `{"redirect_uris":["http://127.0.0.1:9/callback"]}`
	last := answer{}
	for range 40 { // twice as many as may, for a machine that takes its time
		last = world.do(t, http.MethodPost, "/oauth/register", body, "Content-Type", "text/plain", "Origin", "https://evil.example")
		world.do(t, http.MethodGet, "/oauth/authorize", "", "Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image")
		world.do(t, http.MethodPost, "/oauth/consent", "csrf=x", "Content-Type", "application/x-www-form-urlencoded", "Origin", "https://evil.example")
	}
	wantFlooded(t, last)
	inspector := world.do(t, http.MethodPost, "/oauth/register", body, "Content-Type", "application/json", "Origin", "http://localhost:6274")
	if inspector.status != http.StatusCreated || inspector.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("the inspector registers: %d %s", inspector.status, inspector.body)
	}
	c := world.register(t)
	c.signIn(t)
	a := world.do(t, http.MethodPost, "/oauth/token", url.Values{
		"grant_type": {"refresh_token"}, "client_id": {c.id}, "client_secret": {c.secret}, "refresh_token": {c.refresh},
	}.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Origin", "http://localhost:6274")
	if a.status != http.StatusOK || a.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("a browser client's refresh: %d %s", a.status, a.body)
	}
}

func TestALoginThatRunsWildIsLimitedAndCanBeRevoked(t *testing.T) {
	t.Parallel()
	world := signIn(t, "api-key", func(c *config.Config) { c.LimitOAuth = 600 })
	c, other := world.register(t), world.register(t)
	c.signIn(t)
	other.signIn(t)
	began, good, status := time.Now(), 0, http.StatusOK
	for range 200 {
		if status, _ = c.renew(t); status != http.StatusOK {
			break
		}
		good++
	}
	if !isLimited(good, 59, began) || status != http.StatusTooManyRequests { // the first one was the code's
		t.Errorf("%d refreshes, then %d", good, status)
	}
	if status, code := other.renew(t); status != http.StatusOK {
		t.Errorf("another login: %d %s", status, code)
	}
	if a := c.revoke(t); a.status != http.StatusOK {
		t.Errorf("a revocation: %d %s", a.status, a.body)
	}
	if a := c.post(t, ping); a.status != http.StatusUnauthorized {
		t.Errorf("after it: %d", a.status)
	}
}

// Whoever has somebody's token, such as one from a log, is refused as another client, and must not
// keep its owner from refreshing or revoking.
func TestAnotherClientSpendsNoAllowanceOfALogin(t *testing.T) {
	t.Parallel()
	world := signIn(t, "api-key", func(c *config.Config) { c.LimitOAuth = 600 })
	c, thief := world.register(t), world.register(t)
	c.signIn(t)
	thief.access, thief.refresh = c.access, c.refresh
	for range 70 { // more than a login's allowance
		if status, _ := thief.renew(t); status == http.StatusOK {
			t.Fatal("refreshed by another client")
		}
		if a := thief.revoke(t); a.status == http.StatusOK {
			t.Fatal("revoked by another client")
		}
	}
	if status, code := c.renew(t); status != http.StatusOK {
		t.Errorf("a refresh: %d %s", status, code)
	}
	if a := c.revoke(t); a.status != http.StatusOK {
		t.Errorf("a revocation: %d %s", a.status, a.body)
	}
}

func TestARefreshWaitsForRedisAndJunkDoesNot(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]struct {
		fail, heal func(*redistest.Server)
		want       int
	}{
		"silent":                     {(*redistest.Server).Stop, (*redistest.Server).Continue, http.StatusOK},
		"gone, and empty afterwards": {(*redistest.Server).Kill, (*redistest.Server).Restart, http.StatusBadRequest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world := signIn(t, "api-key", nil, func(o *gateway.Options) { o.StoreTimeout, o.TokenPatience = 100*time.Millisecond, time.Minute })
			c := world.register(t)
			c.signIn(t)
			how.fail(world.redis)
			done := make(chan int, 1)
			go func() {
				status, _ := c.renew(t)
				done <- status
			}()
			// Each one is answered while the refresh waits.
			for range 20 {
				a := world.do(t, http.MethodPost, "/oauth/token", junkForm, "Content-Type", "application/x-www-form-urlencoded")
				if a.status != http.StatusUnauthorized || !strings.Contains(a.body, "invalid_client") {
					t.Errorf("junk: %d %s", a.status, a.body)
				}
			}
			select {
			case got := <-done:
				t.Errorf("answered %d without Redis", got)
			default:
			}
			how.heal(world.redis)
			if got := <-done; got != how.want {
				t.Errorf("afterwards: %d, want %d", got, how.want)
			}
		})
	}
}

// As many wait as may when the gateway is told to stop. It stops before their minute is over, or
// runAt's clean-up fails.
func TestAGatewayThatStopsLetsNobodyWait(t *testing.T) {
	t.Parallel()
	const waiting = 8 // four on each replica
	answers := make(chan int, 2*waiting)
	left := 0          // to come
	t.Cleanup(func() { // after the replicas have stopped
		for range left {
			if status := <-answers; status != http.StatusServiceUnavailable {
				t.Errorf("answered %d", status)
			}
		}
	})
	world := signIn(t, "api-key", nil, func(o *gateway.Options) {
		o.StoreTimeout, o.TokenPatience = 100*time.Millisecond, time.Minute
	})
	c := world.register(t)
	c.signIn(t)
	world.redis.Stop()
	form := url.Values{
		"grant_type": {"refresh_token"}, "client_id": {c.id}, "client_secret": {c.secret}, "refresh_token": {c.refresh},
	}.Encode()
	left = waiting + 2
	for range left {
		go func() { // outlives the test's context
			resp, err := world.http.Post(world.base+"/oauth/token", "application/x-www-form-urlencoded", strings.NewReader(form))
			if err != nil {
				answers <- 0
				return
			}
			_ = resp.Body.Close()
			answers <- resp.StatusCode
		}()
	}
	for range 2 { // one on each replica is too many, so the others wait
		left--
		if status := <-answers; status != http.StatusServiceUnavailable {
			t.Errorf("answered %d", status)
		}
	}
}
