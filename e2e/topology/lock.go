//go:build unix

package topology

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrNotRunning says that there is nothing to stop.
var ErrNotRunning = errors.New("nothing runs")

// Lock makes sure that one topology runs per state directory. The file it holds names this process
// for [Stop]; the operating system lets go of it however the process ends.
func Lock(stateDir string) (unlock func(), err error) {
	if err := os.MkdirAll(stateDir, 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(lockFile(stateDir), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("it runs already (%s is held); stop it first: make down", f.Name())
	}
	if err := errors.Join(f.Truncate(0), write(f, strconv.Itoa(os.Getpid()))); err != nil {
		_ = f.Close()
		return nil, err
	}
	return func() { _ = f.Close() }, nil
}

func write(f *os.File, text string) error {
	_, err := f.WriteAt([]byte(text), 0)
	return err
}

// Stop asks the topology that holds the state directory to stop, and waits until it has.
func Stop(ctx context.Context, stateDir string) error {
	f, err := os.OpenFile(lockFile(stateDir), os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return ErrNotRunning
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	held := func() bool { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil }
	if !held() {
		return ErrNotRunning
	}
	data, err := os.ReadFile(f.Name())
	if err != nil {
		return err
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		return fmt.Errorf("%s: %w", f.Name(), err)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return fmt.Errorf("process %d: %w", pid, err)
	}
	for held() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("process %d is still stopping: %w", pid, ctx.Err())
		case <-time.After(probePause):
		}
	}
	return nil
}

func lockFile(stateDir string) string { return filepath.Join(stateDir, "up.lock") }
