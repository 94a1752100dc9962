package netx

import (
	"errors"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
)

// lastNumber is how browsers tell that a host is an IPv4 address (URL Standard, ends in a number).
var lastNumber = regexp.MustCompile(`(^|\.)([0-9]+|0x[0-9a-f]*)\.?$`)

// IsAddress reports whether a host, as it stands in a URL without brackets and port, is an IP
// address in any spelling that some resolver or browser takes for one.
func IsAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil || lastNumber.MatchString(strings.ToLower(host))
}

// CheckURL says what is wrong with the address of a server that secrets are sent to, or whose word
// counts: it must be https, or http on this machine.
func CheckURL(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "":
		return errors.New("give an absolute https URL without user name or fragment, such as https://login.example.com")
	case u.Scheme == "https" || u.Scheme == "http" && IsLoopback(u.Hostname()):
		return nil
	}
	return errors.New("must be https: over plain http anybody on the way could read or change it")
}

// ShownURL is a URL without what may be secret: user, query and fragment.
func ShownURL(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "an address that is not a URL"
	}
	return ShownIssuer((&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}).String())
}

// ShownIssuer is an issuer as a log or a terminal may have it, since somebody else wrote it.
func ShownIssuer(issuer string) string {
	const longest = 200
	u, err := url.Parse(issuer)
	if err != nil || len(issuer) > longest || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil ||
		strings.ContainsFunc(issuer, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"\?#`, r) }) {
		return "something that is not the URL of an issuer"
	}
	return issuer
}
