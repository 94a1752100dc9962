package web_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/web"
)

// crowd serves a handler on so many connections at once, and gives what opens one.
func crowd(t *testing.T, most int, h http.HandlerFunc) (open func() net.Conn) {
	t.Helper()
	l := pipes{make(chan net.Conn), make(chan struct{})}
	all := web.NewConnections(most)
	server := &http.Server{Handler: all.Handler(h), ConnContext: all.Context, ConnState: all.State} //nolint:gosec // over pipes
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(all.Listener(l))
	}()
	var clients []net.Conn
	t.Cleanup(func() {
		for _, c := range clients {
			_ = c.Close()
		}
		_ = server.Close()
		<-served
		time.Sleep(time.Minute) // net/http waits a moment for clients to read a last answer
	})
	return func() net.Conn {
		client, far := net.Pipe()
		clients = append(clients, client)
		l.conns <- far
		synctest.Wait()
		return client
	}
}

// isOpen tells whether the other side has not closed a connection, which must be silent.
func isOpen(c net.Conn) bool {
	_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
	_, err := c.Read(make([]byte, 1))
	_ = c.SetReadDeadline(time.Time{})
	return err != io.EOF //nolint:errorlint // of a pipe
}

func ask(t *testing.T, c net.Conn) {
	t.Helper()
	if _, err := io.WriteString(c, getRequest); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, answer.Body)
	_ = answer.Body.Close()
	synctest.Wait()
}

func TestNewConnectionReplacesAQuietOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		open := crowd(t, 4, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") })
		idle, silent, stalled := open(), open(), open()
		ask(t, idle)
		if _, err := io.WriteString(stalled, strings.TrimSuffix(getRequest, "\r\n")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		open()
		last := open()
		if !isOpen(silent) || !isOpen(idle) || !isOpen(stalled) {
			t.Error("one that was not quiet for long made room")
		}
		time.Sleep(time.Second)
		if isOpen(silent) || !isOpen(idle) || !isOpen(stalled) {
			t.Error("the one that was quiet for longest did not make room")
		}
		ask(t, last)
		if isOpen(last) {
			t.Error("a connection stays after its answer though there are many")
		}
	})
}

func TestAConnectionThatIsAnsweredStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		open := crowd(t, 2, func(w http.ResponseWriter, _ *http.Request) {
			<-release
			_, _ = io.WriteString(w, "ok")
		})
		var came [3]atomic.Bool // the request of each
		var conns []net.Conn
		for i := range came {
			c := open()
			conns = append(conns, c)
			go func() {
				_, err := io.WriteString(c, getRequest)
				came[i].Store(err == nil)
			}()
			synctest.Wait()
		}
		if !came[0].Load() || !came[1].Load() || came[2].Load() {
			t.Error("not the first two are served")
		}
		// The handlers end, but their answers are not written yet: a pipe holds nothing.
		close(release)
		synctest.Wait()
		if came[2].Load() || !strings.Contains(first(t, conns[0]), "200 OK") {
			t.Error("an answer was lost")
		}
		time.Sleep(6 * time.Second)
		if !came[2].Load() {
			t.Error("a connection that has its answer made no room")
		}
		for _, c := range conns[1:] {
			if !strings.Contains(first(t, c), "200 OK") {
				t.Error("an answer was lost")
			}
		}
	})
}

func first(t *testing.T, c net.Conn) string {
	t.Helper()
	b := make([]byte, 1000)
	n, err := c.Read(b)
	if err != nil {
		t.Error(err)
	}
	return string(b[:n])
}
