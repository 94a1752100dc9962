//go:build unix

package share_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// hostile is an API, or a provider, that does with each request what it likes.
type hostile struct {
	url   string
	asked atomic.Int64 // requests so far
}

// newHostile listens until the test ends. A connection is closed when reply returns or the test
// ends.
func newHostile(t testing.TB, reply func(net.Conn)) *hostile {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &hostile{url: "http://" + l.Addr().String()}
	var mu sync.Mutex
	var open []net.Conn
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open = append(open, conn)
			mu.Unlock()
			serving.Go(func() {
				defer func() { _ = conn.Close() }()
				r, err := http.ReadRequest(bufio.NewReader(conn))
				if err != nil {
					return
				}
				h.asked.Add(1)
				_, _ = io.Copy(io.Discard, r.Body)
				reply(conn)
			})
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		mu.Lock()
		for _, conn := range open {
			_ = conn.Close()
		}
		mu.Unlock()
		serving.Wait()
	})
	return h
}

// hang waits until the other side has gone.
func hang(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }

// then writes something, and after that the same again and again, or nothing, until the other side
// has gone.
func then(first, again string, pause time.Duration) func(net.Conn) {
	return func(conn net.Conn) {
		if _, err := io.WriteString(conn, first); err != nil {
			return
		}
		if again == "" {
			hang(conn)
			return
		}
		for {
			if _, err := io.WriteString(conn, again); err != nil {
				return
			}
			time.Sleep(pause)
		}
	}
}

// endless are ways of not coming to an end.
var endless = []struct {
	name  string
	reply func(net.Conn)
}{
	{"101 Switching Protocols", then("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", "", 0)},
	{"a body that goes on and on", then("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"data\":[", " ", 50*time.Millisecond)},
	{"no answer", hang},
	{"a body that stops", then("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{", "", 0)},
	{"an error whose body stops", then("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 1000\r\n\r\n{", "", 0)},
	{"an answer in the meantime", then("", "HTTP/1.1 103 Early Hints\r\n\r\n", 500*time.Millisecond)},
	{"headers that go on and on", then("HTTP/1.1 200 OK\r\n", "X-A: b\r\n", 50*time.Millisecond)},
	{"a body that pours", then("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"data\":[", strings.Repeat(" ", 1<<16), 5*time.Millisecond)},
}
