//go:build linux || darwin

package web

import (
	"io"
	"net"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

// A process with too much to do reads a request late. Its connection is not taken for a quiet one.
func TestAConnectionWithAnUnreadRequestIsNotQuiet(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	all := NewConnections(2)
	bound := all.Listener(NewPace(PaceOptions{}).Listener(l))
	defer func() { _ = bound.Close() }()
	open := func() (client, server net.Conn) {
		t.Helper()
		client, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Close() })
		if server, err = bound.Accept(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = server.Close() })
		return client, server
	}
	client, unread := open()
	_, silent := open()
	if _, err := io.WriteString(client, "POST"); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "what came is seen", func() bool { return hasUnread(unread.(*boundConn).Conn) })
	all.mu.Lock()
	for e := all.quiet.Front(); e != nil; e = e.Next() {
		e.Value.(*boundConn).since = time.Now().Add(-patience)
	}
	all.mu.Unlock()
	open()
	if unread.(*boundConn).ended || !silent.(*boundConn).ended {
		t.Error("the connection with a request made room, in place of the silent one")
	}
}
