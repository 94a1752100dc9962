package clerkapi

import (
	"errors"
	"maps"
	"sync"
	"time"
)

// The circuit breaker: the API is left alone where it fails persistently.

const (
	defaultCircuitFailures = 5
	defaultCircuitPause    = 15 * time.Second
	// maxCircuits bounds the memory for what fails; beyond it the API is asked every time.
	maxCircuits = 10_000
	// circuitLife is after how many pauses without a call a failure is forgotten, if there are too
	// many: tokens end, and nobody comes back with them.
	circuitLife = 10
)

// circuits leave the API alone where it fails persistently: per credential and operation, since one
// may fail while others work. There is one entry for each that failed last, and none where all is
// well.
type circuits struct {
	failures int
	pause    time.Duration
	now      func() time.Time

	mu      sync.Mutex
	failing map[circuitKey]*circuit
	// swept is when it was last looked for what can be forgotten.
	swept time.Time
}

type circuitKey struct {
	credential Credential
	operation  string
}

type circuit struct {
	failures int
	// last is when it last failed, until when the pause ends; the zero time before there is one.
	last, until time.Time
	// trial: a call is finding out whether the pause is over.
	trial bool
}

// enter tells how long the API is still left alone, 0 if a call may be made. After that
// [circuits.leave] must be called.
func (cs *circuits) enter(k circuitKey) (wait time.Duration) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	c := cs.failing[k]
	if c == nil || c.until.IsZero() {
		return 0
	}
	if left := c.until.Sub(cs.now()); left > 0 {
		return left
	}
	if c.trial {
		return time.Second // it will know more
	}
	c.trial = true
	return 0
}

// leave takes in how a call ended. That its caller gave up says nothing of the API.
func (cs *circuits) leave(k circuitKey, err error, gaveUp bool) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	c := cs.failing[k]
	switch {
	case gaveUp && err != nil:
		if c != nil {
			c.trial = false
		}
		return
	case !isFailure(err):
		delete(cs.failing, k)
		return
	case c == nil:
		if len(cs.failing) >= maxCircuits && !cs.sweep() {
			return
		}
		c = &circuit{}
		cs.failing[k] = c
	}
	c.failures++
	c.trial = false
	c.last = cs.now()
	if c.failures >= cs.failures {
		c.until = c.last.Add(cs.pause)
	}
}

// sweep forgets failures that nobody has come back to, at most once in a pause, and tells whether
// there is room then.
func (cs *circuits) sweep() bool {
	now := cs.now()
	if now.Sub(cs.swept) < cs.pause {
		return false
	}
	cs.swept = now
	maps.DeleteFunc(cs.failing, func(_ circuitKey, c *circuit) bool { return now.Sub(c.last) > circuitLife*cs.pause })
	return len(cs.failing) < maxCircuits
}

// isFailure tells whether an error means that the API does not work, rather than that it does not
// like a request.
func isFailure(err error) bool {
	for _, reason := range []error{ErrServer, ErrTimeout, ErrInterrupted, ErrUnreachable} {
		if errors.Is(err, reason) {
			return true
		}
	}
	return false
}
