package gateway_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
)

const readCall = `{"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"name":"get_messages","arguments":{}}}`

// sendsOn has calls made without Redis, and none wait for it.
func sendsOn(c *config.Config) { c.OnStoreOutage, c.RedisTimeout = "send", short }

// hasty gives up soon on a Redis that is not there. Nothing of these tests rests on what Redis
// answers in time before.
func hasty(o *gateway.Options) { o.StoreTimeout = short }

// One replica made the grant. The other one has never seen it, so nothing tells it that the person
// has not revoked it since.
func TestWithoutRedisOnlyWhoSawAGrantLatelyWritesForIt(t *testing.T) {
	t.Parallel()
	world := signIn(t, "api-key", sendsOn, hasty)
	c := world.register(t)
	c.signIn(t)
	world.redis.Kill()
	var written, refused int
	for i := range 4 { // two on each replica
		body := sendCallOf(i+1, fmt.Sprint("Text ", i))
		if i >= 2 {
			body = "[" + readCall + "," + body + "]"
		}
		switch a := c.post(t, body); {
		case a.status == http.StatusOK && strings.Contains(a.body, `"chat.clerk/disposition":"executed"`):
			written++
		case a.status == http.StatusServiceUnavailable && a.header.Get("Retry-After") != "" && strings.Contains(a.body, "nobody is signed out"):
			refused++
		default:
			t.Errorf("%d %s", a.status, a.body)
		}
	}
	if n := world.sent(t); written != 2 || refused != 2 || n != 2 {
		t.Errorf("%d calls sent and %d were refused; %d messages went out", written, refused, n)
	}
	for range 2 { // each replica
		if a := c.post(t, readCall); !done(a) {
			t.Errorf("a read: %d %s", a.status, a.body)
		}
	}
}

func TestARevokedGrantStaysRevokedWithoutRedis(t *testing.T) {
	t.Parallel()
	world := signIn(t, "api-key", nil)
	c := world.register(t)
	c.signIn(t)
	c.mustRevoke(t)
	for range 2 { // each replica sees it
		if a := c.post(t, ping); a.status != http.StatusUnauthorized {
			t.Fatalf("a revoked token: %d", a.status)
		}
	}
	world.redis.Kill()
	for range 4 {
		if a := c.post(t, readCall); a.status != http.StatusUnauthorized {
			t.Errorf("without Redis: %d %s", a.status, a.body)
		}
	}
	if status, code := c.renew(t); status != http.StatusBadRequest || code != "invalid_grant" {
		t.Errorf("its refresh token: %d %q", status, code)
	}
}

func TestMessagesAreLimitedWithoutRedis(t *testing.T) {
	t.Parallel()
	redis := startRedis(t)
	cfg := valid(t)
	cfg.RedisURL, cfg.LimitMessages = config.Secret(redis.URL()), 5
	sendsOn(&cfg)
	base := runAt(t, cfg, hasty)
	before := sentBy(t, cfg)
	if a := post(t, base, sendCallOf(1, "The first one")); !done(a) {
		t.Fatalf("%d %s", a.status, a.body)
	}
	redis.Kill()
	var calls []string
	for i := range 50 {
		calls = append(calls, sendCallOf(i+1, fmt.Sprint("Text ", i)))
	}
	a := post(t, base, "["+strings.Join(calls, ",")+"]")
	if n := sentBy(t, cfg) - before; n != 5 || strings.Count(a.body, `"isError":true`) != 46 {
		t.Errorf("%d messages were sent, want 5: %d %s", n, a.status, a.body)
	}
}

// A session whose end this replica knows of does not come back because Redis went away.
func TestADeletedSessionStaysDeletedWithoutRedis(t *testing.T) {
	t.Parallel()
	redis := startRedis(t)
	cfg := valid(t)
	cfg.RedisURL = config.Secret(redis.URL())
	base := runAt(t, cfg)
	const begin = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}`
	header := []string{"Content-Type", "application/json", "Mcp-Session-Id", ""}
	for i := range 2 {
		header[3] = request(t, http.MethodPost, base+"/mcp", begin, "Content-Type", "application/json").header.Get("Mcp-Session-Id")
		if i == 0 {
			if a := request(t, http.MethodDelete, base+"/mcp", "", header...); a.status != http.StatusNoContent {
				t.Fatalf("DELETE: %d %s", a.status, a.body)
			}
			redis.Kill()
			if a := request(t, http.MethodPost, base+"/mcp", ping, header...); a.status != http.StatusNotFound {
				t.Errorf("a deleted session: %d %s", a.status, a.body)
			}
			continue
		}
		if a := request(t, http.MethodPost, base+"/mcp", ping, header...); a.status != http.StatusOK {
			t.Errorf("a session that lives: %d %s", a.status, a.body)
		}
	}
}
