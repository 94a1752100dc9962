package netx

import (
	"net/netip"
	"strings"
)

// IsLoopback reports whether a host, without brackets and port, is localhost or a loopback address: nobody else is on the way.
func IsLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// IsLoopbackName is [IsLoopback] with the names below localhost, which browsers resolve to this machine too.
func IsLoopbackName(host string) bool {
	return IsLoopback(host) || strings.HasSuffix(host, ".localhost")
}
