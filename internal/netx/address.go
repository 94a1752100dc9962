package netx

import (
	"net/netip"
	"regexp"
	"strings"
)

// lastNumber is how browsers tell that a host is an IPv4 address (URL Standard, ends in a number).
var lastNumber = regexp.MustCompile(`(^|\.)([0-9]+|0x[0-9a-f]*)\.?$`)

// IsAddress reports whether a host, as it stands in a URL without brackets and port, is an IP address in any spelling that
// some resolver or browser takes for one.
func IsAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil || lastNumber.MatchString(strings.ToLower(host))
}
