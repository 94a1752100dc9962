package netx

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

var (
	// ErrTooLarge says that an answer is larger than its client reads.
	ErrTooLarge = errors.New("netx: the answer is too large")
	// ErrSwitched says that a server answered 101, which nobody asked for. Its connection is
	// closed.
	ErrSwitched = errors.New("netx: the server answered 101 Switching Protocols")
)

// Bounds are what a client takes of a server. All are required.
type Bounds struct {
	// Timeout is over a request and its redirects, the reading of the answer included.
	Timeout time.Duration
	// MaxBody is the largest body of an answer, in bytes.
	MaxBody int64
	// CheckRedirect is that of [http.Client].
	CheckRedirect func(req *http.Request, via []*http.Request) error
}

// NewClient bounds requests over a transport. A body that is too large ends in [ErrTooLarge].
func NewClient(base http.RoundTripper, b Bounds) *http.Client {
	return &http.Client{Transport: bounded{base, b}, Timeout: b.Timeout, CheckRedirect: b.CheckRedirect}
}

// maxHeader is what headers of an answer may take, those of informational answers before it
// included.
const maxHeader = 64 << 10

// NewTransport makes a transport for the servers of an organisation, which a proxy may stand in
// front of. Whoever makes it closes its idle connections.
func NewTransport() *http.Transport {
	dialer := &net.Dialer{Timeout: 5 * time.Second, KeepAlive: 15 * time.Second}
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		TLSHandshakeTimeout:    5 * time.Second,
		MaxIdleConnsPerHost:    16,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: maxHeader,
	}
}

// bounded gives each request its own deadline, since not every transport knows that of http.Client,
// and has it reach the body.
type bounded struct {
	base http.RoundTripper
	Bounds
}

// RoundTrip is that of [http.RoundTripper].
func (t bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithTimeout(req.Context(), t.Timeout)
	resp, err := t.base.RoundTrip(req.WithContext(ctx))
	if err != nil {
		cancel()
		return nil, err
	}
	if resp.StatusCode == http.StatusSwitchingProtocols { // net/http hands the connection over, without a deadline
		_ = resp.Body.Close()
		cancel()
		return nil, ErrSwitched
	}
	from := resp.Body
	stop := context.AfterFunc(ctx, func() { _ = from.Close() })
	resp.Body = &body{ReadCloser: from, ctx: ctx, left: t.MaxBody, end: func() { stop(); cancel() }}
	return resp, nil
}

type body struct {
	io.ReadCloser
	ctx  context.Context //nolint:containedctx // the request's, whose error is that of a body closed at its end
	left int64
	end  func()
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, ErrTooLarge
	}
	if err != nil && !errors.Is(err, io.EOF) && b.ctx.Err() != nil {
		err = b.ctx.Err()
	}
	return n, err
}

func (b *body) Close() error {
	b.end()
	return b.ReadCloser.Close()
}
