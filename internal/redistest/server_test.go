//go:build unix

package redistest_test

import (
	"os/exec"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

func TestAServerIsBrokenAndComesBackEmpty(t *testing.T) {
	s := redistest.Start(t)
	addr := s.Addr
	s.Do("SET", "k", "v")
	s.Stop()
	s.Continue()
	if got := s.Do("GET", "k"); got != "v" {
		t.Errorf("after a stop k is %v", got)
	}
	s.Kill()
	if err := s.Client().Ping(t.Context()).Err(); err == nil {
		t.Error("a killed server answers")
	}
	s.Restart()
	if got := s.Do("EXISTS", "k"); got != int64(0) || s.Addr != addr {
		t.Errorf("after a restart at %s, k exists: %v; want it empty at %s", s.Addr, got, addr)
	}
}

// With nothing on the path there is no server.
func TestWithoutAServerTestsAreSkippedButNotUnderCI(t *testing.T) {
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("skip: no redis-server on this machine; apt-get install redis-server provides it")
	}
	t.Setenv("PATH", t.TempDir())
	t.Setenv("CI", "")
	if redistest.Available() {
		t.Error("one is available")
	}
	f := &fake{TB: t}
	f.run()
	if !f.skipped || f.failed {
		t.Errorf("skipped %v, failed %v; want it skipped", f.skipped, f.failed)
	}
	t.Setenv("CI", "true")
	if !redistest.Available() {
		t.Error("under CI a missing one is not a failure")
	}
	f = &fake{TB: t}
	f.run()
	if f.skipped || !f.failed {
		t.Errorf("under CI skipped %v, failed %v; want it failed", f.skipped, f.failed)
	}
}

// fake is a test whose end is looked at.
type fake struct {
	testing.TB
	skipped, failed bool
}

type ended struct{}

func (f *fake) run() {
	defer func() {
		if r := recover(); r != (ended{}) {
			panic(r)
		}
	}()
	redistest.Start(f)
}

func (f *fake) Skip(...any)  { f.skipped = true; panic(ended{}) }
func (f *fake) Fatal(...any) { f.failed = true; panic(ended{}) }
