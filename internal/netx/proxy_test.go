package netx_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

// egress is a proxy that notes what it is asked for, and refuses it.
type egress struct {
	mu    sync.Mutex
	asked []string
	auth  []string
}

func (e *egress) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.asked = append(e.asked, r.Method+" "+r.Host)
	e.auth = append(e.auth, r.Header.Get("Proxy-Authorization"))
	w.WriteHeader(http.StatusForbidden)
}

// startEgress gives a proxy and the setting that names it.
func startEgress(t *testing.T, e http.Handler) netx.ProxyFunc {
	t.Helper()
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	proxy, err := netx.ParseProxy(strings.Replace(server.URL, "http://", "http://gateway:hunter2@", 1), nil)
	if err != nil {
		t.Fatal(err)
	}
	return proxy
}

func TestEgressProxyIsAskedForListedHostsOnly(t *testing.T) {
	e := &egress{}
	proxy := startEgress(t, e)
	direct := &answers{status: 200}
	fetch := func(hosts []string, u string) string {
		_, err := netx.NewFetcher(netx.FetcherOptions{Transport: direct, Proxy: proxy, Hosts: hosts}).Fetch(t.Context(), u)
		if err != nil && (strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "127.0.0.1")) {
			t.Errorf("%s: the error names the proxy: %v", u, err)
		}
		return causeOf(err)
	}
	for _, u := range []string{
		"https://127.0.0.1/x", "https://10.0.0.1/x", "https://169.254.169.254/x", "https://[::1]/x", "https://[fd00::1]/x", "https://2130706433/x",
		"https://0x7f.1/x", "https://127.1/x", "https://8.8.8.8/x", "https://localhost/x", "https://intranet/x", "https://intranet./x",
		"https://app.example:8443/x", "https://app.example:80/x", "https://app.example:/x", "http://app.example/x",
	} {
		for _, hosts := range [][]string{{"*"}, {"app.example", "127.0.0.1", "intranet", "localhost", "intranet."}} {
			if got := fetch(hosts, u); got != "not_allowed" && got != "invalid_url" {
				t.Errorf("%s with %v: %s", u, hosts, got)
			}
		}
	}
	for _, hosts := range [][]string{nil, {"app.example"}} {
		if got := fetch(hosts, "https://other.example/x"); got != "not_allowed" {
			t.Errorf("%v: %s", hosts, got)
		}
	}
	if len(e.asked) > 0 || direct.asked.Load() > 0 {
		t.Fatalf("the proxy was asked for %v", e.asked)
	}
	for _, u := range []string{"https://app.example/x", "https://app.example:443/x"} {
		if got := fetch([]string{"app.example"}, u); got != "proxy" {
			t.Errorf("%s: %s", u, got)
		}
	}
	if got := fetch([]string{"*"}, "https://other.example/x"); got != "proxy" {
		t.Errorf("any host: %s", got)
	}
	want := []string{"CONNECT app.example:443", "CONNECT app.example:443", "CONNECT other.example:443"}
	if !slices.Equal(e.asked, want) || e.auth[0] == "" || direct.asked.Load() > 0 {
		t.Errorf("the proxy was asked for %v, as %q", e.asked, e.auth)
	}
}

// What NO_PROXY sends directly goes through the guard, and what the proxy is for never goes without
// it.
func TestWhatGoesPastTheProxyIsGuarded(t *testing.T) {
	e := &egress{}
	proxy := startEgress(t, e)
	f := netx.NewFetcher(netx.FetcherOptions{
		Hosts: []string{"*"}, Resolver: newNames(t, net.IPv4(127, 0, 0, 1), net.IPv4(127, 0, 0, 1)).resolver,
		Proxy: func(r *http.Request) (*url.URL, error) {
			switch {
			case strings.HasPrefix(r.URL.Host, "direct."):
				return nil, nil
			case strings.HasPrefix(r.URL.Host, "broken."):
				return nil, errors.New("no")
			}
			return proxy(r)
		},
	})
	for u, want := range map[string]string{
		"https://direct.example/x": "not_public", "https://broken.example/x": "proxy", "https://app.example/x": "proxy",
	} {
		if _, err := f.Fetch(t.Context(), u); causeOf(err) != want {
			t.Errorf("%s: %v", u, err)
		}
	}
	if want := []string{"CONNECT app.example:443"}; !slices.Equal(e.asked, want) {
		t.Errorf("the proxy was asked for %v", e.asked)
	}
}

func TestProxyThatCannotBeReached(t *testing.T) {
	proxy, err := netx.ParseProxy("http://gateway:hunter2@"+testkit.FreeAddress(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = netx.NewFetcher(netx.FetcherOptions{Proxy: proxy, Hosts: []string{"*"}}).Fetch(t.Context(), "https://app.example/x")
	if causeOf(err) != "proxy" {
		t.Errorf("%v", err)
	}
}

// tunnel is a proxy that connects everything to one server.
type tunnel struct{ to string }

func (p tunnel) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	far, err := net.Dial("tcp", p.to)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	near, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	_, _ = near.Write([]byte("HTTP/1.1 200 OK\r\n\r\n"))
	go func() {
		_, _ = bufio.NewReader(buffered).WriteTo(far)
		_ = far.Close()
	}()
	_, _ = bufio.NewReader(far).WriteTo(near)
	_ = near.Close()
}

// The certificate is checked behind the proxy as well: a proxy that opens connections is not the
// host.
func TestCertificateIsCheckedThroughTheProxy(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	server.Config.ErrorLog = nil
	t.Cleanup(server.Close)
	server.TLS.MinVersion = tls.VersionTLS12
	proxy := startEgress(t, tunnel{server.Listener.Addr().String()})
	_, err := netx.NewFetcher(netx.FetcherOptions{Proxy: proxy, Hosts: []string{"*"}}).Fetch(t.Context(), "https://app.example/x")
	if causeOf(err) != "tls" {
		t.Errorf("%v", err)
	}
}

func TestParseProxy(t *testing.T) {
	unset := func(*http.Request) (*url.URL, error) { return nil, nil }
	for _, bad := range []string{"proxy.example:3128", "ftp://proxy.example", "http://", "http://gateway:hunter2@proxy.example:x", "on", "hunter2"} {
		if _, err := netx.ParseProxy(bad, unset); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := netx.ParseProxy("env", unset); err == nil || !strings.Contains(err.Error(), "HTTPS_PROXY is not set") {
		t.Errorf("env without a proxy: %v", err)
	}
	wrong := func(*http.Request) (*url.URL, error) { return nil, errors.New("hunter2 is not a URL") }
	if _, err := netx.ParseProxy("env", wrong); err == nil || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("env with a proxy that is none: %v", err)
	}
	// As HTTPS_PROXY and NO_PROXY=direct.example are read.
	set := func(r *http.Request) (*url.URL, error) {
		if r.URL.Scheme != "https" || r.URL.Host == "direct.example" {
			return nil, nil
		}
		return url.Parse("http://proxy.example:3128")
	}
	at := func(p netx.ProxyFunc, host string) string {
		u, err := p(&http.Request{URL: &url.URL{Scheme: "https", Host: host}})
		if err != nil || u == nil {
			return ""
		}
		return u.Host
	}
	if p, err := netx.ParseProxy("env", set); err != nil || at(p, "app.example") != "proxy.example:3128" || at(p, "direct.example") != "" {
		t.Errorf("env: %v", err)
	}
	if p, err := netx.ParseProxy("", set); err != nil || p != nil {
		t.Errorf("none is set, but one is used: %v", err)
	}
	if p, err := netx.ParseProxy("socks5://proxy.example:1080", unset); err != nil || at(p, "app.example") != "proxy.example:1080" {
		t.Errorf("a URL: %v", err)
	}
}
