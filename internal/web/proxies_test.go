package web_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/internal/web"
)

func proxies(t testing.TB, trusted ...string) *web.Proxies {
	t.Helper()
	p, err := web.NewProxies(trusted)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// identified gives the context behind Identify, and the answer, for a request of a peer with
// headers.
func identified(p *web.Proxies, peer string, headers ...string) (context.Context, *httptest.ResponseRecorder) {
	var seen *http.Request
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = peer
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	p.Identify(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r })).ServeHTTP(w, r)
	return seen.Context(), w
}

func TestTheClientIsTheLastWhoIsNoTrustedProxy(t *testing.T) {
	p := proxies(t, "10.0.0.0/8", "192.0.2.7", "fd00::/8", "fe80::7")
	for _, tt := range []struct {
		name, peer, forwarded, want string
	}{
		{"no proxy", "203.0.113.9:1234", "", "203.0.113.9"},
		{"a client that calls itself another", "203.0.113.9:1234", "198.51.100.1", "203.0.113.9"},
		{"a client that calls itself a trusted proxy", "203.0.113.9:1234", "10.0.0.1", "203.0.113.9"},
		{"behind a proxy", "10.0.0.1:80", "203.0.113.9", "203.0.113.9"},
		{"behind a proxy that is an address", "192.0.2.7:80", "203.0.113.9", "203.0.113.9"},
		{"beside the proxy that is an address", "192.0.2.8:80", "203.0.113.9", "192.0.2.8"},
		{"behind two proxies", "10.0.0.1:80", "203.0.113.9, 10.0.0.2", "203.0.113.9"},
		{"hearsay of the client before it", "10.0.0.1:80", "198.51.100.1, 203.0.113.9,10.0.0.2", "203.0.113.9"},
		{"hearsay that is a trusted proxy", "10.0.0.1:80", "10.0.0.3, 203.0.113.9", "203.0.113.9"},
		{"hearsay that is nothing", "10.0.0.1:80", "<script>,, 203.0.113.9", "203.0.113.9"},
		{"a proxy that says nothing", "10.0.0.1:80", "", "10.0.0.1"},
		{"a proxy that does not know", "10.0.0.1:80", "203.0.113.9, unknown", "10.0.0.1"},
		{"a proxy behind a proxy that does not know", "10.0.0.1:80", "203.0.113.9, unknown, 10.0.0.2", "10.0.0.2"},
		{"an empty hop", "10.0.0.1:80", "203.0.113.9,", "10.0.0.1"},
		{"proxies only", "10.0.0.1:80", "10.0.0.3, 10.0.0.2", "10.0.0.3"},
		{"a port", "10.0.0.1:80", "203.0.113.9:5555", "203.0.113.9"},
		{"IPv4 as IPv6", "[::ffff:10.0.0.1]:80", "::ffff:203.0.113.9", "203.0.113.9"},
		{"IPv6", "[fd00::1]:80", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
		{"IPv6 in brackets", "[fd00::1]:80", "[2001:db8:1:2::1]", "2001:db8:1:2::/64"},
		{"IPv6 in brackets with a port", "[fd00::1]:80", "[2001:db8:1:2::1]:443", "2001:db8:1:2::/64"},
		{"IPv6 with a zone", "[fe80::1%eth0]:80", "", "fe80::/64"},
		{"a proxy with a zone", "[fe80::7%eth0]:80", "203.0.113.9", "203.0.113.9"},
		{"a peer without address", "@", "203.0.113.9", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			headers := []string{}
			if tt.forwarded != "" {
				headers = []string{"X-Forwarded-For", tt.forwarded}
			}
			ctx, _ := identified(p, tt.peer, headers...)
			if got := web.ClientNetwork(ctx); got != tt.want {
				t.Errorf("client %q, want %q", got, tt.want)
			}
		})
	}
}

func TestAHeaderInSeveralLinesIsReadAsOne(t *testing.T) {
	p := proxies(t, "10.0.0.0/8")
	ctx, _ := identified(p, "10.0.0.1:80", "X-Forwarded-For", "198.51.100.1", "X-Forwarded-For", "203.0.113.9,10.0.0.2")
	if got := web.ClientNetwork(ctx); got != "203.0.113.9" {
		t.Errorf("client %q", got)
	}
}

func TestWithoutTrustedProxiesNobodysWordIsTaken(t *testing.T) {
	var seen *http.Request
	h := web.RequestID(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = r }))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.RemoteAddr = "127.0.0.1:80"
	r.Header.Set("X-Forwarded-For", "203.0.113.9")
	r.Header.Set("X-Request-Id", "R1")
	h.ServeHTTP(httptest.NewRecorder(), r)
	ctx := seen.Context()
	if got := web.ClientNetwork(ctx); got != "127.0.0.1" {
		t.Errorf("client %q", got)
	}
	if q := request.From(ctx); q.IDGiven || q.ID == "R1" {
		t.Errorf("request id %q, given: %v", q.ID, q.IDGiven)
	}
}

func TestTheRequestIDOfATrustedProxyIsTakenOver(t *testing.T) {
	p := proxies(t, "10.0.0.1")
	for _, tt := range []struct {
		name, peer string
		ids        []string
		taken      bool
	}{
		{"a trusted proxy's", "10.0.0.1:80", []string{"6f1c-2d7e!~"}, true},
		{"as long as may be", "10.0.0.1:80", []string{strings.Repeat("x", 128)}, true},
		{"a client's", "203.0.113.9:80", []string{"6f1c"}, false},
		{"none", "10.0.0.1:80", nil, false},
		{"an empty one", "10.0.0.1:80", []string{""}, false},
		{"two", "10.0.0.1:80", []string{"6f1c", "2d7e"}, false},
		{"too long", "10.0.0.1:80", []string{strings.Repeat("x", 129)}, false},
		{"a space", "10.0.0.1:80", []string{"6f 1c"}, false},
		{"a control character", "10.0.0.1:80", []string{"6f\x7f1c"}, false},
		{"beyond ASCII", "10.0.0.1:80", []string{"6fé"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var headers []string
			for _, id := range tt.ids {
				headers = append(headers, "X-Request-Id", id)
			}
			ctx, w := identified(p, tt.peer, headers...)
			id := request.From(ctx).ID
			if id == "" || w.Header().Get("X-Request-Id") != id || tt.taken != (len(tt.ids) == 1 && id == tt.ids[0]) {
				t.Errorf("id %q, in the answer %q", id, w.Header().Get("X-Request-Id"))
			}
			if given := request.From(ctx).IDGiven; given != tt.taken {
				t.Errorf("%q was given: %v", id, given)
			}
		})
	}
}

func TestNothingIsKnownOfAContextWithoutRequest(t *testing.T) {
	ctx := t.Context()
	if q := request.From(ctx); q.IDGiven || q.ID != "" || web.ClientNetwork(ctx) != "" {
		t.Error("something is")
	}
}

func TestNewProxiesReportsEveryBadEntry(t *testing.T) {
	bad := []string{"proxy.example.com", "10.0.0.0/33", "0.0.0.0/0", "::/0", "::ffff:10.0.0.0/104", "fe80::1%eth0", "", "10.0.0.1:80"}
	_, err := web.NewProxies(append(bad, "10.0.0.0/8"))
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range bad {
		if !contains(err.Error(), `trusted proxy "`+want+`"`) {
			t.Errorf("%q does not mention %q", err, want)
		}
	}
	if strings.Count(err.Error(), "trusted proxy") != len(bad) {
		t.Errorf("it mentions more: %v", err)
	}
}

func TestANetworkMayBeWrittenByAnyOfItsAddresses(t *testing.T) {
	ctx, _ := identified(proxies(t, "10.1.2.3/8", "::ffff:192.0.2.7"), "10.9.9.9:80", "X-Forwarded-For", "203.0.113.9, 192.0.2.7")
	if got := web.ClientNetwork(ctx); got != "203.0.113.9" {
		t.Errorf("client %q", got)
	}
}

// FuzzForwardedFor: whatever a header says, the client is the peer or stands in the header, an
// untrusted peer is what it is, and what stands before the client changes nothing.
func FuzzForwardedFor(f *testing.F) {
	for _, seed := range []string{
		"203.0.113.9", "198.51.100.1, 203.0.113.9,10.0.0.2", "unknown, 10.0.0.1", "[2001:db8::1]:443", "[::ffff:1.2.3.4]", ",,", " \t",
		"fe80::1%25", "_hidden", "\"[2001:db8::1]\"",
	} {
		f.Add(seed)
	}
	p := proxies(f, "10.0.0.0/8")
	f.Fuzz(func(t *testing.T, header string) {
		client := func(peer, header string) string {
			ctx, _ := identified(p, peer, "X-Forwarded-For", header)
			return web.ClientNetwork(ctx)
		}
		if got := client("203.0.113.9:80", header); got != "203.0.113.9" {
			t.Fatalf("an untrusted peer became %q", got)
		}
		got := client("10.0.0.1:80", header)
		prefix, err := netip.ParsePrefix(got)
		addr, addrErr := netip.ParseAddr(got)
		if err != nil && addrErr != nil || err == nil && prefix.Bits() != 64 || addrErr == nil && !addr.Is4() {
			t.Fatalf("client %q", got)
		}
		if trusted := strings.HasPrefix(got, "10."); !trusted && client("10.0.0.1:80", "198.51.100.77,"+header) != got {
			t.Fatalf("hearsay changed %q", got)
		}
		if client("10.0.0.1:80", header+",198.51.100.77") != "198.51.100.77" {
			t.Fatal("the word of the trusted proxy was passed over")
		}
	})
}

func BenchmarkIdentifyBehindAProxy(b *testing.B) {
	h := proxies(b, "10.0.0.0/8").Identify(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	r := httptest.NewRequestWithContext(b.Context(), http.MethodGet, "/", nil)
	r.RemoteAddr = "10.0.0.1:80"
	r.Header.Set("X-Forwarded-For", "203.0.113.9, 10.0.0.2")
	r.Header.Set("X-Request-Id", "6f1c2d7e-8a4b-4c1e-9f3d-2b7a5e9c0d11")
	w := httptest.NewRecorder()
	b.ReportAllocs()
	for b.Loop() {
		h.ServeHTTP(w, r)
	}
}

func TestWhetherAProxySentARequestIsKnownWithoutAnID(t *testing.T) {
	proxies, err := web.NewProxies([]string{"10.0.0.0/8"})
	if err != nil {
		t.Fatal(err)
	}
	for remote, want := range map[string]bool{"10.0.0.1:1": true, "192.0.2.1:1": false, "": false} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.RemoteAddr = remote
		proxies.Identify(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if got := request.From(r.Context()).Proxied; got != want {
				t.Errorf("from %q: %v", remote, got)
			}
			if request.From(r.Context()).IDGiven {
				t.Errorf("from %q: an id was given", remote)
			}
		})).ServeHTTP(httptest.NewRecorder(), r)
	}
	if request.From(t.Context()).Proxied {
		t.Error("nothing is known of this one")
	}
}
