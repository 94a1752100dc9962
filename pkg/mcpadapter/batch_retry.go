package mcpadapter

import (
	"context"
	"time"
)

// Between two tries of a part the first pause is short, since a store that was slow once mostly
// answers the next time.
const (
	firstPause = 500 * time.Millisecond
	maxPause   = 8 * time.Second
)

// mayPass tells whether a part certainly had no effect for a reason that may pass: the store or the
// API did not answer in time, or takes no more requests for now.
func mayPass(f Verdict, last *executed) bool {
	switch f.State {
	case StoreDown:
		return true
	case Executed:
		return last.report.Result.NoEffect && last.report.Facts.Outcome == OutcomeUnavailable
	}
	return false
}

// pause waits before a part is tried again, and tells whether it may be: there must be time left
// for it.
func (b *batch) pause(ctx context.Context, wait time.Duration) bool {
	return !b.tools.stopping.Load() && b.tools.pause(ctx, wait) && !b.tools.stopping.Load()
}

// pauseWithin waits unless less than that is left.
func pauseWithin(ctx context.Context, wait time.Duration) bool {
	if end, ok := ctx.Deadline(); ctx.Err() != nil || ok && time.Until(end) <= wait {
		return false
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
