package args

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"code.dny.dev/ssrf"
)

const (
	// ExampleMediaURL stands in the messages that say what a URL looks like.
	ExampleMediaURL = `"https://example.com/picture.jpg"`

	maxURL = 2048
)

// MediaProblem says why a carrier could not fetch the file of a URL, "" if it may.
func MediaProblem(s string) string {
	const wanted = ": give an absolute URL such as " + ExampleMediaURL
	switch {
	case s == "":
		return "is empty" + wanted
	case len(s) > maxURL:
		return "is too long for a URL" + wanted
	case strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || IsInvisible(r) }):
		return "holds a space or an invisible character: write a space as %20"
	case Placeholder(s) != "":
		return "holds a placeholder that was not filled in: give the whole URL"
	}
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return "is not a URL" + wanted
	case u.Scheme != "http" && u.Scheme != "https":
		return "does not begin with https:// or http://" + wanted
	case u.Hostname() == "":
		return "names no host" + wanted
	case u.User != nil:
		return "holds a user or password, which everybody who gets the message could read: remove it"
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return "names a port that does not exist: they go from 1 to 65535, and most URLs need none"
		}
	}
	if !isPublicHost(u.Hostname()) {
		return "names a host that no carrier reaches: give a URL on the public internet, such as " + ExampleMediaURL
	}
	return ""
}

// privateNames are what ends names that are not on the public internet (RFC 2606, RFC 6761, RFC
// 6762, RFC 8375, RFC 7686, and those that ICANN has set aside). Names below example are
// documentation's, and go nowhere either; they are taken, to try things out.
var privateNames = []string{
	"localhost", "local", "localdomain", "internal", "intranet", "private", "corp", "home", "lan", "test", "invalid", "onion", "home.arpa",
}

// isPublicHost tells whether a name or address may be reached from anywhere. Nothing is looked up.
func isPublicHost(host string) bool {
	host = strings.TrimSuffix(strings.ToLower(strings.NewReplacer("。", ".", "．", ".", "｡", ".").Replace(host)), ".")
	host, _, _ = strings.Cut(host, "%") // a zone
	if ip, err := netip.ParseAddr(host); err == nil {
		return isPublicAddress(ip)
	}
	labels := strings.Split(host, ".")
	last := labels[len(labels)-1]
	if len(labels) < 2 || slices.Contains(labels, "") || strings.Contains(host, ":") {
		return false
	}
	// 127.1 and 0x7f.0.0.1 are addresses to many programs: no top-level domain begins with a digit.
	if last[0] >= '0' && last[0] <= '9' {
		return false
	}
	return !slices.ContainsFunc(privateNames, func(name string) bool { return strings.HasSuffix(host, "."+name) })
}

func isPublicAddress(ip netip.Addr) bool {
	ip = ip.Unmap()
	denied := ssrf.IPv6DeniedPrefixes
	if ip.Is4() {
		denied = ssrf.IPv4DeniedPrefixes
	} else if !ssrf.IPv6GlobalUnicast.Contains(ip) {
		return false
	}
	return !slices.ContainsFunc(denied, func(p netip.Prefix) bool { return p.Contains(ip) })
}
