package idempotency_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/idempotency"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// longest is how long the records of a part live at most from now on.
func (s *memStore) longest(part string) (longest time.Duration) {
	for name, end := range s.Ends() {
		if strings.HasPrefix(name, part+"/") {
			longest = max(longest, time.Until(end))
		}
	}
	return longest
}

func TestHowLongRecordsLive(t *testing.T) {
	const day = 24 * time.Hour
	inTime(t, func(t *testing.T) {
		s, p := running(t, 1)
		var a api
		want(t, p[0], a.message("k", "text", outcome{}), mcpadapter.Executed)
		want(t, p[0], a.message("open", "another", outcome{dropped: true}), mcpadapter.NotFoundYet)
		for part, life := range map[string]time.Duration{operations: day, claims: day + time.Hour, fingerprints: day + time.Hour, epochs: 90 * day} {
			if got := s.longest(part); got < life-5*time.Minute || got > life+2*time.Minute {
				t.Errorf("%s live for %v, want %v", part, got, life)
			}
		}
		time.Sleep(2 * time.Minute)
		s, p = running(t, 1)
		want(t, p[0], a.message("refused", "text", outcome{refused: true}), mcpadapter.Executed)
		if got := s.longest(operations); got != 30*time.Second {
			t.Errorf("a refusal lives for %v", got)
		}
	})
}

// Without a key a record is there while its call runs and waits, and as long as a retransmission
// may come after it.
func TestRecordOfARetransmissionOutlivesItsCall(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, p := running(t, 1, func(o *idempotency.Options) {
			o.Attempt, o.WaitTime, o.RetransmissionLife = 3*time.Minute, 40*time.Second, time.Minute
		})
		var a api
		o := a.message("", "text", outcome{})
		o.Retransmission = mcpadapter.Retransmission{Session: "s", RequestID: "n:1"}
		attempt, during := o.Attempt, time.Duration(0)
		o.Attempt = func(ctx context.Context, commit func(context.Context) error) mcpadapter.Attempted {
			during = s.longest(operations)
			return attempt(ctx, commit)
		}
		want(t, p[0], o, mcpadapter.Executed)
		if during != 4*time.Minute+40*time.Second {
			t.Errorf("while the call runs its record lives for %v", during)
		}
	})
}
