package redisstore

import (
	"context"
	"sync/atomic"
)

// MaxWaiting is how many calls may wait before [Store.Crowded] asks for no more. A waiting call costs its goroutine and what
// its request holds, some ten KiB, so all of them together stay at tens of MiB; and Redis serves as many in well under a
// second.
const MaxWaiting = 2048

// line is the queue in front of the store: only so many calls are under way, the others wait, first come first served. Their
// clocks start when their turn comes, so that waiting for one's own process is never taken for an outage of Redis. Fewer
// calls than the pool has connections are let through: no call waits for a connection, and some are left for what does not
// stand in line.
type line struct {
	turns   chan struct{} // holds one for each call under way; blocked senders are served in order
	waiting atomic.Int64
}

// newLine lets three quarters of a pool's connections be used.
func newLine(poolSize int) *line { return &line{turns: make(chan struct{}, max(1, poolSize*3/4))} }

// enter waits for the caller's turn, as long as ctx lives. If it is false the turn did not come. Who need not wait has a turn
// whatever ctx says.
func (l *line) enter(ctx context.Context) bool {
	select {
	case l.turns <- struct{}{}:
		return true
	default:
	}
	l.waiting.Add(1)
	defer l.waiting.Add(-1)
	select {
	case l.turns <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (l *line) leave() { <-l.turns }

// Waiting is how many calls wait for their turn. It costs next to nothing.
func (s *Store) Waiting() int { return int(s.line.waiting.Load()) }

// Crowded tells whether so many calls wait that a request had better be refused before anything is done for it.
func (s *Store) Crowded() bool { return s.Waiting() >= MaxWaiting }
