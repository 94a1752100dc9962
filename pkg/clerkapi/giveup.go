package clerkapi

import (
	"context"
	"errors"
	"sync"
)

// Until returns a client whose calls are finished once an attempt is under way, but not tried again
// after given has ended: a wait before another attempt ends then. It shares everything else.
func (c *Client) Until(given context.Context) *Client {
	u := c.user
	u.given = given
	return newClient(u)
}

// GivenUp tells whether the context of [Client.Until] says that nothing is to be tried again.
func (c *Client) GivenUp() bool { return c.user.given != nil && c.user.given.Err() != nil }

var errGivenUp = errors.New("the caller gave up while the next attempt was due")

// giveUp is a call's part of [Client.Until].
type giveUp struct {
	given context.Context //nolint:containedctx // of the one call
	stop  context.CancelCauseFunc

	mu      sync.Mutex
	waiting bool // for the next attempt
}

// watch gives the context of the attempts, which ends if the caller gives up during a wait.
func (g *giveUp) watch(parent context.Context) (ctx context.Context, end func()) {
	if g.given == nil {
		return parent, func() {}
	}
	ctx, g.stop = context.WithCancelCause(parent)
	unwatch := context.AfterFunc(g.given, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		if g.waiting {
			g.stop(errGivenUp)
		}
	})
	return ctx, func() { unwatch(); g.stop(nil) }
}

// setWaiting tells that a wait begins or ends. An attempt that has begun is not stopped any more.
func (g *giveUp) setWaiting(waiting bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.waiting = waiting; waiting && g.isOver() {
		g.stop(errGivenUp)
	}
}

func (g *giveUp) isWaiting() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.waiting
}

// isOver tells that there is to be no other attempt.
func (g *giveUp) isOver() bool { return g.given != nil && g.given.Err() != nil }

// brokeOff tells that a wait ended since the caller gave up.
func (g *giveUp) brokeOff(ctx context.Context) bool { return errors.Is(context.Cause(ctx), errGivenUp) }
