package resource

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/netx"
)

// origin is the part that all resources share. A token is good where its audience says, so an
// origin must never be taken from a request as it comes: whoever holds a token for another server
// would only have to claim to be talking to that one.
type origin struct {
	fixed string // "" if the port is that of the connection
	// For a loopback origin:
	scheme, port string
	loopback     bool
}

func newOrigin(public *url.URL) origin {
	if public == nil {
		return origin{scheme: "http", loopback: true}
	}
	return origin{
		fixed:    public.Scheme + "://" + public.Host,
		scheme:   public.Scheme,
		port:     portOf(public.Host, public.Scheme),
		loopback: netx.IsLoopback(public.Hostname()),
	}
}

// of gives the origin of a request's resource: the public one, or for a loopback origin the name
// that the client used, if it is one of this machine with the right port.
func (o origin) of(r *http.Request) string {
	if !o.loopback {
		return o.fixed
	}
	fixed, port := o.fixed, o.port
	if fixed == "" {
		addr, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
		if !ok {
			return "http://host.invalid" // no connection, no name: no token is good here (RFC 2606 §2)
		}
		fixed, port = o.scheme+"://"+addr.String(), portOf(addr.String(), o.scheme)
	}
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = strings.Trim(r.Host, "[]")
	}
	if portOf(r.Host, o.scheme) == port && netx.IsUsualLoopback(host) {
		return o.scheme + "://" + r.Host
	}
	return fixed
}

func portOf(host, scheme string) string {
	if _, port, err := net.SplitHostPort(host); err == nil && port != "" {
		return port
	}
	if scheme == "https" {
		return "443"
	}
	return "80"
}
