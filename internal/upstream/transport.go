package upstream

import (
	"net/http"
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

// checkRedirect lets documents move within their host. Whatever carries a secret is posted, and a
// POST is not repeated anywhere (RFC 9700 §4.12).
func checkRedirect(req *http.Request, via []*http.Request) error {
	first := via[0]
	if first.Method != http.MethodGet || len(via) > 3 ||
		req.URL.Scheme != first.URL.Scheme || req.URL.Host != first.URL.Host {
		return http.ErrUseLastResponse
	}
	return nil
}
