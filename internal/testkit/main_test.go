package testkit

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestGoroutinesMayTakeAWhileToEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began, finds := time.Now(), 0
		find := func() error { // as goleak does, which waits for a while by itself
			finds++
			time.Sleep(400 * time.Millisecond)
			if time.Since(began) < 3*time.Second {
				return errors.New("one is left")
			}
			return nil
		}
		if err := left(leaving, find); err != nil || finds != 8 {
			t.Errorf("%v after %d looks", err, finds)
		}
		began = began.Add(time.Hour)
		if err := left(leaving, find); err == nil || time.Since(began.Add(-time.Hour)) > time.Minute {
			t.Errorf("what stays is not found: %v", err)
		}
	})
}
