package netx_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/netx"
)

func causeOf(err error) string {
	failed, ok := errors.AsType[*netx.FetchError](err)
	if !ok {
		return fmt.Sprint(err)
	}
	return failed.Cause
}

// answers is a host that answers everything alike, and counts.
type answers struct {
	status int
	body   string
	asked  atomic.Int32
}

func (a *answers) RoundTrip(r *http.Request) (*http.Response, error) {
	a.asked.Add(1)
	return &http.Response{StatusCode: a.status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(a.body)), Request: r}, nil
}

// The guard looks at the address that is dialed, after names were resolved, so neither a name nor
// one that changes helps.
func TestNothingThatIsNotPublicIsReached(t *testing.T) {
	var reached atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Add(1) }))
	server.Config.ConnState = func(net.Conn, http.ConnState) { reached.Add(1) }
	server.StartTLS()
	defer server.Close()
	f := netx.NewFetcher(netx.FetcherOptions{})
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	for _, host := range []string{
		"127.0.0.1:" + port, "localhost:" + port, "127.0.0.1", "localhost", "[::1]", "0.0.0.0", "[::]", "10.0.0.1", "172.16.0.1", "192.168.1.1",
		"169.254.169.254", "100.100.100.200", "[fe80::1]", "[fd00:ec2::254]", "[fc00::1]", "[::ffff:127.0.0.1]", "[::ffff:169.254.169.254]",
		"[64:ff9b::7f00:1]", "[64:ff9b::a9fe:a9fe]", "[2002:7f00:1::]", "[2001:db8::1]", "[::127.0.0.1]", "224.0.0.1", "255.255.255.255",
		"93.184.216.34:22", "93.184.216.34:8443", "93.184.216.34:80",
	} {
		_, err := f.Fetch(t.Context(), "https://"+host+"/client.json")
		if got := causeOf(err); got != "not_public" {
			t.Errorf("%s: %q", host, got)
		}
	}
	if n := reached.Load(); n != 0 {
		t.Errorf("a private server was reached %d times", n)
	}
}

// A server of names says one thing when it is asked first, and another thing then.
func TestANameThatChangesItsAddressIsNotReached(t *testing.T) {
	names := newNames(t, net.IPv4(93, 184, 216, 34), net.IPv4(127, 0, 0, 1))
	first, err := names.resolver.LookupIP(t.Context(), "ip4", "rebind.example")
	if err != nil || len(first) != 1 || first[0].String() != "93.184.216.34" {
		t.Fatalf("%v %v", first, err)
	}
	_, err = netx.NewFetcher(netx.FetcherOptions{Resolver: names.resolver}).Fetch(t.Context(), "https://rebind.example/client.json")
	if causeOf(err) != "not_public" {
		t.Errorf("%v", err)
	}
	if names.asked.Load() < 2 {
		t.Error("the name was not asked for again")
	}
}

func TestFetcherTakesPlainHTTPSURLsOnly(t *testing.T) {
	host := &answers{status: 200, body: "{}"}
	f := netx.NewFetcher(netx.FetcherOptions{Transport: host})
	for _, u := range []string{"http://app.example/x", "https:///x", "https://u:p@app.example/x", "https:app.example", "file:///x", "", "://"} {
		if _, err := f.Fetch(t.Context(), u); causeOf(err) != "invalid_url" {
			t.Errorf("%q: %v", u, err)
		}
	}
	if n := host.asked.Load(); n != 0 {
		t.Errorf("%d were fetched", n)
	}
	got, err := f.Fetch(t.Context(), "https://app.example/x")
	if err != nil || got.Status != 200 || string(got.Body) != "{}" {
		t.Errorf("%+v %v", got, err)
	}
}

// A page that keeps bots out may be of any size; its status is what counts.
func TestOnlyAnAnswerOfOKIsRead(t *testing.T) {
	large := strings.Repeat("x", 1<<20)
	for status, want := range map[int]string{403: "", 302: "", 200: "too_large"} {
		got, err := netx.NewFetcher(netx.FetcherOptions{Transport: &answers{status: status, body: large}}).Fetch(t.Context(), "https://app.example/x")
		switch {
		case want == "" && (err != nil || got.Status != status || len(got.Body) != 0):
			t.Errorf("%d: %+v %v", status, got, err)
		case want != "" && (causeOf(err) != want || !errors.Is(err, netx.ErrTooLarge)):
			t.Errorf("%d: %v", status, err)
		}
	}
}

// Keys of clients may be larger than documents, and are asked for by their own type.
func TestWhatIsWantedSaysHowMuchIsRead(t *testing.T) {
	for size, want := range map[int]string{64 << 10: "", 64<<10 + 1: "too_large"} {
		host := &answers{status: http.StatusOK, body: strings.Repeat("x", size)}
		accepted := ""
		f := netx.NewFetcher(netx.FetcherOptions{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			accepted = r.Header.Get("Accept")
			return host.RoundTrip(r)
		})})
		got, err := f.FetchAs(t.Context(), "https://app.example/keys", netx.Wanted{Accept: "application/jwk-set+json", MaxBody: 64 << 10})
		if want == "" && (err != nil || len(got.Body) != size) || want != "" && causeOf(err) != want || accepted != "application/jwk-set+json" {
			t.Errorf("%d bytes: %v, accepting %q", size, err, accepted)
		}
		if _, err := f.Fetch(t.Context(), "https://app.example/x"); causeOf(err) != "too_large" || accepted != "application/json" {
			t.Errorf("as a document: %v, accepting %q", err, accepted)
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestAHostIsNotFlooded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		host := &answers{status: 404}
		f := netx.NewFetcher(netx.FetcherOptions{Transport: host})
		for i := range 1000 {
			_, err := f.Fetch(t.Context(), fmt.Sprintf("https://app.example/%d", i))
			if busy := i >= 120; busy != (causeOf(err) == "busy") {
				t.Fatalf("fetch %d: %v", i, err)
			}
		}
		if _, err := f.Fetch(t.Context(), "https://other.example/"); err != nil {
			t.Errorf("another host: %v", err)
		}
		time.Sleep(time.Minute)
		if _, err := f.Fetch(t.Context(), "https://app.example/later"); err != nil || host.asked.Load() != 122 {
			t.Errorf("a minute later: %v, asked %d times", err, host.asked.Load())
		}
	})
}

func TestNoMoreIsFetchedAtOnceThanThereIsRoomFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var under, busy atomic.Int32
		f := netx.NewFetcher(netx.FetcherOptions{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			under.Add(1)
			<-r.Context().Done()
			return nil, r.Context().Err()
		})})
		for i := range 200 {
			go func() {
				if _, err := f.Fetch(t.Context(), fmt.Sprintf("https://app%d.example/x", i)); causeOf(err) == "busy" {
					busy.Add(1)
				}
			}()
		}
		synctest.Wait()
		if under.Load() != 64 || busy.Load() != 136 {
			t.Errorf("%d under way, %d refused", under.Load(), busy.Load())
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
	})
}

func TestHostsThatAreListedAreFetchedFrom(t *testing.T) {
	host := &answers{status: 200}
	f := netx.NewFetcher(netx.FetcherOptions{Transport: host, Hosts: []string{"app.example"}})
	for u, want := range map[string]string{
		"https://app.example/x": "<nil>", "https://APP.example/x": "<nil>", "https://other.example/x": "not_allowed",
		"https://x.app.example/": "not_allowed", "https://app.example.evil.example/": "not_allowed",
	} {
		if _, err := f.Fetch(t.Context(), u); causeOf(err) != want {
			t.Errorf("%s: %v", u, err)
		}
	}
}

func TestReasonsOfFailuresAreOneWord(t *testing.T) {
	refused := &net.OpError{Op: "dial", Err: fmt.Errorf("connect: %w", errors.ErrUnsupported)}
	for want, cause := range map[string]error{
		"timeout": context.DeadlineExceeded, "dns": &net.DNSError{Err: "no such host", Name: "app.example"}, "network": refused,
		"proxy": &net.OpError{Op: "proxyconnect", Err: errors.New("x")},
	} {
		_, err := netx.NewFetcher(netx.FetcherOptions{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
			return nil, cause
		})}).Fetch(t.Context(), "https://app.example/x")
		if causeOf(err) != want || strings.Contains(err.Error(), "app.example") {
			t.Errorf("%v, want %s", err, want)
		}
	}
}
