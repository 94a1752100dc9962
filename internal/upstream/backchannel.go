package upstream

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// backchannel sends requests that are for the issuer's host to the address that it has from inside.
// Everything above it, and the provider, go on speaking of the public addresses: the Host header
// stays that of the issuer, so that a provider that derives its metadata from it (Keycloak without
// a fixed hostname, Authentik, Zitadel) says the same as to a browser.
type backchannel struct {
	base           http.RoundTripper
	public, inside *url.URL
	// from is what the public path begins with, to what it begins with inside.
	from, to string
}

// newBackchannel gives base itself without an address. The address is the counterpart of the
// issuer's host if it has no path, and else of the issuer.
func newBackchannel(issuer, address string, base http.RoundTripper) (http.RoundTripper, error) {
	if base == nil {
		base = http.DefaultTransport
	}
	if address == "" {
		return base, nil
	}
	inside, err := url.Parse(address)
	if err != nil || inside.Host == "" || inside.Scheme != "https" && inside.Scheme != "http" {
		return nil, errors.New("upstream: the backchannel: give an absolute URL such as http://keycloak:8080")
	}
	if inside.User != nil || inside.RawQuery != "" || inside.Fragment != "" {
		return nil, errors.New("upstream: the backchannel: give a URL without user name, query and fragment")
	}
	public, err := url.Parse(issuer)
	if err != nil {
		return nil, fmt.Errorf("upstream: the backchannel: the issuer is not a URL")
	}
	b := backchannel{base: base, public: public, inside: inside}
	if path := strings.Trim(inside.Path, "/"); path != "" {
		b.from, b.to = differing(strings.Trim(public.Path, "/"), path)
	}
	return b, nil
}

// differing are the beginnings of two paths that are left without the segments at their ends that
// are the same: /auth and "" for auth/realms/staff and realms/staff.
func differing(a, b string) (from, to string) {
	x, y := strings.Split(a, "/"), strings.Split(b, "/")
	for len(x) > 0 && len(y) > 0 && x[len(x)-1] == y[len(y)-1] {
		x, y = x[:len(x)-1], y[:len(y)-1]
	}
	return prefix(x), prefix(y)
}

func prefix(segments []string) string {
	if joined := strings.Join(segments, "/"); joined != "" {
		return "/" + joined
	}
	return ""
}

// RoundTrip is that of [http.RoundTripper].
func (b backchannel) RoundTrip(req *http.Request) (*http.Response, error) {
	path := req.URL.EscapedPath()
	rest, below := strings.CutPrefix(path, b.from)
	if origin(req.URL) != origin(b.public) || !below || rest != "" && rest[0] != '/' {
		return b.base.RoundTrip(req)
	}
	to, err := url.Parse(b.to + rest)
	if err != nil {
		return nil, fmt.Errorf("upstream: the path of a request to the provider: %w", err)
	}
	inner := req.Clone(req.Context())
	inner.URL.Scheme, inner.URL.Host, inner.URL.Path, inner.URL.RawPath = b.inside.Scheme, b.inside.Host, to.Path, to.RawPath
	inner.Host = b.public.Host
	inner.Header.Set("X-Forwarded-Proto", b.public.Scheme) // a provider that trusts the gateway as a proxy says https then
	resp, err := b.base.RoundTrip(inner)
	if resp != nil {
		resp.Request = req
	}
	return resp, err
}

// backchannelAddress reports whether a URL is at the address from inside: some providers name that
// in their metadata to who asks there, and it may be http.
func backchannelAddress(address, inside string) bool {
	u, err := url.Parse(address)
	b, other := url.Parse(inside)
	return inside != "" && err == nil && other == nil && u.User == nil && u.Fragment == "" && u.Host != "" && origin(u) == origin(b)
}
