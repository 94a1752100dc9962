package idempotency_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/idempotency"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// An outage of the API can leave more attempts of one fingerprint than a list should have. The list
// stays usable, and remembers that there were more.
func TestAListOfOpenAttemptsIsBounded(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, p := running(t, 1, func(o *idempotency.Options) { o.ReconcileTime = time.Millisecond })
		var a api
		size := func() int {
			v, _, _ := s.part(fingerprints).Get(t.Context(), s.names(fingerprints)[0])
			return len(v)
		}
		for i := range 60 {
			do(t.Context(), p[0], a.message(fmt.Sprint("k", i), "text", outcome{dropped: true}))
		}
		bound := size()
		for i := range 300 {
			do(t.Context(), p[0], a.message(fmt.Sprint("l", i), "text", outcome{dropped: true}))
		}
		if now := size(); now > 2*bound {
			t.Errorf("a list has grown from %d to %d bytes", bound, now)
		}
		want(t, p[0], a.message("known", "text", outcome{}), mcpadapter.Executed)
		want(t, p[0], a.message("lost", "text", outcome{cut: true}), mcpadapter.Indeterminate)
	})
}

func TestTwoAttemptsLeaveAListAtOnce(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 2)
		var a api
		mute(p[0]) // so that two are in one list
		var all sync.WaitGroup
		all.Go(func() { want(t, p[0], a.message("one", "text", outcome{takes: 20 * time.Second}), mcpadapter.Executed) })
		time.Sleep(12 * time.Second)
		w, letGo := stalled(a.message("two", "text", outcome{}), true)
		all.Go(func() { want(t, p[1], w, mcpadapter.Executed) })
		n := 0
		p[0].line.set(func(l *line) {
			l.wait = func(part, op, _ string) {
				if part != fingerprints || op != "Replace" {
					return
				}
				if n++; n == 2 { // it has read the list again
					letGo()
					time.Sleep(time.Second)
				}
			}
		})
		all.Wait()
		if n < 3 {
			t.Errorf("it wrote %d times", n)
		}
		want(t, p[1], a.message("three", "text", outcome{cut: true}), mcpadapter.Reconciled)
	})
}

func TestAnOverflowOfOpenAttemptsIsRemembered(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, p := running(t, 1)
		var a api
		want(t, p[0], a.message("lost", "text", outcome{dropped: true}), mcpadapter.NotFoundYet)
		for i := range 60 {
			dying := start(t, s)
			time.Sleep(5 * time.Second)
			do(t.Context(), dying, dyingAt(dying, a.message(fmt.Sprint("k", i), "text", outcome{}), "prepared"))
			dying.die()
			time.Sleep(10 * time.Second)
		}
		for i := range 60 {
			want(t, p[0], a.message(fmt.Sprint("k", i), "text", outcome{}), mcpadapter.Executed)
		}
		want(t, p[0], a.message("cut", "text", outcome{cut: true}), mcpadapter.Indeterminate)
	})
}

func TestAnOpenAttemptIsDroppedInTheEnd(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 1, rarely)
		var a api
		w := a.message("", "text", outcome{dropped: true})
		w.Retransmission = mcpadapter.Retransmission{Session: "s", RequestID: "n:1"}
		want(t, p[0], w, mcpadapter.NotFoundYet)
		for day := range 8 { // the list is in use every day
			want(t, p[0], a.message(fmt.Sprint("day", day), "text", outcome{}), mcpadapter.Executed)
			if day < 7 {
				want(t, p[0], a.message(fmt.Sprint("lost", day), "text", outcome{refused: true}), mcpadapter.Executed)
			}
			time.Sleep(23 * time.Hour)
		}
		want(t, p[0], a.message("a", "text", outcome{}), mcpadapter.Executed)
		want(t, p[0], a.message("b", "text", outcome{cut: true}), mcpadapter.Reconciled)
	})
}

func TestAnUnreadableListCountsAsOpen(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, p := running(t, 1)
		var a api
		want(t, p[0], a.message("one", "text", outcome{dropped: true}), mcpadapter.NotFoundYet)
		_, _, _ = s.part(fingerprints).GetSet(t.Context(), s.names(fingerprints)[0], []byte("rubbish"), time.Hour)
		want(t, p[0], a.message("two", "text", outcome{}), mcpadapter.Executed)
		want(t, p[0], a.message("three", "text", outcome{cut: true}), mcpadapter.Indeterminate)
	})
}
