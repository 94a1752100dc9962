//go:build unix

package topology

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
)

// Run starts every process, calls started once all of them serve, and blocks until ctx ends; then
// it stops them all, those that others depend on last. What the processes write goes to log, line
// by line, behind the service's name. A process that ends is started again, unless it has never
// served: that is an error.
func (t *Topology) Run(ctx context.Context, log io.Writer, started func()) (err error) {
	out := &lines{w: log}
	var running [][]*supervisor
	defer func() { err = errors.Join(err, stopAll(running)) }()
	defer t.running.Clear()
	for _, level := range t.Levels {
		supervisors := make([]*supervisor, len(level))
		for i, p := range level {
			supervisors[i] = supervise(p, out)
			t.running.Store(p.Name, supervisors[i])
		}
		running = append(running, supervisors)
		for _, s := range supervisors {
			if err := s.untilHealthy(ctx); err != nil {
				if ctx.Err() != nil {
					return nil
				}
				return err
			}
		}
	}
	started()
	<-ctx.Done()
	return nil
}

// Signal sends a signal to the process of a service while [Topology.Run] runs it. If it ends by
// that, it is started again.
func (t *Topology) Signal(service string, signal os.Signal) error {
	s, ok := t.running.Load(service)
	if !ok {
		return fmt.Errorf("%s does not run", service)
	}
	return s.(*supervisor).signal(signal)
}

// stopAll ends the processes, level by level, last started first.
func stopAll(running [][]*supervisor) error {
	var errs []error
	for _, level := range slices.Backward(running) {
		var wg sync.WaitGroup
		results := make([]error, len(level))
		for i, s := range level {
			wg.Go(func() { results[i] = s.stop() })
		}
		wg.Wait()
		errs = append(errs, results...)
	}
	return errors.Join(errs...)
}
