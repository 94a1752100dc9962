package redisstore

import (
	"context"
	"net"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// embeddedTick is how often the clock of the Redis within the process moves. Its values live up to that much longer.
const embeddedTick = time.Second

// embeddedTimeout is so long because there is no other server to be down: an answer that comes late comes from a process
// that has too much to do, and giving up on it would only turn people away.
const embeddedTimeout = 5 * time.Second

// OpenEmbedded makes a store that lives in this process and ends with it. Nothing listens: connections are pipes. A Timeout
// of zero is 5 s here.
func OpenEmbedded(opts Options) *Store {
	if opts.Timeout <= 0 {
		opts.Timeout = embeddedTimeout
	}
	opts = opts.withDefaults()
	server := miniredis.NewMiniRedis()
	single := &redis.Options{
		Addr:   "127.0.0.1:0", // of no meaning, but a name would be looked up
		Dialer: func(context.Context, string, string) (net.Conn, error) { return server.Dial() },
	}
	tune(singleTuning(single))
	client := redis.NewClient(single)
	client.AddHook(opts.guard())

	done, cancel := context.WithCancel(context.Background())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		ticker := time.NewTicker(embeddedTick)
		defer ticker.Stop()
		last := time.Now()
		for {
			select {
			case <-done.Done():
				return
			case <-ticker.C:
				// What passed is measured, since a process that was stopped for a while gets one tick only.
				now := time.Now()
				server.FastForward(now.Sub(last))
				last = now
			}
		}
	}()
	return &Store{client: client, opts: opts, queue: newQueue(single.PoolSize), fastForward: server.FastForward, stop: func() {
		cancel()
		<-stopped
		server.Close()
	}}
}
