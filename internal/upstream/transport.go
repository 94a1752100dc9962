package upstream

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/netx"
)

const (
	// providerTimeout is the longest that one request to the provider takes.
	providerTimeout = 10 * time.Second

	maxAnswer = 1 << 20
)

// newHTTPClient bounds a client: in time, in the size of answers, and to the host it was sent to.
func newHTTPClient(base http.RoundTripper) *http.Client {
	if base == nil {
		base = http.DefaultTransport
	}
	return netx.NewClient(base, netx.Bounds{Timeout: providerTimeout, MaxBody: maxAnswer, CheckRedirect: checkRedirect})
}

// checkRedirect lets documents move within their host. Whatever carries a secret is posted, and a POST is not repeated
// anywhere (RFC 9700 §4.12).
func checkRedirect(req *http.Request, via []*http.Request) error {
	first := via[0]
	if first.Method != http.MethodGet || len(via) > 3 ||
		req.URL.Scheme != first.URL.Scheme || req.URL.Host != first.URL.Host {
		return http.ErrUseLastResponse
	}
	return nil
}

// checkURL takes https, and http on this machine.
func checkURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return errors.New("give an absolute https URL without user name or fragment, such as https://login.example.com")
	}
	if u.Scheme == "https" || u.Scheme == "http" && netx.IsLoopback(u.Hostname()) {
		return nil
	}
	return errors.New("must be https: over plain http anybody on the way could read or change it")
}
