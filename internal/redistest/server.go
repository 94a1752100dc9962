//go:build unix

package redistest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/clerkchat/mcp-gateway/internal/outputtest"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

// Server is a running redis-server that keeps nothing on disk.
type Server struct {
	// Addr is host and port; the port stays when the server is restarted.
	Addr string

	t      testing.TB
	binary string
	args   []string
	// before are arguments that must stand before all others.
	before []string
	log    outputtest.Buffer
	cmd    *exec.Cmd
	exited chan struct{}
}

// Start runs a server until the test ends, with further arguments such as "--requirepass", "x".
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	return run(t, nil, args)
}

// StartSentinel runs a sentinel with a configuration file, which it rewrites, until the test ends.
func StartSentinel(t testing.TB, config string) *Server {
	t.Helper()
	return run(t, []string{config, "--sentinel"}, nil)
}

func run(t testing.TB, before, args []string) *Server {
	t.Helper()
	binary, err := exec.LookPath("redis-server")
	if err != nil {
		const missing = "no redis-server on this machine; apt-get install redis-server provides it"
		if os.Getenv("CI") == "true" {
			t.Fatal(missing)
		}
		t.Skip("skip: " + missing)
	}
	s := &Server{t: t, binary: binary, before: before, args: args, Addr: testkit.FreeAddress(t)}
	s.start()
	t.Cleanup(s.Kill)
	return s
}

// Available tells whether Start would start a server. Under CI=true it always does or fails.
func Available() bool {
	_, err := exec.LookPath("redis-server")
	return err == nil || os.Getenv("CI") == "true"
}

// URL is the server as a URL.
func (s *Server) URL() string { return "redis://" + s.Addr }

// Client gives a client for commands of the test itself. It is closed when the test ends.
func (s *Server) Client() *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: s.Addr, DisableIdentity: true, PipelinePoolSize: -1})
	s.t.Cleanup(func() { _ = c.Close() })
	return c
}

// Do runs one command and fails the test if it does.
func (s *Server) Do(args ...any) any {
	s.t.Helper()
	result, err := s.Client().Do(context.Background(), args...).Result()
	if err != nil {
		s.t.Fatalf("redis %v: %v", args, err)
	}
	return result
}

// Kill ends the server at once, with all it kept. A server that is not running stays so.
func (s *Server) Kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	<-s.exited
	s.cmd = nil
}

// Restart kills the server and starts it again on the same port, empty.
func (s *Server) Restart() {
	s.t.Helper()
	s.Kill()
	s.start()
}

// Stop makes the server a black hole: connections are accepted by the kernel, and nothing is
// answered until Continue.
func (s *Server) Stop() { s.signal(syscall.SIGSTOP) }

// Continue ends Stop.
func (s *Server) Continue() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(sig os.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(sig); err != nil {
		s.t.Fatal(err)
	}
}

func (s *Server) start() {
	s.t.Helper()
	_, port, _ := net.SplitHostPort(s.Addr)
	args := append(slices.Clone(s.before), "--port", port, "--bind", "127.0.0.1", "--dir", s.t.TempDir())
	if s.before == nil {
		args = append(args, "--save", "", "--appendonly", "no")
	}
	args = append(args, s.args...)
	s.cmd = exec.Command(s.binary, args...)
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	exited := make(chan struct{})
	s.exited = exited
	go func(cmd *exec.Cmd) {
		_ = cmd.Wait()
		close(exited)
	}(s.cmd)
	if err := s.ready(); err != nil {
		s.t.Fatalf("redis-server: %v\n%s", err, s.log.String())
	}
}

// ready waits until the server answers anything at all: under requirepass that is a refusal.
func (s *Server) ready() error {
	deadline := time.Now().Add(time.Minute)
	for time.Now().Before(deadline) {
		select {
		case <-s.exited:
			return fmt.Errorf("it ended at once")
		case <-time.After(5 * time.Millisecond):
		}
		conn, err := net.DialTimeout("tcp", s.Addr, time.Minute)
		if err != nil {
			continue
		}
		_ = conn.SetDeadline(deadline)
		_, err = conn.Write([]byte("PING\r\n"))
		if err == nil {
			_, err = conn.Read(make([]byte, 1))
		}
		_ = conn.Close()
		if err == nil {
			return nil
		}
	}
	return fmt.Errorf("it does not answer")
}
