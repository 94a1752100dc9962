//go:build unix

package topology_test

import (
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/e2e/topology"
	"github.com/clerkchat/mcp-gateway/internal/web"
)

// wantNamedByTheBalancer checks that the gateway takes over the name that the balancer gives to a
// request.
func wantNamedByTheBalancer(t *testing.T, top *topology.Topology) {
	t.Helper()
	resp, err := http.Get("http://" + top.Addresses["balancer"] + "/livez")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	uuid := regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)
	if id := resp.Header.Get("X-Request-Id"); !uuid.MatchString(id) {
		t.Errorf("the request is named %q, which is not the balancer's", id)
	}
}

// That the name stays the same is what lets a replica tell a request that is tried again. As it is
// the balancer tries nothing again that reached a replica, so here it is told to.
func TestBalancerNamesARequestTheSameWheneverItTriesIt(t *testing.T) {
	names := make(chan string, 9)
	dying := newReplica(t, func(_ http.ResponseWriter, r *http.Request) {
		names <- r.Header.Get("X-Request-Id")
		panic(http.ErrAbortHandler)
	})
	text := read(t, "deploy/haproxy.cfg")
	changed := strings.Replace(text, "retry-on conn-failure\n", "retry-on conn-failure empty-response\n", 1)
	if changed == text {
		t.Fatal("deploy/haproxy.cfg no longer says what to try again")
	}
	configuration := filepath.Join(t.TempDir(), "haproxy.cfg")
	write(t, configuration, changed)
	url := balancerWith(t, configuration, address(dying), address(dying), address(dying))
	for range 2 {
		resp, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	seen := map[string]int{}
	for len(names) > 0 { // the balancer answered, so it tries no more
		seen[<-names]++
	}
	if len(seen) != 2 {
		t.Errorf("two requests were named %v", seen)
	}
	for name, n := range seen {
		if n != 4 || name == "" { // once and three retries
			t.Errorf("%q was tried %d times", name, n)
		}
	}
}

func TestReplicasTrustTheNetworkOfTheBalancerAndNobodyElse(t *testing.T) {
	for _, env := range [][]string{nil, {"EDGE_SUBNET=10.77.0.0/24", "GATEWAY_TRUSTED_PROXIES=203.0.113.0/24"}} {
		networks := compose(t, env...).Networks["edge"].Ipam.Config
		if len(networks) != 1 {
			t.Fatalf("the network edge has %d subnets", len(networks))
		}
		proxies, err := web.NewProxies(strings.Split(setting(t, env, replicas[0], "GATEWAY_TRUSTED_PROXIES"), ","))
		if err != nil {
			t.Fatal(err)
		}
		subnet := networks[0].Subnet
		for peer, trusted := range map[string]bool{
			strings.Replace(subnet, ".0/24", ".3:80", 1): true,
			"127.0.0.1:80":      true, // where the balancer is without containers
			"172.17.0.1:80":     false,
			"192.168.0.3:80":    false,
			"203.0.113.9:80":    false,
			"[2001:db8::1]:443": false,
		} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
			r.RemoteAddr = peer
			r.Header.Set("X-Request-Id", "R1")
			w := httptest.NewRecorder()
			proxies.Identify(http.NotFoundHandler()).ServeHTTP(w, r)
			if taken := w.Header().Get("X-Request-Id") == "R1"; taken != trusted {
				t.Errorf("in %s the word of %s is taken: %v", subnet, peer, taken)
			}
		}
	}
}
