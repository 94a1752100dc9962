package testkit

import (
	"testing"
	"time"
)

// limit is longer than anything takes on a machine that is busy with other things: only what hangs
// exceeds it.
const limit = 3 * time.Minute

// Eventually waits for a state that another goroutine or process reaches by itself, and ends the
// test if it never does.
func Eventually(t testing.TB, what string, reached func() bool) {
	t.Helper()
	if !Reached(reached) {
		t.Fatalf("never: %s", what)
	}
}

// Reached waits like Eventually, and tells whether the state was reached, for a test that has more
// to say or to clean up.
func Reached(reached func() bool) bool {
	for began := time.Now(); !reached(); <-time.After(10 * time.Millisecond) { // others need the processor
		if time.Since(began) > limit {
			return false
		}
	}
	return true
}
