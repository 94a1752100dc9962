package redisstore

import (
	"context"
	"sync/atomic"
)

// MaxWaiting is how many calls may wait before [Store.Crowded] asks for no more. A waiting call
// costs its goroutine and what its request holds, some ten KiB, so all of them together stay at
// tens of MiB; and Redis serves as many in well under a second.
const MaxWaiting = 2048

// queue stands in front of the store: only so many calls are under way, the others wait, first come
// first served. Their clocks start when their turn comes, so that waiting for one's own process is
// never taken for an outage of Redis. Fewer calls than the pool has connections are let through: no
// call waits for a connection, and some are left for what does not stand in the queue.
type queue struct {
	turns   chan struct{} // holds one for each call under way; blocked senders are served in order
	waiting atomic.Int64
}

// newQueue lets three quarters of a pool's connections be used.
func newQueue(poolSize int) *queue { return &queue{turns: make(chan struct{}, max(1, poolSize*3/4))} }

// enter waits for the caller's turn, as long as ctx lives. If it is false the turn did not come.
// Who need not wait has a turn whatever ctx says.
func (q *queue) enter(ctx context.Context) bool {
	select {
	case q.turns <- struct{}{}:
		return true
	default:
	}
	q.waiting.Add(1)
	defer q.waiting.Add(-1)
	select {
	case q.turns <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (q *queue) leave() { <-q.turns }

// Waiting is how many calls wait for their turn. It costs next to nothing.
func (s *Store) Waiting() int { return int(s.queue.waiting.Load()) }

// Crowded tells whether so many calls wait that a request had better be refused before anything is
// done for it.
func (s *Store) Crowded() bool { return s.Waiting() >= MaxWaiting }
