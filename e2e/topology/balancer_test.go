//go:build unix

package topology_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/rpctest"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

// need finds a program of the machine, or skips with the command that provides it; under CI it must
// be there.
func need(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/" + name)
	}
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no %s on this machine; apt-get install %s provides it", name, name)
		}
		t.Skipf("skip: no %s on this machine; apt-get install %s provides it", name, name)
	}
	return path
}

// replica is a stand-in for one: ready unless it drains, and what it does with a call is the
// test's.
type replica struct {
	*httptest.Server
	calls    atomic.Int64
	draining atomic.Bool
}

func newReplica(t *testing.T, call http.HandlerFunc) *replica {
	t.Helper()
	r := &replica{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if req.URL.Path == "/readyz" {
			if r.draining.Load() || req.URL.Query().Get("exclude") != "store" || !strings.HasPrefix(req.Host, "127.0.0.1") {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			return
		}
		r.calls.Add(1)
		call(w, req)
	}))
	t.Cleanup(r.Close)
	return r
}

// balancer runs deploy/haproxy.cfg in front of three addresses and returns its URL.
func balancer(t *testing.T, addresses ...string) string {
	t.Helper()
	return balancerWith(t, root+"/deploy/haproxy.cfg", addresses...)
}

// balancerWith runs another configuration.
func balancerWith(t *testing.T, configuration string, addresses ...string) string {
	t.Helper()
	haproxy := need(t, "haproxy")
	bind := testkit.FreeAddress(t)
	var log bytes.Buffer
	cmd := exec.CommandContext(t.Context(), haproxy, "-db", "-f", configuration)
	cmd.Env = []string{
		"BALANCER_BIND=" + bind, "REPLICA_1=" + addresses[0], "REPLICA_2=" + addresses[1], "REPLICA_3=" + addresses[2],
	}
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("haproxy:\n%s", &log)
		}
	})
	testkit.Eventually(t, "the balancer listens", func() bool {
		conn, err := net.Dial("tcp", bind)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	return "http://" + bind
}

func address(r *replica) string { return r.Listener.Addr().String() }

func post(t *testing.T, url string) (status int, body string) {
	t.Helper()
	a := rpctest.Post(url+"/mcp", "{}").Do(t)
	return a.Status, a.Body
}

func TestBalancerConfigurationIsValid(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), need(t, "haproxy"), "-c", "-f", root+"/deploy/haproxy.cfg")
	cmd.Env = []string{"BALANCER_BIND=127.0.0.1:8080", "REPLICA_1=127.0.0.1:1", "REPLICA_2=127.0.0.1:2", "REPLICA_3=127.0.0.1:3"}
	out, err := cmd.CombinedOutput()
	if err != nil || strings.Contains(string(out), "WARNING") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestBalancerSendsOneClientToEveryReplica(t *testing.T) {
	ok := func(http.ResponseWriter, *http.Request) {}
	a, b, c := newReplica(t, ok), newReplica(t, ok), newReplica(t, ok)
	url := balancer(t, address(a), address(b), address(c))
	for range 9 {
		post(t, url)
	}
	for i, r := range []*replica{a, b, c} {
		if n := r.calls.Load(); n != 3 {
			t.Errorf("replica %d was called %d times of 9", i+1, n)
		}
	}
}

func TestBalancerTriesAnotherReplicaWhereNoConnectionCanBeMade(t *testing.T) {
	r := newReplica(t, func(http.ResponseWriter, *http.Request) {})
	url := balancer(t, testkit.FreeAddress(t), testkit.FreeAddress(t), address(r))
	for range 6 {
		if status, body := post(t, url); status != http.StatusOK {
			t.Errorf("answered %d %s", status, body)
		}
	}
	if n := r.calls.Load(); n != 6 {
		t.Errorf("the replica was called %d times for 6 calls", n)
	}
}

func TestBalancerNeverRepeatsACallThatReachedAReplica(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"the replica dies without an answer": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"the replica dies amid its answer": func(w http.ResponseWriter, _ *http.Request) {
			conn, buffer, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_, _ = buffer.WriteString("HTTP/1.1 200")
				_ = buffer.Flush()
				_ = conn.Close()
			}
		},
		"500": status(http.StatusInternalServerError),
		"502": status(http.StatusBadGateway),
		"503": status(http.StatusServiceUnavailable),
		"504": status(http.StatusGatewayTimeout),
	} {
		t.Run(name, func(t *testing.T) {
			a, b, c := newReplica(t, answer), newReplica(t, answer), newReplica(t, answer)
			url := balancer(t, address(a), address(b), address(c))
			if status, _ := post(t, url); status < 500 {
				t.Errorf("answered %d", status)
			}
			if n := a.calls.Load() + b.calls.Load() + c.calls.Load(); n != 1 {
				t.Errorf("replicas were called %d times for one call", n)
			}
		})
	}
}

func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

func TestBalancerSaysWhetherACallMayHaveHappened(t *testing.T) {
	dying := newReplica(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	for _, tt := range []struct {
		name, address, want string
		status              int
	}{
		{"lost", address(dying), "whether the call took effect is not known", http.StatusBadGateway},
		{"not taken", testkit.FreeAddress(t), "nothing was done", http.StatusServiceUnavailable},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, body := post(t, balancer(t, tt.address, tt.address, tt.address))
			all, err := rpctest.Read([]byte(body))
			if err != nil || len(all) != 1 || all[0].Error == nil {
				t.Fatalf("%v in %q", err, body)
			}
			if code != tt.status || !strings.Contains(all[0].Error.Message, tt.want) {
				t.Errorf("answered %d %s", code, body)
			}
		})
	}
}

func TestBalancerLetsADrainingReplicaFinishItsCalls(t *testing.T) {
	var replicas [3]*replica
	taken, finish := make(chan *replica, 1), make(chan struct{})
	for i := range replicas {
		replicas[i] = newReplica(t, func(_ http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/slow" {
				taken <- replicas[i]
				<-finish
			}
		})
	}
	url := balancer(t, address(replicas[0]), address(replicas[1]), address(replicas[2]))
	slow := make(chan string)
	go func() {
		resp, err := http.Get(url + "/slow")
		if err != nil {
			slow <- err.Error()
			return
		}
		_ = resp.Body.Close()
		slow <- resp.Status
	}()
	draining := <-taken
	draining.draining.Store(true)
	testkit.Eventually(t, "the balancer looks away", func() bool {
		before := draining.calls.Load()
		for range 3 {
			post(t, url)
		}
		return draining.calls.Load() == before
	})
	close(finish)
	if got := <-slow; got != "200 OK" {
		t.Errorf("the call under way got %s", got)
	}
	draining.draining.Store(false)
	testkit.Eventually(t, "the balancer looks at it again", func() bool {
		before := draining.calls.Load()
		post(t, url)
		return draining.calls.Load() > before
	})
}

func TestBalancerTakesTheRequestOfAClientThatGoesAwayAlong(t *testing.T) {
	taken, cancelled := make(chan struct{}), make(chan struct{})
	r := newReplica(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		close(taken)
		<-r.Context().Done()
		close(cancelled)
	})
	url := balancer(t, address(r), address(r), address(r))
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-taken; cancel() }()
	if _, err := rpctest.Post(url, "{}").Send(ctx, http.DefaultClient); err == nil {
		t.Fatal("answered")
	}
	<-cancelled
}

func TestBalancerSaysItselfWhoCallsAndHowTheRequestIsNamed(t *testing.T) {
	headers := make(chan http.Header, 1)
	r := newReplica(t, func(_ http.ResponseWriter, r *http.Request) { headers <- r.Header })
	url := balancer(t, address(r), address(r), address(r))
	rpctest.Post(url, "", "X-Request-Id", "forged", "X-Forwarded-For", "forged", "X-Forwarded-Proto", "forged",
		"X-Forwarded-Host", "forged", "Forwarded", "forged").Do(t)
	got := <-headers
	if ids := got.Values("X-Request-Id"); len(ids) != 1 || len(ids[0]) < 32 || ids[0] == "forged" {
		t.Errorf("request id %q", ids)
	}
	if from := got.Values("X-Forwarded-For"); len(from) != 1 || from[0] != "127.0.0.1" {
		t.Errorf("called from %q", from)
	}
	if proto := got.Values("X-Forwarded-Proto"); len(proto) != 1 || proto[0] != "http" {
		t.Errorf("by %q", proto)
	}
	if got.Get("X-Forwarded-Host") != "" || got.Get("Forwarded") != "" {
		t.Errorf("the client's word passed: %v", got)
	}
}
