package idempotency

import (
	"context"
	"math/rand/v2"
	"time"
)

const (
	firstBackoff     = 30 * time.Millisecond
	maxBackoff       = 500 * time.Millisecond // while waiting for what the store will have
	maxSearchBackoff = 2 * time.Second        // while searching what others have made, which costs them more
)

// backoff is for waiting with growing pauses. It goes by the time that passes, not by a clock that
// may be set.
type backoff struct {
	begun time.Time
	limit time.Duration
	pause time.Duration
	most  time.Duration // for a pause
}

func newBackoff(limit, most time.Duration) *backoff {
	return &backoff{begun: time.Now(), limit: limit, pause: firstBackoff, most: most}
}

func (p *backoff) spent() time.Duration { return time.Since(p.begun) }

// next makes a pause, and tells whether there may be another trial. The last pause ends with the
// limit.
func (p *backoff) next(ctx context.Context) bool {
	left := p.limit - p.spent()
	if left <= 0 {
		return false
	}
	t := time.NewTimer(min(left, p.pause/2+rand.N(p.pause)))
	defer t.Stop()
	p.pause = min(2*p.pause, p.most)
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
