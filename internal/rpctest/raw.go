package rpctest

import (
	"fmt"
	"net"
	"strings"
	"testing"
)

// Dial opens a connection to a server at a URL, over which a test writes as it likes, such as
// slowly or not at all. It takes in as little as it can that is not read, and ends with the test.
func Dial(t testing.TB, base string) *net.TCPConn {
	t.Helper()
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	tcp := conn.(*net.TCPConn) //nolint:forcetypeassert // that is what TCP is
	if err := tcp.SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	return tcp
}

// Head is how a POST of JSON begins. Framing says how its body ends, such as "Transfer-Encoding:
// chunked".
func Head(path, framing string) string {
	return "POST " + path + " HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n" + framing + "\r\n\r\n"
}

// Length is the framing of a body of so many bytes.
func Length(n int) string { return fmt.Sprintf("Content-Length: %d", n) }
