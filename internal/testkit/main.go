package testkit

import (
	"fmt"
	"os"
	"time"

	"go.uber.org/goleak"
)

// leaving is how long goroutines may take to end after the last test. net/http waits half a second
// for a client to read a last answer, and goleak no longer than that.
const leaving = 30 * time.Second

// Main runs the tests of a package, and fails if goroutines are left after them.
func Main(tests goleak.TestingM) {
	code := tests.Run()
	if code == 0 {
		if err := left(leaving, func() error { return goleak.Find() }); err != nil {
			fmt.Fprintln(os.Stderr, "goroutines are left:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// left gives what was left in the end.
func left(patience time.Duration, find func() error) error {
	for began := time.Now(); ; {
		if err := find(); err == nil || time.Since(began) > patience {
			return err
		}
	}
}
