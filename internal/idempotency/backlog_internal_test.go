package idempotency

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// Writes that are too old are dropped after one more trial, which is no reason to try each of them
// while the process stops.
func TestClosingTriesAStoreThatIsAwayOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := &Guard{backlog: backlog{tryTime: tryTime, closed: make(chan struct{})}}
		for range 100 {
			m.backlog.add(pendingWrite{change: func(ctx context.Context) error {
				<-ctx.Done() // nothing answers
				return ctx.Err()
			}})
		}
		time.Sleep(writeLimit + time.Second)
		began := time.Now()
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > 2*tryTime { // the trial that is under way, and one more
			t.Errorf("closing took %v", took)
		}
	})
}
