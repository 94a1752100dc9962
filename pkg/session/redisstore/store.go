package redisstore

import (
	"context"
	"errors"
	"net"
	"runtime"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
)

const probeTTL = 10 * time.Second

// Options adjust a Store. The zero value is good.
type Options struct {
	// Timeout is the longest that one call may take once its turn has come; 500 ms if zero. A
	// server that is a black hole costs it once, since then it rests; so it is long enough for a
	// process that is busy with itself.
	Timeout time.Duration
	// OnChange is called when a server stops or begins to serve, or to take writes, as far as calls
	// tell; kind is what is wrong. It must return at once. It is for one line in the log and a
	// metric.
	OnChange func(kind Kind, up bool)
	// Dial makes the connections to a single server. Default: to the address of the URL.
	Dial func(ctx context.Context) (net.Conn, error)
}

// Store is a Redis. It may be used by many goroutines at once.
type Store struct {
	client redis.UniversalClient
	opts   Options
	queue  *queue
	// waits says that a call whose server rests waits for the end of the rest.
	waits bool
	// stop ends what runs beside the client.
	stop func()
	// inProcess says that the server is part of this process.
	inProcess bool
}

// Open makes a store of a URL; see [ParseURL] for what it may be. It does not wait for Redis: a
// store that is down at start works as soon as Redis does. The error says what is wrong with the
// URL without quoting it.
func Open(url string, opts Options) (*Store, error) {
	target, err := parse(url)
	if err != nil {
		return nil, err
	}
	opts = opts.withDefaults()
	guarded := func(c *redis.Client) { c.AddHook(opts.guard()) }
	s := &Store{opts: opts, queue: newQueue(target.poolSize()), stop: func() {}}
	switch {
	case target.cluster != nil:
		c := redis.NewClusterClient(target.cluster)
		c.OnNewNode(guarded)
		s.client = c
	case target.sentinel != nil:
		c := redis.NewFailoverClient(target.sentinel)
		guarded(c)
		s.client = c
	default:
		if opts.Dial != nil {
			target.single.Dialer = func(ctx context.Context, _, _ string) (net.Conn, error) { return opts.Dial(ctx) }
		}
		c := redis.NewClient(target.single)
		guarded(c)
		s.client = c
	}
	return s, nil
}

// WithTimeout is the same Redis for requests that had rather wait than fail, such as those of a
// sign-in: a call may take timeout if that is longer, and one that is not made since the server
// rests is made afterwards if there is time. Both wait in the same queue, and either one's Close
// closes both.
func (s *Store) WithTimeout(timeout time.Duration) *Store {
	p := *s
	p.opts.Timeout, p.waits = max(timeout, s.opts.Timeout), true
	return &p
}

// Ping tells whether Redis answers and takes writes. It is for readiness, so it asks no more often
// than other calls do, and it does not stand in the queue: a long queue says nothing about Redis.
func (s *Store) Ping(ctx context.Context) error {
	probe := *s
	probe.queue = newQueue(1)
	return probe.do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		return c.Set(ctx, probeKey, 1, probeTTL).Err()
	})
}

// Close ends all connections. Calls under way and later ones fail.
func (s *Store) Close() error {
	err := s.client.Close()
	s.stop()
	if errors.Is(err, redis.ErrClosed) {
		return nil
	}
	return err
}

// SilenceLibrary keeps go-redis from writing its own log, which goes to standard error and names
// addresses and causes. The setting is global, so only what wires a process may call it, at start;
// OnChange tells operators what they need.
func SilenceLibrary() { logging.Disable() }

func (o Options) withDefaults() Options {
	if o.Timeout <= 0 {
		o.Timeout = 500 * time.Millisecond
	}
	if o.OnChange == nil {
		o.OnChange = func(Kind, bool) {}
	}
	return o
}

func (o Options) guard() *guard {
	return &guard{begun: time.Now(), onChange: o.OnChange, yield: runtime.Gosched}
}
