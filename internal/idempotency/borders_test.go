package idempotency_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/idempotency"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// operations are those of a part that a process makes while something is done.
func (p *process) operations(part string, do func()) int {
	var n atomic.Int64
	p.line.set(func(l *line) {
		l.wait = func(at, _, _ string) {
			if at == part {
				n.Add(1)
			}
		}
	})
	do()
	p.line.set(func(l *line) { l.wait = nil })
	return int(n.Load())
}

func TestAHeartbeatLastsForFiveIntervals(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, _ := running(t, 1)
		synctest.Wait()
		if got := s.longest(replicas); got != 10*time.Second {
			t.Errorf("it lasts for %v", got)
		}
	})
}

func TestTheEpochIsRenewedOnceInAHundredthOfItsLife(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 1, rarely)
		var renewals atomic.Int64
		p[0].line.set(func(l *line) {
			l.wait = func(part, op, _ string) {
				if part == epochs && op == "Replace" {
					renewals.Add(1)
				}
			}
		})
		time.Sleep(10 * 24 * time.Hour) // a hundredth is 21.6 h
		p[0].end()
		if kept := renewals.Load(); kept < 10 || kept > 12 {
			t.Errorf("kept %d times in ten days", kept)
		}
	})
}

func TestTheBacklogOfWithdrawalsHolds512(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 1)
		var a api
		p[0].line.away(true)
		for i := range 600 {
			want(t, p[0], a.contact(fmt.Sprint("k", i), "Jane", outcome{}), mcpadapter.StoreDown)
		}
		time.Sleep(100 * time.Millisecond)
		if n := p[0].operations(operations, func() { time.Sleep(2 * time.Second) }); n != 3 {
			t.Errorf("%d trials of what waits in one pass; want 3", n)
		}
		p[0].line.away(false)
		if n := p[0].operations(operations, func() { time.Sleep(4 * time.Second) }); n != 512 && n != 513 { // one more if it was in hand
			t.Errorf("%d are withdrawn when the store is back; want 512", n)
		}
	})
}

func TestAWaitingDuplicateBacksOff(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 2)
		var a api
		done := make(chan struct{})
		go func() {
			defer close(done)
			do(t.Context(), p[0], a.contact("k", "Jane", outcome{takes: 100 * time.Second}))
		}()
		time.Sleep(time.Second)
		n := p[1].operations(operations, func() { want(t, p[1], a.contact("k", "Jane", outcome{}), mcpadapter.InProgress) })
		if n < 120 || n > 380 { // two for each look, with pauses of 250 to 750 ms in 45 s
			t.Errorf("%d operations", n)
		}
		<-done
	})
}

func TestARefusedRetryLeavesTheFirstAttemptUnknown(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 2, func(o *idempotency.Options) { o.RetryAbsent = true })
		var a api
		w := dyingAt(p[0], a.message("k", "text", outcome{dropped: true}), "committed")
		do(t.Context(), p[0], w)
		p[0].die()
		time.Sleep(time.Minute)
		want(t, p[1], a.message("k", "text", outcome{refused: true}), mcpadapter.Executed)
		want(t, p[1], a.message("k", "text", outcome{}), mcpadapter.Executed)
		a.wantMade(t, "k", 1)
	})
}
