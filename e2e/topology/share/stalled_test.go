//go:build unix

package share_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/internal/rpctest"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

// stalledMB is what a process may have when it has let go of those who do not read, or do not write
// on.
const stalledMB = 150

// client is what somebody does with a connection until it is closed.
type client func(*net.TCPConn)

// posted is a whole request.
func posted(path, body string) string { return rpctest.Head(path, rpctest.Length(len(body))) + body }

// stall runs clients on connections of their own until the gateway has let go of all of them.
// Meanwhile somebody else is served. In the end the gateway has to stop in good order.
func stall(t *testing.T, clients []client) {
	t.Helper()
	redis, api := redistest.Start(t), newAPI(t, slow)
	api.fill()
	const shutdown = 5 * time.Second
	gateway := serve(t, "--auth", "none", "--redis-url", redis.URL(), "--clerk-url", api.url,
		"--clerk-timeout", "10s", "--shutdown-timeout", shutdown.String())
	somebody := newCaller(t, gateway.url)
	if a := somebody.post(reading(0)); !a.served() {
		t.Fatalf("before: %s", a.text())
	}
	before := gateway.usage()

	var stalling sync.WaitGroup
	var open []*net.TCPConn
	for _, client := range clients {
		conn := rpctest.Dial(t, gateway.url)
		open = append(open, conn)
		stalling.Go(func() { client(conn) })
	}
	t.Cleanup(func() { // before the connections are closed by themselves, for those that wait on them
		for _, conn := range open {
			_ = conn.Close()
		}
		stalling.Wait()
	})
	begun := time.Now()
	others := flood(1, upTo(5), func(n int) answer { return somebody.insist(reading(n)) })
	somebody.http.CloseIdleConnections()
	gone := testkit.Reached(func() bool { return gateway.connections() == 0 })
	held, took := gateway.connections(), time.Since(begun).Round(100*time.Millisecond)
	after := gateway.usage()
	code, ending := gateway.terminate(shutdown)

	figure(t, "%d clients: %d connections held after %v; memory before %d MB, peak %d MB, after %d MB; SIGTERM: exit code %d in %v; others: %v",
		len(clients), held, took, before.resident, after.peak, after.resident, code, ending.Round(10*time.Millisecond), others)
	if !gone {
		t.Errorf("%d of %d connections are still held after %v", held, len(clients), took)
	}
	if after.resident >= stalledMB {
		t.Errorf("the process still has %d MB, less than %d MB are a share", after.resident, stalledMB)
	}
	if code != 0 {
		t.Errorf("exit code %d after %v", code, ending)
	}
	if n := others.count(answer.served); n != len(others.answers) {
		t.Errorf("somebody else was not served: %v\n%s", others, others.sample())
	}
}

// stalling is clients that stall in one way.
type stalling struct {
	name    string
	clients []client
}

// stallEach runs all of them at once, each against a gateway of its own; in small only the first.
func stallEach(t *testing.T, all []stalling) {
	t.Helper()
	for _, s := range all[:size(len(all), 1)] {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			stall(t, s.clients)
		})
	}
}

func times(n int, one client) (all []client) {
	for range n {
		all = append(all, one)
	}
	return all
}

func TestClientsThatNeverReadHoldNothing(t *testing.T) {
	needUsage(t)
	t.Parallel()
	messages := 20_000
	if bounded("--max-batch") {
		messages = 50
	}
	lists := posted("/mcp", list(messages, func(i int) string {
		return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/list"}`, i)
	}))
	pages := posted("/mcp", list(min(messages, 1500), reading))
	// ask asks again and again, for as long as the gateway takes what is asked.
	ask := func(request string) client {
		return func(c *net.TCPConn) {
			for range 500 {
				if _, err := io.WriteString(c, request); err != nil {
					return
				}
			}
		}
	}
	trickle := func(c *net.TCPConn) {
		var asking sync.WaitGroup
		asking.Go(func() { ask(lists)(c) })
		for letter := make([]byte, 1); ; time.Sleep(time.Second) {
			if _, err := c.Read(letter); err != nil {
				break
			}
		}
		asking.Wait()
	}
	stallEach(t, []stalling{
		{"lists of tools", times(6, ask(lists))},
		{"messages", times(6, ask(pages))},
		{"but a byte a second", times(6, trickle)},
	})
}

func TestBodiesThatStallHoldNothing(t *testing.T) {
	needUsage(t)
	t.Parallel()
	almost := strings.Repeat(" ", largest-1)
	write := func(parts ...string) client {
		return func(c *net.TCPConn) {
			for _, part := range parts {
				if _, err := io.WriteString(c, part); err != nil {
					return
				}
			}
			_, _ = io.Copy(io.Discard, c) // until it is closed
		}
	}
	whole := rpctest.Length(largest)
	chunk := fmt.Sprintf("%x\r\n%s", largest, almost)
	stallEach(t, []stalling{
		{"before the last byte", times(size(50, 10), write(rpctest.Head("/mcp", whole), almost))},
		{"within a chunk", times(50, write(rpctest.Head("/mcp", "Transfer-Encoding: chunked"), chunk))},
		{"before any byte", times(50, write(rpctest.Head("/mcp", whole)))},
		{"within the headers", times(50, write("POST /mcp HTTP/1.1\r\nHost:"))},
		{"before the headers", times(50, write(""))},
	})
}
