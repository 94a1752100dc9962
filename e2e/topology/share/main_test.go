//go:build unix

package share_test

import (
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

var full = flag.Bool("full", false, "run the loads in full instead of in small")

// size is how large a load is.
func size(inFull, inSmall int) int {
	if *full {
		return inFull
	}
	return inSmall
}

// secret is the gateways' secret in this run.
var secret = rand.Text() + rand.Text()

// scratch is a directory for the binary.
var scratch string

// binary builds the gateway once for all tests, as it is shipped: without the race detector.
var binary = sync.OnceValues(func() (string, error) {
	path := filepath.Join(scratch, "gateway")
	out, err := exec.Command("go", "build", "-C", "../../..", "-o", path, "./cmd/gateway").CombinedOutput()
	if err != nil {
		return "", errors.New(string(out))
	}
	return path, nil
})

func gatewayBinary(t testing.TB) string {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatalf("the gateway does not build: %v", err)
	}
	return path
}

var help = sync.OnceValue(func() string {
	path, err := binary()
	if err != nil {
		return ""
	}
	out, _ := exec.Command(path, "serve", "--help").CombinedOutput()
	return string(out)
})

// bounded tells whether the gateway has a bound that a flag sets. Where it has one a load keeps to
// it, since what is refused at once shows nothing; where it has none the load asks for as much as
// it likes.
func bounded(flagName string) bool { return strings.Contains(help(), flagName+"=") }

// skip says what a machine lacks; where everything has to run that is a failure.
func skip(t testing.TB, missing string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(missing)
	}
	t.Skip("skip: " + missing)
}

func TestMain(m *testing.M) { testkit.Main(tests{m}) }

// tests removes what the tests share, and prints the figures.
type tests struct{ *testing.M }

func (m tests) Run() int {
	dir, err := os.MkdirTemp("", "share")
	if err != nil {
		panic(err)
	}
	scratch = dir
	code := m.M.Run()
	http.DefaultClient.CloseIdleConnections()
	if err := os.RemoveAll(dir); err != nil {
		panic(err)
	}
	figures.print()
	return code
}

// figures are what the loads came to, in the order in which they ended.
var figures report

type report struct {
	mu    sync.Mutex
	lines []string
}

// figure notes what a load came to.
func figure(t testing.TB, format string, args ...any) {
	t.Helper()
	line := fmt.Sprintf(format, args...)
	t.Log(line)
	figures.mu.Lock()
	defer figures.mu.Unlock()
	figures.lines = append(figures.lines, strings.TrimPrefix(t.Name(), "Test")+": "+line)
}

func (r *report) print() {
	if len(r.lines) == 0 {
		return
	}
	fmt.Printf("\nWhat the loads came to:\n  %s\n\n", strings.Join(r.lines, "\n  "))
}
