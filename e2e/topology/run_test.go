//go:build unix

package topology_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/e2e/topology"
	"github.com/clerkchat/mcp-gateway/internal/outputtest"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// build makes the gateway's binary.
func build(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "gateway")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-C", root, "-o", path, "./cmd/gateway").CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return path
}

// load plans docker-compose.yml on free ports.
func load(t *testing.T, binary string, env ...string) *topology.Topology {
	t.Helper()
	need(t, "haproxy")
	need(t, "redis-server")
	for _, name := range []string{"BALANCER_PORT", "SANDBOX_PORT"} {
		_, port, err := net.SplitHostPort(testkit.FreeAddress(t))
		if err != nil {
			t.Fatal(err)
		}
		env = append(env, name+"="+port)
	}
	top, err := topology.Load(t.Context(), topology.Options{Dir: copyOf(t, env...), Binary: binary, StateDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	return top
}

// up runs a topology until the test ends and returns its log.
func up(t *testing.T, top *topology.Topology) *outputtest.Buffer {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	log, started, ended := &outputtest.Buffer{}, make(chan struct{}), make(chan error, 1)
	go func() { ended <- top.Run(ctx, log, func() { close(started) }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("stopping: %v", err)
		}
		if t.Failed() {
			t.Log(log.String())
		}
	})
	select {
	case <-started:
	case err := <-ended:
		ended <- nil
		t.Fatalf("it ended: %v\n%s", err, log)
	}
	return log
}

// connect connects a client of the SDK through the balancer, in the era of a protocol version.
func connect(t *testing.T, top *topology.Topology, version string) *mcp.ClientSession {
	t.Helper()
	client := mcp.NewClient(&mcp.Implementation{Name: "topology-test", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{
		Endpoint: "http://" + top.Addresses["balancer"] + "/mcp",
	}, &mcp.ClientSessionOptions{ProtocolVersion: version})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return session
}

// wantCall checks that a message is sent or messages are read.
func wantCall(t *testing.T, s *mcp.ClientSession, tool string, arguments map[string]any) {
	t.Helper()
	result, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: tool, Arguments: arguments})
	if err != nil {
		t.Errorf("%s: %v", tool, err)
		return
	}
	if result.IsError {
		t.Errorf("%s: %v", tool, result.Content[0])
	}
}

func TestStoppingAnyReplicaGoesUnnoticed(t *testing.T) {
	top := load(t, build(t))
	log := up(t, top)
	wantNamedByTheBalancer(t, top)
	sessions := []*mcp.ClientSession{connect(t, top, "2025-11-25"), connect(t, top, "")}
	for _, s := range sessions {
		wantCall(t, s, "send_message", map[string]any{
			"sender": "+15551234567", "recipients": []string{"+15559876543"}, "body": "through the balancer",
		})
	}
	for _, replica := range replicas {
		before := strings.Count(log.String(), replica+" | ready ")
		if err := top.Signal(replica, syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		testkit.Eventually(t, replica+" stops and comes back under calls", func() bool {
			for _, s := range sessions {
				wantCall(t, s, "get_messages", nil)
			}
			return t.Failed() || strings.Count(log.String(), replica+" | ready ") > before
		})
	}
	resp, err := http.Get("http://" + top.Addresses["sandbox"] + "/_sandbox/messages")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var body bytes.Buffer
	if _, err := body.ReadFrom(resp.Body); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(body.String(), `"through the balancer"`); n != 2 {
		t.Errorf("the sandbox has %d of 2 messages: %s", n, &body)
	}
}

func TestTopologyStartsAgainWhatWasKilled(t *testing.T) {
	top := load(t, build(t))
	log := up(t, top)
	s := connect(t, top, "2025-11-25")
	for _, replica := range replicas {
		if err := top.Signal(replica, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
	}
	if err := top.Signal("redis", syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "all replicas are back", func() bool {
		return strings.Count(log.String(), " | ready url=") == 2*len(replicas) && balancerServes(top)
	})
	wantCall(t, s, "get_messages", nil)
}

func balancerServes(top *topology.Topology) bool {
	resp, err := http.Get("http://" + top.Addresses["balancer"] + "/livez")
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

func TestTopologySaysWhichProcessDoesNotStart(t *testing.T) {
	top := load(t, build(t), "GATEWAY_SECRET=short")
	log := &outputtest.Buffer{}
	err := top.Run(t.Context(), log, func() { t.Error("it started") })
	if err == nil || !strings.Contains(err.Error(), "gateway-") || !strings.Contains(err.Error(), "before it served") {
		t.Errorf("error %v", err)
	}
	if !strings.Contains(log.String(), "GATEWAY_SECRET") {
		t.Errorf("the log does not say why:\n%s", log)
	}
}

func TestLoadSaysWhichPortIsTakenAndHowToTakeAnother(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	_, err = topology.Load(t.Context(), topology.Options{
		Dir: copyOf(t, "BALANCER_PORT="+port), Binary: os.Args[0], StateDir: t.TempDir(),
	})
	if err == nil || !strings.Contains(err.Error(), port) || !strings.Contains(err.Error(), "set BALANCER_PORT") {
		t.Errorf("error %v", err)
	}
}

func TestLoadSaysHowToBuildAMissingBinary(t *testing.T) {
	need(t, "redis-server")
	need(t, "haproxy")
	_, err := topology.Load(t.Context(), topology.Options{
		Dir: copyOf(t, "BALANCER_PORT=0", "SANDBOX_PORT=0"), Binary: filepath.Join(t.TempDir(), "gateway"), StateDir: t.TempDir(),
	})
	if err == nil || !strings.Contains(err.Error(), "go build -o bin/gateway ./cmd/gateway") {
		t.Errorf("error %v", err)
	}
}

func TestLoadSaysWhichPackageHasAMissingProgram(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	for _, dir := range []string{"/usr/sbin", "/usr/local/sbin"} {
		if _, err := os.Stat(dir + "/redis-server"); err == nil {
			t.Skipf("%s is looked at too, and redis-server is there", dir)
		}
	}
	_, err := topology.Load(t.Context(), topology.Options{
		Dir: copyOf(t, "BALANCER_PORT=0", "SANDBOX_PORT=0"), Binary: os.Args[0], StateDir: t.TempDir(),
	})
	if err == nil || !strings.Contains(err.Error(), "sudo apt-get install redis-server") {
		t.Errorf("error %v", err)
	}
}

func TestOneTopologyRunsPerStateDirectory(t *testing.T) {
	dir := t.TempDir()
	unlock, err := topology.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := topology.Lock(dir); err == nil || !strings.Contains(err.Error(), "make down") {
		t.Errorf("a second one: %v", err)
	}
	unlock()
	unlock, err = topology.Lock(dir)
	if err != nil {
		t.Errorf("after the first: %v", err)
	}
	unlock()
}

func TestStopEndsWhatHoldsTheStateDirectoryAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := topology.Stop(ctx, dir); !errors.Is(err, topology.ErrNotRunning) {
		t.Errorf("nothing ran: %v", err)
	}
	unlock, err := topology.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	// This process holds it, so this process is asked to stop.
	asked := make(chan os.Signal, 1)
	notify(t, asked)
	go func() { <-asked; unlock() }()
	if err := topology.Stop(ctx, dir); err != nil {
		t.Errorf("stopping: %v", err)
	}
	// The file still names this process, but nobody holds it.
	if err := topology.Stop(ctx, dir); !errors.Is(err, topology.ErrNotRunning) {
		t.Errorf("after it stopped: %v", err)
	}
}

func notify(t *testing.T, c chan os.Signal) {
	t.Helper()
	signal.Notify(c, syscall.SIGTERM)
	t.Cleanup(func() { signal.Stop(c) })
}
