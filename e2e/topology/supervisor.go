//go:build unix

package topology

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

const (
	// healthDeadline is how long a process may take to serve for the first time; a large
	// append-only file takes a while.
	healthDeadline = 60 * time.Second
	// probePause is between two looks at a process that does not serve yet.
	probePause = 100 * time.Millisecond
	// restartPause is before a process that ended is started again.
	restartPause = 500 * time.Millisecond
)

// supervisor keeps one process running.
type supervisor struct {
	process *Process
	out     *lines

	stopping chan struct{} // closed by stop
	ended    chan struct{} // closed when nothing runs any more
	failure  error         // why, before it ever served; set before ended closes

	mu     sync.Mutex // guards all below
	cmd    *exec.Cmd
	served bool
}

func supervise(p *Process, out *lines) *supervisor {
	s := &supervisor{process: p, out: out, stopping: make(chan struct{}), ended: make(chan struct{})}
	go s.run()
	return s
}

// run starts the process over and over. Before it has served for the first time, its end is final.
func (s *supervisor) run() {
	defer close(s.ended)
	for {
		err := s.once()
		if s.isStopping() {
			return
		}
		s.mu.Lock()
		served := s.served
		s.mu.Unlock()
		if !served {
			s.failure = fmt.Errorf("%s ended before it served: %w", s.process.Name, reason(err))
			return
		}
		s.out.print(s.process.Name, fmt.Sprintf("ended (%v); starting it again", reason(err)))
		select {
		case <-s.stopping:
			return
		case <-time.After(restartPause):
		}
	}
}

func reason(err error) error {
	if err == nil {
		return errors.New("exit status 0")
	}
	return err
}

// once runs the process until it ends.
func (s *supervisor) once() error {
	p := s.process
	if err := os.MkdirAll(p.Dir, 0o700); err != nil {
		return err
	}
	cmd := exec.Command(p.Path, p.Args...) //nolint:noctx // it ends by a signal of its own choice, see stop
	cmd.Dir, cmd.Env = p.Dir, p.Env
	w := s.out.prefixed(p.Name)
	defer w.flush()
	cmd.Stdout, cmd.Stderr = w, w
	// A group of its own: an interrupt at the terminal reaches this program alone, which stops them
	// in order.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.start(cmd); err != nil {
		return err
	}
	return cmd.Wait()
}

// start is exclusive with stop, so that no process is started that nobody stops.
func (s *supervisor) start(cmd *exec.Cmd) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isStopping() {
		return context.Canceled
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	s.cmd = cmd
	return nil
}

func (s *supervisor) isStopping() bool {
	select {
	case <-s.stopping:
		return true
	default:
		return false
	}
}

// untilHealthy waits until the process serves.
func (s *supervisor) untilHealthy(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, healthDeadline)
	defer cancel()
	for {
		probing, done := context.WithTimeout(ctx, probeTimeout)
		err := s.process.probe(probing)
		done()
		if err == nil {
			s.mu.Lock()
			s.served = true
			s.mu.Unlock()
			return nil
		}
		select {
		case <-s.ended:
			return s.failure
		case <-ctx.Done():
			return fmt.Errorf("%s does not serve: %w", s.process.Name, err)
		case <-time.After(probePause):
		}
	}
}

func (s *supervisor) signal(signal os.Signal) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		return fmt.Errorf("%s does not run", s.process.Name)
	}
	return s.cmd.Process.Signal(signal)
}

// stop ends the process for good: with its own signal, and with force when its grace is over. It is
// called once.
func (s *supervisor) stop() error {
	s.mu.Lock()
	close(s.stopping)
	cmd := s.cmd
	s.mu.Unlock()
	if cmd != nil {
		// An error says that it has ended.
		_ = cmd.Process.Signal(s.process.StopSignal)
	}
	select {
	case <-s.ended:
		return nil
	case <-time.After(s.process.StopGrace):
	}
	_ = cmd.Process.Kill()
	<-s.ended
	return fmt.Errorf("%s did not stop within %s and was killed", s.process.Name, s.process.StopGrace)
}
