//go:build unix

package share_test

import (
	"bufio"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/outputtest"
)

// process is a gateway, or its sandbox, that runs until the test ends.
type process struct {
	t     testing.TB
	url   string
	cmd   *exec.Cmd
	log   outputtest.Buffer
	ended chan struct{}
}

// startTimeout is for machines that are busy with other things.
const startTimeout = 60 * time.Second

// serve runs gateway serve on a free port with further flags. It waits for nothing at its end but
// calls under way.
func serve(t testing.TB, flags ...string) *process {
	t.Helper()
	return run(t, append([]string{"serve", "--listen", "127.0.0.1:0", "--drain-delay", "0s"}, flags...)...)
}

// newSandbox runs a simulated Clerk Chat, at which people can sign in too.
func newSandbox(t testing.TB) *process {
	t.Helper()
	return run(t, "sandbox", "--sandbox-listen", "127.0.0.1:0")
}

func run(t testing.TB, args ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(gatewayBinary(t), args...), ended: make(chan struct{})}
	p.cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "GATEWAY_SECRET=" + secret, "CLERK_API_KEY=sandbox-key", "GATEWAY_LOG_LEVEL=warn",
	}
	p.cmd.Stderr = &p.log
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan string, 1)
	go func() {
		defer close(p.ended)
		for lines := bufio.NewScanner(stdout); lines.Scan(); {
			if fields, ok := strings.CutPrefix(lines.Text(), "ready "); ok {
				_, address, _ := strings.Cut(strings.Fields(fields)[0], "=")
				ready <- address
			}
		}
		_ = p.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // it may have ended
		<-p.ended
		if log := p.log.String(); t.Failed() && args[0] == "serve" {
			t.Logf("the end of the gateway's log:\n%s", log[max(0, len(log)-2000):])
		}
	})
	select {
	case p.url = <-ready:
	case <-p.ended:
		t.Fatalf("gateway %s ended before it was ready:\n%s", args[0], p.log.String())
	case <-time.After(startTimeout):
		t.Fatalf("gateway %s is not ready", args[0])
	}
	return p
}

// port is the port that the process listens on.
func (p *process) port() string {
	p.t.Helper()
	u, err := url.Parse(p.url)
	if err != nil {
		p.t.Fatal(err)
	}
	return u.Port()
}

// tooLate is how much later than it should the end of a process or a call may be seen here: the
// machine is busy with the load itself, and with others. It only ends what hangs; how long things
// take is tested in simulated time.
const tooLate = 2 * time.Minute

// terminate asks the process to end, and gives its exit code and how long that took. One that takes
// longer than it may is killed.
func (p *process) terminate(within time.Duration) (code int, took time.Duration) {
	p.t.Helper()
	begun := time.Now()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	select {
	case <-p.ended:
		return p.cmd.ProcessState.ExitCode(), time.Since(begun)
	case <-time.After(within + tooLate):
		p.t.Errorf("it has not ended %v after SIGTERM, %v were given to it", time.Since(begun).Round(time.Millisecond), within)
		_ = p.cmd.Process.Kill()
		<-p.ended
		return -1, time.Since(begun)
	}
}
