package netx_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
)

// names is a server of names (RFC 1035) that knows one address for all of them: another one after
// the first question.
type names struct {
	resolver *net.Resolver
	asked    atomic.Int32
}

func newNames(t *testing.T, first, then net.IP) *names {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &names{}
	n.resolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
	done := make(chan struct{})
	t.Cleanup(func() { _ = conn.Close(); <-done })
	go func() {
		defer close(done)
		buf := make([]byte, 1500)
		for {
			size, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			_, _ = conn.WriteTo(n.answer(buf[:size], first, then), from)
		}
	}()
	return n
}

// answer is the question, turned into an answer with an address if one of IPv4 was asked for.
func (n *names) answer(question []byte, first, then net.IP) []byte {
	end := 12
	for end < len(question) && question[end] != 0 {
		end += int(question[end]) + 1
	}
	end += 5
	a := append([]byte(nil), question[:end]...)
	a[2], a[3] = 0x81, 0x80               // an answer, without error
	a[6], a[7], a[10], a[11] = 0, 0, 0, 0 // no further records
	if a[end-3] != 1 {                    // not of type A
		return a
	}
	ip := then
	if n.asked.Add(1) == 1 {
		ip = first
	}
	a[7] = 1
	a = append(a, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4) // the name above, type A, class IN, no time to live
	return append(a, ip.To4()...)
}
