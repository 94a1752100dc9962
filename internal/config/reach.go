package config

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/netx"
)

// reach is how far away a host is, and so who can listen in between.
type reach int

const (
	here    reach = iota // this machine
	nearby               // a network of one's own: a private address, a name without a dot, a name that no public DNS has
	faraway              // everything else; what cannot be told belongs here
)

// nearbyDomains are names of networks of one's own: RFC 6762 §3 and appendix G, RFC 8375, RFC 6761
// §6.2, and what ICANN keeps free for them; the services of a Kubernetes namespace, and those of
// Consul.
func nearbyDomains() []string {
	return []string{".local", ".internal", ".home.arpa", ".intranet", ".private", ".corp", ".home", ".lan", ".test", ".svc", ".localdomain", ".consul"}
}

// reachOf tells how far away a host is that is given without a port. Names are not looked up: what
// they mean may change.
func reachOf(host string) reach {
	host = strings.TrimSuffix(strings.ToLower(strings.Trim(host, "[]")), ".")
	if netx.IsLoopbackName(host) {
		return here
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		return reachOfAddress(addr.Unmap().WithZone(""))
	}
	last := host[strings.LastIndexByte(host, '.')+1:]
	if _, err := strconv.ParseUint(last, 0, 64); err == nil {
		return faraway // an address in a spelling that some resolvers take, such as 134744072 or 0x8.8
	}
	if !strings.Contains(host, ".") && host != "" {
		return nearby
	}
	for _, domain := range nearbyDomains() {
		if strings.HasSuffix(host, domain) {
			return nearby
		}
	}
	return faraway
}

// sharedSpace is between a carrier and its customers (RFC 6598).
const sharedSpace = "100.64.0.0/10"

func reachOfAddress(a netip.Addr) reach {
	switch {
	case a.IsLoopback(), a.IsUnspecified():
		return here
	case a.IsPrivate(), a.IsLinkLocalUnicast(), netip.MustParsePrefix(sharedSpace).Contains(a):
		return nearby
	}
	return faraway
}

// reachOfURL is how far away the host of a URL is; faraway if that is not one.
func reachOfURL(s string) reach {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" {
		return faraway
	}
	return reachOf(u.Hostname())
}

func isPlainHTTP(s string) bool {
	u, err := url.Parse(s)
	return err == nil && strings.EqualFold(u.Scheme, "http")
}

// sameOrigin tells whether two URLs are of one server.
func sameOrigin(a, b string) bool {
	u, err := url.Parse(a)
	v, other := url.Parse(b)
	if err != nil || other != nil || u.Host == "" || !strings.EqualFold(u.Scheme, v.Scheme) || u.Port() != v.Port() {
		return false
	}
	return strings.EqualFold(u.Hostname(), v.Hostname()) || reachOf(u.Hostname()) == here && reachOf(v.Hostname()) == here
}

// elsewhere, clearAndNearby and clearAndFar are kinds of URLs: of another host, and over http of a
// host so far away.
func elsewhere(s string) bool { return s != "" && reachOfURL(s) != here }

func clearAndNearby(s string) bool { return isPlainHTTP(s) && reachOfURL(s) == nearby }

func clearAndFar(s string) bool { return isPlainHTTP(s) && reachOfURL(s) == faraway }

// inTheClear tells whether others can read what goes to a URL.
func inTheClear(s string) bool { return isPlainHTTP(s) && reachOfURL(s) != here }

// exposed tells whether other machines reach a listen address. One that is wrong is reported
// elsewhere.
func exposed(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	return err == nil && !netx.IsLoopback(host)
}

// oneAddress tells whether both listeners would take the same address.
func (c *Config) oneAddress() bool {
	return c.AdminListen != "" && c.AdminListen == c.Listen && !strings.HasSuffix(c.Listen, ":0")
}

// listensInPublic tells whether a listen address is one of the internet itself, rather than of a
// network, or all of a machine.
func listensInPublic(listen string) bool {
	host, _, err := net.SplitHostPort(listen)
	if err != nil {
		return false
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && reachOfAddress(addr.Unmap().WithZone("")) == faraway
}

// redisInTheClear tells whether a Redis URL without TLS leads to a host far away. What is not such
// a URL is refused elsewhere.
func redisInTheClear(raw string) bool {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok || !strings.HasPrefix(scheme, "redis") || strings.HasPrefix(scheme, "rediss") {
		return false
	}
	hosts, _, _ := strings.Cut(rest, "/")
	hosts, _, _ = strings.Cut(hosts, "?")
	for host := range strings.SplitSeq(hosts[strings.LastIndexByte(hosts, '@')+1:], ",") {
		if colon := strings.LastIndexByte(host, ':'); colon > strings.LastIndexByte(host, ']') {
			host = host[:colon]
		}
		if host != "" && reachOf(host) == faraway {
			return true
		}
	}
	return false
}
