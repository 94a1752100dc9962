//go:build unix

package survival_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/outputtest"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

// secret of all replicas unless a test says otherwise.
const secret = "the-secret-of-the-replicas-in-these-tests"

// binary builds the gateway once for all tests.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(scratch, "gateway")
	out, err := exec.Command("go", "build", "-C", "../../..", "-o", path, "./cmd/gateway").CombinedOutput()
	if err != nil {
		return "", errors.New(string(out))
	}
	return path, nil
})

// scratch is a directory for the binary.
var scratch string

func TestMain(m *testing.M) { testkit.Main(tests{m}) }

// tests removes what the tests share.
type tests struct{ *testing.M }

func (m tests) Run() int {
	dir, err := os.MkdirTemp("", "survival")
	if err != nil {
		panic(err)
	}
	scratch = dir
	code := m.M.Run()
	http.DefaultClient.CloseIdleConnections()
	if err := os.RemoveAll(dir); err != nil {
		panic(err)
	}
	return code
}

// replica is a gateway at a fixed address that can be stopped, killed and started again.
type replica struct {
	t    testing.TB
	name string
	addr string
	env  []string
	args []string

	mu      sync.Mutex
	current *instance
}

// instance is one process of a replica.
type instance struct {
	cmd    *exec.Cmd
	ended  chan struct{}
	killed atomic.Bool // set before it is killed
	log    outputtest.Buffer
}

// newReplica starts a gateway with these variables. It ends with the test.
func newReplica(t testing.TB, name string, env ...string) *replica {
	t.Helper()
	addr := testkit.FreeAddress(t)
	r := &replica{t: t, name: name, addr: addr, args: []string{"serve"}}
	r.env = append([]string{
		"PATH=" + os.Getenv("PATH"), "GATEWAY_LISTEN=" + addr, "GATEWAY_SECRET=" + secret,
		"GATEWAY_DRAIN_DELAY=1s", "CLERK_API_KEY=sandbox-key",
	}, env...)
	r.start()
	t.Cleanup(func() {
		r.kill()
		if t.Failed() {
			t.Logf("%s:\n%s", name, r.current.tail())
		}
	})
	return r
}

// newSandbox starts a simulated Clerk Chat and returns its URL.
func newSandbox(t testing.TB) string {
	t.Helper()
	addr := testkit.FreeAddress(t)
	r := &replica{t: t, name: "sandbox", addr: addr, args: []string{"sandbox"}, env: []string{"GATEWAY_SANDBOX_LISTEN=" + addr}}
	r.start()
	t.Cleanup(r.kill)
	return "http://" + addr
}

func (r *replica) url() string { return "http://" + r.addr }

// running is the process that serves now, or served last.
func (r *replica) running() *instance {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.current
}

// start runs the process and returns once it serves.
func (r *replica) start() {
	r.t.Helper()
	path, err := binary()
	if err != nil {
		r.t.Fatalf("the gateway does not build: %v", err)
	}
	i := &instance{cmd: exec.Command(path, r.args...), ended: make(chan struct{})}
	i.cmd.Env = r.env
	i.cmd.Stderr = &i.log
	stdout, err := i.cmd.StdoutPipe()
	if err != nil {
		r.t.Fatal(err)
	}
	if err := i.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	// The first thing on standard output is the line that begins with ready.
	if _, err := stdout.Read(make([]byte, 6)); err != nil {
		_ = i.cmd.Wait()
		r.t.Fatalf("%s ended before it was ready: %s", r.name, i.tail())
	}
	r.mu.Lock()
	r.current = i
	r.mu.Unlock()
	go func() {
		_, _ = io.Copy(io.Discard, stdout)
		_ = i.cmd.Wait()
		close(i.ended)
	}()
}

// stop asks the process to end and checks that it did so in good order.
func (r *replica) stop() {
	r.t.Helper()
	i := r.running()
	if err := i.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		r.t.Error(err)
	}
	<-i.ended
	if code := i.cmd.ProcessState.ExitCode(); code != 0 {
		r.t.Errorf("%s stopped with exit code %d:\n%s", r.name, code, i.tail())
	}
}

// kill ends the process without notice.
func (r *replica) kill() {
	i := r.running()
	i.killed.Store(true)
	_ = i.cmd.Process.Kill() // it may have ended
	<-i.ended
}

// ready asks as a balancer does.
func (r *replica) ready(ctx context.Context, client *http.Client) bool {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url()+"/readyz?exclude=store", nil)
	if err != nil {
		return false
	}
	resp, err := client.Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

// tail is the end of what it wrote.
func (i *instance) tail() string {
	log := i.log.String()
	return log[max(0, len(log)-4000):]
}
