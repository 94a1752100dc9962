package clerkapi

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// newTransport makes the transport of a client whose options name none: one per client, shared by
// all its copies, for many concurrent requests to one host.
//
// There is no ResponseHeaderTimeout: the deadline over the whole call covers it, and a shorter
// limit would turn slow answers to a POST into unknown outcomes.
func newTransport() *http.Transport {
	dialer := &net.Dialer{
		// A host that does not answer leaves time for other attempts within the default deadline of
		// 30 s.
		Timeout:   5 * time.Second,
		KeepAlive: 15 * time.Second,
	}
	return &http.Transport{
		Proxy:       http.ProxyFromEnvironment,
		DialContext: dialer.DialContext,
		// Go turns HTTP/2 off when DialContext or TLSClientConfig is set, unless told otherwise.
		ForceAttemptHTTP2: true,
		TLSClientConfig:   &tls.Config{MinVersion: tls.VersionTLS12},
		// As for dialing.
		TLSHandshakeTimeout: 5 * time.Second,
		// Go keeps 2 by default, so that 100 concurrent calls would make 98 handshakes each time.
		MaxIdleConns:        100,
		MaxIdleConnsPerHost: 100,
		// Shorter than the 60 s and more after which usual balancers hang up: a POST that meets a
		// connection being closed has an unknown outcome.
		IdleConnTimeout: 30 * time.Second,
		// Headers of this API take hundreds of bytes; Go would read 1 MiB.
		MaxResponseHeaderBytes: 64 << 10,
		// All calls may share one HTTP/2 connection: find out that it is dead before their deadline
		// does.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 10 * time.Second, PingTimeout: 5 * time.Second},
	}
}
