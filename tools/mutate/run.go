package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// test is one that passes without a fault.
type test struct {
	suite
	name    string
	took    time.Duration
	reaches map[int]bool
}

type runner struct {
	work    string
	workers int
	short   bool
	factor  int           // a fault's tests may take so many times what they took without it,
	slack   time.Duration // and so much
	run     *regexp.Regexp
	log     func(format string, args ...any)
}

const maxMemory = 3 << 30 // of a test binary, in bytes: a fault may let it grow without end

var (
	errTimeout = errors.New("time ran out")
	errMemory  = errors.New("memory ran out")
)

// exec runs the named tests of a suite with a fault, or with none (0).
func (r *runner) exec(ctx context.Context, s suite, names []string, fault int, reached string, limit time.Duration) ([]byte, error) {
	tmp, err := os.MkdirTemp(r.work, "t")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, errTimeout)
		defer cancel()
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	cmd := exec.CommandContext(ctx, s.binary, "-test.run", "^("+strings.Join(names, "|")+")$", "-test.failfast",
		"-test.timeout=0", "-test.short="+strconv.FormatBool(r.short))
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), envActive+"="+strconv.Itoa(fault), envReached+"="+reached, "TMPDIR="+tmp)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // what it started ends with it
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go watchMemory(ctx, cmd.Process.Pid, stop)
	err = cmd.Wait()
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // there may be nothing left
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return out.Bytes(), err
}

// watchMemory works where there is /proc.
func watchMemory(ctx context.Context, pid int, stop context.CancelCauseFunc) {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
		if err != nil {
			return
		}
		fields := strings.Fields(string(statm))
		if pages, err := strconv.Atoi(fields[1]); err == nil && pages*os.Getpagesize() > maxMemory {
			stop(errMemory)
			return
		}
	}
}

// baseline runs every test alone and without a fault, fastest first in its answer.
func (r *runner) baseline(ctx context.Context, suites []suite) ([]*test, error) {
	var tests []*test
	for _, s := range suites {
		out, err := command(ctx, s.dir, s.binary, "-test.list", ".")
		if err != nil {
			return nil, err
		}
		for _, name := range strings.Fields(string(out)) {
			if !strings.HasPrefix(name, "Benchmark") && r.run.MatchString(name) {
				tests = append(tests, &test{suite: s, name: name, reaches: map[int]bool{}})
			}
		}
	}
	var mu sync.Mutex
	var failed []error
	r.each(len(tests), func(i int) {
		t := tests[i]
		reached := filepath.Join(r.work, "reached"+strconv.Itoa(i))
		start := time.Now()
		out, err := r.exec(ctx, t.suite, []string{t.name}, 0, reached, 0)
		t.took = time.Since(start)
		if err != nil {
			mu.Lock()
			defer mu.Unlock()
			failed = append(failed, fmt.Errorf("%s%s fails without a fault: %w\n%s", t.prefix, t.name, err, out))
			return
		}
		data, err := os.ReadFile(reached)
		if err != nil {
			return // it reaches none
		}
		for _, line := range strings.Fields(string(data)) {
			if id, err := strconv.Atoi(line); err == nil {
				t.reaches[id] = true
			}
		}
	})
	slices.SortStableFunc(tests, func(a, b *test) int { return cmp.Compare(a.took, b.took) })
	return tests, errors.Join(failed...)
}

// verdict is what the tests say of a fault.
type verdict string

const (
	survived   verdict = "survived"
	unreached  verdict = "not reached"
	killed     verdict = "noticed"
	timedOut   verdict = "time ran out"
	equivalent verdict = "changes nothing"
)

const batch = 2 * time.Second // first the fastest tests, as many as take so long; then double that, and so on

func (r *runner) judge(ctx context.Context, id int, tests []*test) verdict {
	reaching := slices.DeleteFunc(slices.Clone(tests), func(t *test) bool { return !t.reaches[id] })
	if len(reaching) == 0 {
		return unreached
	}
	for most := batch; len(reaching) > 0; most *= 2 {
		var names []string
		var took time.Duration
		s, rest := reaching[0].suite, []*test(nil)
		for _, t := range reaching {
			if t.suite == s && (len(names) == 0 || took+t.took <= most) {
				names, took = append(names, t.name), took+t.took
			} else {
				rest = append(rest, t)
			}
		}
		_, err := r.exec(ctx, s, names, id, "", time.Duration(r.factor)*took+r.slack)
		switch {
		case errors.Is(err, errTimeout) || errors.Is(err, errMemory):
			return timedOut
		case err != nil:
			return killed
		}
		reaching = rest
	}
	return survived
}

// judgeAll returns the verdicts by index; those that are known are not asked for.
func (r *runner) judgeAll(ctx context.Context, faults []*fault, tests []*test, known map[string]string) []verdict {
	verdicts := make([]verdict, len(faults))
	var mu sync.Mutex
	done := 0
	r.each(len(faults), func(i int) {
		if _, ok := known[faults[i].key]; ok {
			verdicts[i] = equivalent
		} else {
			verdicts[i] = r.judge(ctx, i+1, tests)
		}
		mu.Lock()
		defer mu.Unlock()
		if done++; done%25 == 0 {
			r.log("%d of %d faults tried", done, len(faults))
		}
	})
	return verdicts
}

func (r *runner) each(n int, f func(int)) {
	todo := make(chan int)
	var wg sync.WaitGroup
	for range r.workers {
		wg.Go(func() {
			for i := range todo {
				f(i)
			}
		})
	}
	for i := range n {
		todo <- i
	}
	close(todo)
	wg.Wait()
}
