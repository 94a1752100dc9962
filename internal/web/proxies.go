package web

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/request"
)

// forwardedFor carries who called each proxy on the way, the first one first. No RFC has it; RFC
// 7239 is its heir, and hardly used.
const forwardedFor = "X-Forwarded-For"

// maxRequestID is how long a proxy's request id may be.
const maxRequestID = 128

// Proxies are the proxies in front of the gateway whose word is taken: who called them, and how the
// request is named. Nil are none. That a request was https, or which host it was for, is taken from
// nobody: the public URL is configured.
type Proxies struct {
	trusted []netip.Prefix
}

// NewProxies trusts addresses such as 10.0.0.7 and networks such as 10.0.0.0/8, unless together
// they are half the internet.
func NewProxies(trusted []string) (*Proxies, error) {
	p := &Proxies{}
	var problems []error
	for _, t := range trusted {
		prefix, err := parsePrefix(t)
		if err != nil {
			problems = append(problems, fmt.Errorf("trusted proxy %q: %w", t, err))
			continue
		}
		p.trusted = append(p.trusted, prefix)
	}
	if err := checkBreadth(p.trusted); err != nil {
		problems = append(problems, err)
	}
	return p, errors.Join(problems...)
}

func parsePrefix(s string) (netip.Prefix, error) {
	prefix, err := netip.ParsePrefix(s)
	if addr, addrErr := netip.ParseAddr(s); addrErr == nil && addr.Zone() == "" {
		addr = addr.Unmap()
		prefix, err = netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	switch {
	case err != nil:
		return prefix, errors.New("give an address such as 10.0.0.7, or a network such as 10.0.0.0/8")
	case prefix.Addr().Is4In6():
		return prefix, errors.New("write it as an IPv4 network")
	case prefix.Bits() == 0:
		return prefix, errors.New("that is everybody: a client could call itself what it likes")
	}
	return prefix.Masked(), nil
}

// Identify begins what is known of a request with who calls, and gives every request an id, also in
// the answer's header: that of a trusted proxy, or one of our own. An id that a client sends is not
// taken over: it would let a client write into somebody else's trail.
func (p *Proxies) Identify(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r, q := request.Enter(r)
		if q.Address, q.Proxied = p.client(r); q.Proxied {
			q.ID, q.IDGiven = givenID(r.Header)
		}
		if !q.IDGiven {
			q.ID = rand.Text()
		}
		w.Header().Set(RequestIDHeader, q.ID)
		next.ServeHTTP(w, r)
	})
}

// client is the last one on the way who is not a trusted proxy, and whether the connection is a
// trusted proxy's. What stands before that one is hearsay. Where a trusted proxy's word is not an
// address, the proxy itself is all that is known.
func (p *Proxies) client(r *http.Request) (client netip.Addr, proxied bool) {
	client, _ = parseHop(r.RemoteAddr)
	if !p.trusts(client) {
		return client, false
	}
	headers := r.Header.Values(forwardedFor)
	for i := len(headers) - 1; i >= 0; i-- {
		for rest, more := headers[i], true; more; {
			comma := strings.LastIndexByte(rest, ',')
			hop, ok := parseHop(rest[comma+1:])
			if !ok {
				return client, true
			}
			client = hop
			if !p.trusts(hop) {
				return client, true
			}
			if more = comma >= 0; more {
				rest = rest[:comma]
			}
		}
	}
	return client, true
}

func (p *Proxies) trusts(a netip.Addr) bool {
	if p == nil {
		return false
	}
	for _, t := range p.trusted {
		if t.Contains(a) {
			return true
		}
	}
	return false
}

// parseHop takes an address as proxies write it: alone, in brackets, with a port.
func parseHop(s string) (netip.Addr, bool) {
	s = strings.Trim(s, " \t")
	a, err := netip.ParseAddr(s)
	if err != nil {
		var with netip.AddrPort
		with, err = netip.ParseAddrPort(s)
		a = with.Addr()
	}
	if err != nil && len(s) > 2 && s[0] == '[' && s[len(s)-1] == ']' {
		a, err = netip.ParseAddr(s[1 : len(s)-1])
	}
	return a.WithZone("").Unmap(), err == nil
}

// givenID is the one request id of a proxy, of visible ASCII characters.
func givenID(h http.Header) (string, bool) {
	ids := h.Values(RequestIDHeader)
	if len(ids) != 1 || ids[0] == "" || len(ids[0]) > maxRequestID {
		return "", false
	}
	for _, c := range []byte(ids[0]) {
		if c <= ' ' || c > '~' {
			return "", false
		}
	}
	return ids[0], true
}

// ClientNetwork is what to count a client by: its IPv4 address, or its IPv6 network of 64 bits,
// within which one machine can take any address. It is "" if nothing is known.
func ClientNetwork(ctx context.Context) string {
	a := request.From(ctx).Address
	switch {
	case !a.IsValid():
		return ""
	case a.Is4():
		return a.String()
	}
	network, err := a.Prefix(64)
	if err != nil { // an IPv6 address has 64 bits
		return a.String()
	}
	return network.String()
}
