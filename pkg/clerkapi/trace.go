package clerkapi

import (
	"context"
	"errors"
	"net"
	"net/http/httptrace"
	"sync/atomic"
)

// connTrace watches whether an attempt got a connection. Without one nothing can have been sent:
// refused connections, unknown hosts and failed TLS handshakes all come before. That a connection
// was had but nothing written is not used: WroteHeaders is reported in parallel to the failure of
// an attempt.
type connTrace struct {
	asked, got atomic.Bool // hooks may run on other goroutines
}

func (t *connTrace) watch(ctx context.Context) context.Context {
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { t.asked.Store(true) },
		GotConn: func(httptrace.GotConnInfo) { t.got.Store(true) },
	})
}

// certainlyNotSent judges a failed attempt. A transport that may not know httptrace (traces is
// false) is believed only if it has reported that it asked for a connection, or if its error is one
// of dialing.
func (t *connTrace) certainlyNotSent(err error, traces bool) bool {
	return !t.got.Load() && (traces || t.asked.Load() || isDialError(err))
}

func isDialError(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	return errors.As(err, &op) && op.Op == "dial" || errors.As(err, &dns)
}
