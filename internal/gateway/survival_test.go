package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

// A challenge makes the client sign in and make the same call again, so the person notices nothing
// but the browser.
func TestALoginThatTheProviderEndsCostsOneChallengeAndOneSignIn(t *testing.T) {
	t.Parallel()
	for name, version := range map[string]string{"legacy": "2025-11-25", "modern": ""} {
		t.Run(name, func(t *testing.T) {
			world := signIn(t, "login", nil)
			session := world.connect(t, version)
			if result, err := session.CallTool(t.Context(), send()); err != nil || result.IsError {
				t.Fatalf("%+v %v", result, err)
			}
			request(t, http.MethodPut, world.sandbox+"/_sandbox/oidc/revoke", `{"person":"ann"}`, "Content-Type", "application/json")
			seen := world.watch()
			if result, err := session.CallTool(t.Context(), send()); err != nil || result.IsError {
				t.Fatalf("%+v %v", result, err)
			}
			seen.saw(t, 1, 1)
			if n := world.sent(t); n != 2 {
				t.Errorf("%d messages, want 2", n)
			}
		})
	}
}

func TestAGrantThatIsOverIsOverForEverything(t *testing.T) {
	t.Parallel()
	world := signIn(t, "login", nil)
	c := world.register(t)
	c.signIn(t)
	request(t, http.MethodPut, world.sandbox+"/_sandbox/oidc/revoke", `{"person":"ann"}`, "Content-Type", "application/json")
	a := c.post(t, sendCall)
	if h := a.header.Get("WWW-Authenticate"); a.status != http.StatusUnauthorized || !strings.Contains(h, `error="invalid_token"`) ||
		!strings.Contains(h, world.base+"/.well-known/oauth-protected-resource/mcp") || !strings.Contains(h, "messages:send") {
		t.Errorf("answered %d %q", a.status, h)
	}
	for range 2 { // each replica
		if a := c.post(t, ping); a.status != http.StatusUnauthorized {
			t.Errorf("another request is answered %d", a.status)
		}
	}
	if status, code := c.renew(t); status != http.StatusBadRequest || code != "invalid_grant" {
		t.Errorf("the refresh token: %d %q", status, code)
	}
}

func TestRedisThatForgetsCostsOneSignInWithALogin(t *testing.T) {
	t.Parallel()
	world := signIn(t, "login", nil)
	session := world.connect(t, "2025-11-25")
	if result, err := session.CallTool(t.Context(), send()); err != nil || result.IsError {
		t.Fatalf("%+v %v", result, err)
	}
	world.redis.Do("FLUSHALL")
	seen := world.watch()
	if result, err := session.CallTool(t.Context(), send()); err != nil || result.IsError {
		t.Errorf("%+v %v", result, err)
	}
	seen.saw(t, 1, 1)
}

func TestRedisThatForgetsCostsNothingWithAKeyOfTheWorkspace(t *testing.T) {
	t.Parallel()
	world := signIn(t, "api-key", nil)
	session := world.connect(t, "2025-11-25")
	world.redis.Do("FLUSHALL")
	seen := world.watch()
	for range 2 { // each replica
		if result, err := session.CallTool(t.Context(), send()); err != nil || result.IsError {
			t.Errorf("%+v %v", result, err)
		}
	}
	seen.saw(t, 0, 0)
}

// A client that is told that it is unknown throws its registration away, and some ask the person to
// begin again.
func TestRedisThatForgetsForgetsNoClient(t *testing.T) {
	t.Parallel()
	for credential, want := range map[string]int{"api-key": http.StatusOK, "login": http.StatusUnauthorized} {
		t.Run(credential, func(t *testing.T) {
			world := signIn(t, credential, nil)
			c := world.register(t)
			c.signIn(t)
			world.redis.Do("FLUSHALL")
			for range 2 { // each replica
				if a := c.post(t, sendCall); a.status != want {
					t.Errorf("a call is answered %d %s, want %d", a.status, a.body, want)
				}
			}
			if status, code := c.renew(t); status != http.StatusBadRequest || code != "invalid_grant" {
				t.Errorf("the refresh token: %d %q", status, code)
			}
			c.signIn(t)
			if a := c.post(t, sendCall); a.status != http.StatusOK || strings.Contains(a.body, `"isError":true`) {
				t.Errorf("after the sign-in: %d %s", a.status, a.body)
			}
		})
	}
}

func TestRedisThatIsDownLogsNobodyOut(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(*redistest.Server){"gone": (*redistest.Server).Kill, "silent": (*redistest.Server).Stop} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			world := signIn(t, "login", nil)
			c := world.register(t)
			c.signIn(t)
			world.hurry(t, short)
			seen := world.watch()
			fail(world.redis)
			for range 2 { // each replica: neither has seen what belongs to the grant yet
				a := c.post(t, sendCall)
				var body struct {
					ID    int
					Error struct{ Message string }
				}
				decode(t, a.body, &body)
				if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" || body.ID != 7 || body.Error.Message == "" {
					t.Errorf("a call is answered %d %v %s", a.status, a.header, a.body)
				}
				if a := c.post(t, ping); a.status != http.StatusOK {
					t.Errorf("what needs no credential is answered %d %s", a.status, a.body)
				}
			}
			if status, _ := c.renew(t); status != http.StatusServiceUnavailable {
				t.Errorf("the refresh token is answered %d", status)
			}
			if name == "silent" {
				world.redis.Continue()
				testkit.Eventually(t, "calls work again", func() bool { return c.post(t, sendCall).status == http.StatusOK })
				testkit.Eventually(t, "the refresh token works again", func() bool {
					status, code := c.renew(t)
					if code == "invalid_grant" {
						t.Fatal("the refresh token was lost")
					}
					return status == http.StatusOK
				})
			}
			seen.saw(t, 0, 0)
		})
	}
}

func TestRedisThatIsDownCostsNothingWithAKeyOfTheWorkspace(t *testing.T) {
	t.Parallel()
	world := signIn(t, "api-key", nil)
	session := world.connect(t, "2025-11-25")
	world.redis.Kill()
	if result, err := session.CallTool(t.Context(), read()); err != nil || result.IsError {
		t.Errorf("%+v %v", result, err)
	}
	// What creates something waits for the memory of what was done.
	result, err := session.CallTool(t.Context(), send())
	if err != nil || !result.IsError || result.Meta["chat.clerk/disposition"] != "not_executed" {
		t.Errorf("%+v %v", result, err)
	}
}

// The REST API refuses a token, and whether the sign-in is over cannot be found out.
func TestAProviderThatIsDownLogsNobodyOut(t *testing.T) {
	t.Parallel()
	world := signIn(t, "login", nil)
	c := world.register(t)
	c.signIn(t)
	set := func(path, body string) {
		request(t, http.MethodPut, world.sandbox+path, body, "Content-Type", "application/json")
	}
	set("/_sandbox/faults", `{"operation":"sendMessage","kind":"status","status":401}`)
	set("/_sandbox/oidc", `{"down_requests":1000}`)
	if a := c.post(t, sendCall); a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
		t.Errorf("answered %d %s", a.status, a.body)
	}
	set("/_sandbox/oidc", `{"down_requests":0}`)
	if a := c.post(t, sendCall); a.status != http.StatusOK || world.sent(t) != 1 {
		t.Errorf("afterwards: %d %s, %d messages", a.status, a.body, world.sent(t))
	}
}
