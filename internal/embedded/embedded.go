package embedded

import (
	"context"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

// tick is how often the clock of the Redis within the process moves. Its values live up to that
// much longer.
const tick = time.Second

// Open makes a store that lives in this process and ends with it. Nothing listens: connections are
// pipes. A Timeout of zero is what [redisstore.OpenServer] makes of it.
func Open(opts redisstore.Options) *redisstore.Store {
	ctx, cancel := context.WithCancel(context.Background())
	s := &server{Miniredis: miniredis.NewMiniRedis(), cancel: cancel, stopped: make(chan struct{})}
	go s.moveClock(ctx)
	return redisstore.OpenServer(s, opts)
}

// server is a miniredis whose values age.
type server struct {
	*miniredis.Miniredis
	cancel  context.CancelFunc
	stopped chan struct{}
}

// Close ends the clock, then the server.
func (s *server) Close() {
	s.cancel()
	<-s.stopped
	s.Miniredis.Close()
}

func (s *server) moveClock(ctx context.Context) {
	defer close(s.stopped)
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			// What passed is measured, since a process that was stopped for a while gets one tick
			// only.
			now := time.Now()
			s.FastForward(now.Sub(last))
			last = now
		}
	}
}
