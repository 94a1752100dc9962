package netx

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"code.dny.dev/ssrf"
)

const (
	fetchTimeout = 5 * time.Second
	// maxFetched is the largest body that is read where nothing else is said, in bytes.
	maxFetched = 16 << 10
	// maxFetchedEver is the largest one that is ever read.
	maxFetchedEver = 64 << 10
	// maxFetching is how many fetches are under way at once; each may take fetchTimeout and
	// maxFetchedEver.
	maxFetching = 64
	// AnyHost among the hosts of a Fetcher allows every host.
	AnyHost = "*"
)

// FetcherOptions configure a [Fetcher]. The zero value reaches every public address on port 443,
// and nothing else.
type FetcherOptions struct {
	// Transport reaches what is not fetched through a proxy. Default: one that is guarded when it
	// dials, after names were resolved, so that a name cannot change in between.
	Transport http.RoundTripper
	// Resolver resolves names for the default transport. Default: the system's.
	Resolver *net.Resolver
	// Proxy is the egress proxy. Behind it the guard sees nothing, so Hosts must say what may be
	// fetched. What it sends directly, as NO_PROXY says, goes through Transport. Default: no proxy.
	Proxy ProxyFunc
	// Hosts are the only ones from which something is fetched; [AnyHost] is all. Default: all, or
	// none with a Proxy.
	Hosts []string
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// Fetcher gets small public documents from hosts that strangers name. Such a fetch reaches nothing
// that is not public, costs little, and comes to an end. It may be used by many goroutines at once.
type Fetcher struct {
	direct, proxied *http.Client
	proxy           ProxyFunc
	hosts           []string
	restricted      bool
	slots           chan struct{}
	rate            hostRate
}

// NewFetcher makes a Fetcher.
func NewFetcher(opts FetcherOptions) *Fetcher {
	if opts.Transport == nil {
		opts.Transport = guardedTransport(opts.Resolver)
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	bounds := Bounds{
		Timeout: fetchTimeout, MaxBody: maxFetchedEver,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	f := &Fetcher{
		direct: NewClient(opts.Transport, bounds), proxy: opts.Proxy, hosts: opts.Hosts,
		restricted: (len(opts.Hosts) > 0 || opts.Proxy != nil) && !slices.Contains(opts.Hosts, AnyHost),
		slots:      make(chan struct{}, maxFetching), rate: newHostRate(opts.Now),
	}
	if opts.Proxy != nil {
		f.proxied = NewClient(proxiedTransport(opts.Proxy), bounds)
	}
	return f
}

// Wanted is what is asked for.
type Wanted struct {
	// Accept is the header. Default: application/json.
	Accept string
	// MaxBody is the largest body that is read, in bytes, of at most 64 KiB. Default: 16 KiB.
	MaxBody int64
}

// Fetch is [Fetcher.FetchAs] with nothing but the defaults.
func (f *Fetcher) Fetch(ctx context.Context, rawURL string) (*Fetched, error) {
	return f.FetchAs(ctx, rawURL, Wanted{})
}

// FetchAs gets what is at an https URL. Redirects are not followed. Every error is a [*FetchError].
func (f *Fetcher) FetchAs(ctx context.Context, rawURL string, w Wanted) (*Fetched, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.Opaque != "" {
		return nil, &FetchError{Cause: "invalid_url", err: err}
	}
	if !f.allows(u) {
		return nil, &FetchError{Cause: "not_allowed"}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, rawURL, nil)
	if err != nil {
		return nil, &FetchError{Cause: "invalid_url", err: err}
	}
	req.Header.Set("Accept", cmp.Or(w.Accept, "application/json"))
	client, err := f.clientFor(req)
	if err != nil {
		return nil, &FetchError{Cause: "proxy", err: err}
	}
	if !f.rate.allow(u.Hostname()) {
		return nil, &FetchError{Cause: "busy"}
	}
	select {
	case f.slots <- struct{}{}:
		defer func() { <-f.slots }()
	default:
		return nil, &FetchError{Cause: "busy"}
	}
	return do(client, req, cmp.Or(w.MaxBody, maxFetched), false)
}

// allows reports whether the operator lets a URL be fetched. With a proxy only names that every
// resolver reads alike are: an address, a name without a dot and an odd port are the proxy's own
// network, or say nothing about whose host it is.
func (f *Fetcher) allows(u *url.URL) bool {
	host := u.Hostname()
	if f.proxy != nil {
		if port := u.Port(); port != "" && port != "443" || strings.HasSuffix(u.Host, ":") {
			return false
		}
		if IsAddress(host) || !strings.Contains(strings.TrimSuffix(host, "."), ".") || strings.ContainsAny(host, "%:") {
			return false
		}
	}
	return !f.restricted || slices.ContainsFunc(f.hosts, func(h string) bool { return strings.EqualFold(h, host) })
}

// clientFor chooses the way of a request. A proxy that cannot be told is not a reason to go without
// it.
func (f *Fetcher) clientFor(req *http.Request) (*http.Client, error) {
	if f.proxy == nil {
		return f.direct, nil
	}
	switch via, err := f.proxy(req); {
	case err != nil:
		return nil, err
	case via == nil:
		return f.direct, nil
	}
	return f.proxied, nil
}

// guardedTransport dials public addresses on port 443 only. There is no proxy: behind one the guard
// would see nothing.
func guardedTransport(resolver *net.Resolver) *http.Transport {
	dialer := &net.Dialer{Timeout: fetchTimeout, Resolver: resolver, Control: ssrf.New(ssrf.WithPorts(443)).Safe}
	return fetchTransport(dialer)
}

func fetchTransport(dialer *net.Dialer) *http.Transport {
	return &http.Transport{
		DialContext:            dialer.DialContext,
		TLSHandshakeTimeout:    fetchTimeout,
		ResponseHeaderTimeout:  fetchTimeout,
		MaxResponseHeaderBytes: maxFetched,
		DisableKeepAlives:      true,
		ForceAttemptHTTP2:      true,
	}
}

var (
	errNoProxy      = errors.New("netx: no proxy for what was to go through one")
	errProxyRefused = errors.New("netx: the proxy refused")
)

// proxiedTransport dials the proxy and nothing else.
func proxiedTransport(proxy ProxyFunc) *http.Transport {
	t := fetchTransport(&net.Dialer{Timeout: fetchTimeout})
	t.Proxy = func(r *http.Request) (*url.URL, error) {
		u, err := proxy(r)
		if err == nil && u == nil {
			err = errNoProxy
		}
		return u, err
	}
	t.OnProxyConnectResponse = func(_ context.Context, _ *url.URL, _ *http.Request, resp *http.Response) error {
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("%w with %d", errProxyRefused, resp.StatusCode)
		}
		return nil
	}
	return t
}
