package testkit

import (
	"testing"
	"time"
)

// limit is longer than anything takes on a machine that is busy with other things: only what hangs exceeds it.
const limit = time.Minute

// Eventually waits for a state that another goroutine or process reaches by itself, and fails the test if it never does.
func Eventually(t testing.TB, what string, reached func() bool) {
	t.Helper()
	for began := time.Now(); !reached(); <-time.After(10 * time.Millisecond) { // others need the processor
		if time.Since(began) > limit {
			t.Fatalf("never: %s", what)
		}
	}
}
