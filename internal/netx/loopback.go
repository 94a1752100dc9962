package netx

import (
	"net/netip"
	"strings"
)

// IsLoopback reports whether a host, without brackets and port, is localhost or a loopback address:
// nobody else is on the way.
func IsLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// IsLoopbackName is [IsLoopback] with the names below localhost, which browsers resolve to this
// machine too.
func IsLoopbackName(host string) bool {
	return IsLoopback(host) || strings.HasSuffix(host, ".localhost")
}

// IsUsualLoopback is [IsLoopback] for localhost and the two addresses of RFC 8252 §7.3, to the
// letter: the names by which an app is redirected to, or a client calls a server, on the same
// machine.
func IsUsualLoopback(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}
