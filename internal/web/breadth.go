package web

import (
	"errors"
	"fmt"
	"math/big"
	"net/netip"
	"slices"
)

// A proxy is one machine or a few networks, and what it says is believed. A set of networks that
// has a great part of the internet in it trusts strangers, however many parts it is written in:
// they could call themselves what they like. What counts is public space; one's own networks may be
// trusted as a whole.
const (
	// More than one registry hands out at a time is refused: a /8 of IPv4, a /12 of IPv6.
	mostBitsV4, mostBitsV6 = 8, 12
	// More than any content network has is worth a question.
	manyBitsV4, manyBitsV6 = 11, 24
)

// ownNetworks are those that no stranger calls from: RFC 1918, RFC 6598, RFC 4193, loopback,
// link-local, multicast and reserved.
func ownNetworks() []netip.Prefix {
	var own []netip.Prefix
	for _, s := range []string{
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3",
		"::/8", "fc00::/7", "fe80::/10", "ff00::/8",
	} {
		own = append(own, netip.MustParsePrefix(s))
	}
	return own
}

// checkBreadth refuses networks that together have too much of the internet in them.
func checkBreadth(trusted []netip.Prefix) error {
	if publicSpace(trusted, true).Cmp(sizeOf(mostBitsV4, 32)) > 0 || publicSpace(trusted, false).Cmp(sizeOf(mostBitsV6, 128)) > 0 {
		return errors.New("the trusted proxies have a great part of the internet among them, so a client could call itself what it likes: " +
			"name the proxies themselves")
	}
	return nil
}

// Doubt says what may not be meant by these proxies, "" if nothing.
func (p *Proxies) Doubt() string {
	if p == nil {
		return ""
	}
	if publicSpace(p.trusted, true).Cmp(sizeOf(manyBitsV4, 32)) > 0 || publicSpace(p.trusted, false).Cmp(sizeOf(manyBitsV6, 128)) > 0 {
		return fmt.Sprintf("more than a /%d of IPv4 or a /%d of IPv6 in the internet is trusted: every machine there can call itself what it likes",
			manyBitsV4, manyBitsV6)
	}
	return ""
}

// publicSpace is how many public addresses of one version the networks have together, each counted
// once.
func publicSpace(networks []netip.Prefix, v4 bool) *big.Int {
	var some []netip.Prefix
	for _, n := range networks {
		if n.Addr().Is4() == v4 {
			some = append(some, n)
		}
	}
	some = outermost(some)
	sum := new(big.Int)
	for _, n := range some {
		sum.Add(sum, addresses(n))
	}
	for _, own := range outermost(ownNetworks()) {
		for _, n := range some {
			switch {
			case !own.Overlaps(n):
			case own.Bits() <= n.Bits(): // n lies within
				sum.Sub(sum, addresses(n))
			default:
				sum.Sub(sum, addresses(own))
			}
		}
	}
	return sum
}

// outermost leaves out networks that lie within others: of what remains, no two overlap.
func outermost(networks []netip.Prefix) []netip.Prefix {
	sorted := slices.Clone(networks)
	slices.SortFunc(sorted, func(a, b netip.Prefix) int { return a.Bits() - b.Bits() })
	var out []netip.Prefix
	for _, n := range sorted {
		if !slices.ContainsFunc(out, n.Overlaps) {
			out = append(out, n)
		}
	}
	return out
}

func addresses(n netip.Prefix) *big.Int { return sizeOf(n.Bits(), n.Addr().BitLen()) }

// sizeOf is how many addresses a network with this many fixed bits has.
func sizeOf(bits, length int) *big.Int { return new(big.Int).Lsh(big.NewInt(1), uint(length-bits)) }
