package main

import (
	"bufio"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/outputtest"
	"github.com/rogpeppe/go-internal/testscript"
)

// asGateway makes the test binary behave as the gateway: the tests drive real processes without
// building another one.
const asGateway = "CLERK_GATEWAY_TEST_PROCESS"

func TestMain(m *testing.M) {
	if os.Getenv(asGateway) != "" {
		os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
	}
	testscript.Main(m, map[string]func(){
		"gateway": func() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) },
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", Setup: func(e *testscript.Env) error {
		e.Setenv("STRONG", rand.Text()+rand.Text()) // a secret that nobody has read anywhere
		return nil
	}})
}

// process is a gateway that runs on its own.
type process struct {
	cmd    *exec.Cmd
	url    string            // base URL
	ready  map[string]string // the fields of the ready line
	stderr *outputtest.Buffer
	done   chan struct{}
	err    error
}

// startTimeout is for machines that are busy with other things; the process is ready far sooner.
const startTimeout = 60 * time.Second

// start runs the gateway with these arguments until the test ends and returns once it is ready.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.Command(exe, args...), stderr: &outputtest.Buffer{}, done: make(chan struct{}), ready: map[string]string{}}
	p.cmd.Env = append(os.Environ(), asGateway+"=1")
	p.cmd.Stderr = p.stderr
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 1)
	go func() {
		defer close(p.done)
		for sc := bufio.NewScanner(stdout); sc.Scan(); {
			if strings.HasPrefix(sc.Text(), "ready ") {
				lines <- sc.Text()
			}
		}
		p.err = p.cmd.Wait()
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.done
		if t.Failed() {
			t.Logf("the gateway's log:\n%s", p.stderr)
		}
	})
	select {
	case line := <-lines:
		for field := range strings.FieldsSeq(line) {
			if k, v, ok := strings.Cut(field, "="); ok {
				p.ready[k] = v
			}
		}
		p.url = p.ready["url"]
	case <-p.done:
		t.Fatalf("the gateway ended before it was ready: %v\n%s", p.err, p.stderr)
	case <-time.After(startTimeout):
		t.Fatal("the gateway is not ready")
	}
	return p
}

// startDemo runs the demo on free ports, without a login unless the arguments ask for one.
func startDemo(t *testing.T, args ...string) *process {
	t.Helper()
	return start(t, append([]string{"demo", "--auth", "none", "--listen", "127.0.0.1:0", "--sandbox-listen", "127.0.0.1:0"}, args...)...)
}

// stop sends SIGTERM and returns the exit code.
func (p *process) stop(t *testing.T) int {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	select {
	case <-p.done:
	case <-time.After(startTimeout):
		t.Fatal("the gateway does not stop")
	}
	return p.cmd.ProcessState.ExitCode()
}

// sandboxMessages is what was committed in the sandbox.
func (p *process) sandboxMessages(t *testing.T) []sandboxMessage {
	t.Helper()
	var body struct{ Messages []sandboxMessage }
	getJSON(t, p.ready["sandbox"]+"/_sandbox/messages", &body)
	return body.Messages
}

type sandboxMessage struct {
	Body    string   `json:"body"`
	Sender  string   `json:"sender"`
	Members []string `json:"members"`
}

func getJSON(t *testing.T, url string, v any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if err := json.NewDecoder(resp.Body).Decode(v); err != nil {
		t.Fatal(err)
	}
}
