package gateway_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/endpoint"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
	"github.com/clerkchat/mcp-gateway/internal/sandbox"
)

// slowProxy is a proxy in front of a Redis that delays each piece and counts how often a request
// waits for what it reads there.
type slowProxy struct {
	net.Listener
	trips atomic.Int64
	// slow is how long each piece takes.
	slow atomic.Int64
}

func newSlowProxy(t *testing.T, redis string) *slowProxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &slowProxy{Listener: l}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			from, err := l.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("tcp", redis)
			if err != nil {
				_ = from.Close()
				continue
			}
			go func() { _, _ = io.Copy(from, to); _ = from.Close() }()
			go func() { _, _ = io.Copy(io.MultiWriter(g, to), from); _ = to.Close() }()
		}
	}()
	return g
}

// Write sees what a replica sends. What it waits for comes in one piece, and the next piece after
// the answer.
func (g *slowProxy) Write(piece []byte) (int, error) {
	time.Sleep(time.Duration(g.slow.Load()))
	for _, kind := range []string{"gw:s:", "gw:g:", "gw:u:", "gw:k:"} {
		if bytes.Contains(piece, []byte("get\r\n")) && bytes.Contains(piece, []byte(kind)) {
			g.trips.Add(1)
			break
		}
	}
	return len(piece), nil
}

func TestAReadWaitsForRedisOnce(t *testing.T) {
	t.Parallel()
	const (
		begin  = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"x","version":"1"}}}`
		legacy = `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"get_messages","arguments":{}}}`
		modern = `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"get_messages","arguments":{},"_meta":{` +
			`"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`
	)
	for _, credential := range []string{"api-key", "linked", "login", "exchange"} {
		t.Run(credential, func(t *testing.T) {
			var gate *slowProxy
			world := signIn(t, credential, func(c *config.Config) {
				gate = newSlowProxy(t, strings.TrimPrefix(c.RedisURL.Reveal(), "redis://"))
				c.RedisURL = config.Secret("redis://" + gate.Addr().String())
			})
			world.key = sandbox.Key
			c := world.register(t)
			c.signIn(t)
			session := c.post(t, begin, "Accept", "application/json, text/event-stream").header.Get(endpoint.SessionHeader)
			for _, call := range []struct {
				body    string
				headers []string
			}{
				{legacy, []string{"Mcp-Protocol-Version", "2025-11-25", endpoint.SessionHeader, session}},
				{modern, []string{"Mcp-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call", "Mcp-Name", "get_messages"}},
			} {
				const reads = 4
				before := int64(0)
				for i := range 2 + reads { // the first one of each replica has more to find out
					if i == 2 {
						before = gate.trips.Load()
					}
					a := c.post(t, call.body, append(call.headers, "Accept", "application/json, text/event-stream")...)
					if a.status != http.StatusOK || !strings.Contains(a.body, `"structuredContent"`) {
						t.Fatalf("%d %s", a.status, a.body)
					}
				}
				if n := gate.trips.Load() - before; n != reads {
					t.Errorf("%d trips for %d reads with %q", n, reads, call.headers)
				}
			}
		})
	}
}

// A person who signs in waits for a Redis that is slow, and so do a client that renews its tokens
// and a message; a read goes on without it. Each answer takes longer than a read waits, however
// fast the machine is, and nothing else waits less than a minute.
func TestSigningInAndSendingWaitForASlowRedis(t *testing.T) {
	t.Parallel()
	const reading = 20 * time.Millisecond
	var gate *slowProxy
	world := signIn(t, "api-key", func(c *config.Config) {
		gate = newSlowProxy(t, strings.TrimPrefix(c.RedisURL.Reveal(), "redis://"))
		c.RedisURL = config.Secret("redis://" + gate.Addr().String())
	})
	c := world.register(t)
	a, ok := world.http.Transport.(alternate)
	if !ok {
		t.Fatal("no replicas")
	}
	for i := range a.replicas {
		a.replicas[i] = world.another(func(o *gateway.Options) { o.StoreTimeout = reading })
	}
	gate.slow.Store(int64(2 * reading))
	c.signIn(t)
	if status, code := c.renew(t); status != http.StatusOK {
		t.Errorf("renewing: %d %s", status, code)
	}
	if a := c.post(t, sendCall); strings.Contains(a.body, `"isError":true`) || world.sent(t) != 1 {
		t.Errorf("a message: %d %s", a.status, a.body)
	}
	if a := c.post(t, ping); a.status != http.StatusOK {
		t.Errorf("a read: %d %s", a.status, a.body)
	}
}
