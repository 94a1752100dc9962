package redisstore

import (
	"context"
	"net"
	"time"

	"github.com/redis/go-redis/v9"
)

// serverTimeout is so long because there is no other server to be down: an answer that comes late
// comes from a process that has too much to do, and giving up on it would only turn people away.
const serverTimeout = 5 * time.Second

// Server is a Redis within this process, such as a miniredis.
type Server interface {
	// Dial makes a connection to it.
	Dial() (net.Conn, error)
	// Close ends it.
	Close()
}

// OpenServer makes a store over a server within this process; Close of the store closes the server,
// too. A Timeout of zero is 5 s here, and Dial is not used.
func OpenServer(server Server, opts Options) *Store {
	if opts.Timeout <= 0 {
		opts.Timeout = serverTimeout
	}
	opts = opts.withDefaults()
	single := &redis.Options{
		Addr:   "127.0.0.1:0", // of no meaning, but a name would be looked up
		Dialer: func(context.Context, string, string) (net.Conn, error) { return server.Dial() },
	}
	tune(singleTuning(single))
	client := redis.NewClient(single)
	client.AddHook(opts.guard())
	return &Store{client: client, opts: opts, queue: newQueue(single.PoolSize), inProcess: true, stop: server.Close}
}
