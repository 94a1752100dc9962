package redisstore

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync"

	"github.com/redis/go-redis/v9"
)

// prefetch is what one request is going to read, and then what it was.
type prefetch struct {
	mu       sync.Mutex
	store    *Store
	expected []string // keys, until the first of them is read
	read     map[string]reading
}

type reading struct {
	value []byte
	found bool
	err   error
}

// ReadAhead makes the context of a request whose reads are known beforehand: the first
// [Keyspace.Get] of what was expected fetches all of it in one round trip, and each later one finds
// what is there by then, once. What nobody reads is nothing lost; what is written meanwhile is not
// seen by that one read, which could have come before it.
func (s *Store) ReadAhead(ctx context.Context) context.Context {
	v := valuesOf(ctx)
	v.prefetch = &prefetch{store: s}
	return withValues(ctx, v)
}

// Prefetch is middleware: it serves each request with a context of [Store.ReadAhead]. expect says
// which names can be told from the request itself, by [Keyspace.Expect] with the request's context;
// whoever learns more before the first read adds it.
func (s *Store) Prefetch(next http.Handler, expect func(r *http.Request)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.WithContext(s.ReadAhead(r.Context()))
		expect(r)
		next.ServeHTTP(w, r)
	})
}

// Expect says that a name is going to be read with a context of [Store.ReadAhead]. With another
// one, and after the first read, it has no effect.
func (b *Keyspace) Expect(ctx context.Context, name string) {
	a := valuesOf(ctx).prefetch
	if a == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.read == nil {
		a.expected = append(a.expected, b.key(name))
	}
}

// take gives what was read ahead of a key; ok is false if nothing was.
func (a *prefetch) take(ctx context.Context, key string) (r reading, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.read == nil {
		if !slices.Contains(a.expected, key) {
			return r, false
		}
		a.read = a.store.readAll(ctx, a.expected)
	}
	r, ok = a.read[key]
	delete(a.read, key)
	return r, ok
}

// readAll reads keys in one round trip. In a cluster each shard is asked at the same time, and
// fails on its own.
func (s *Store) readAll(ctx context.Context, keys []string) map[string]reading {
	cmds := make([]*redis.StringCmd, len(keys))
	whole := s.read(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		_, err := c.Pipelined(ctx, func(p redis.Pipeliner) error {
			for i, key := range keys {
				cmds[i] = p.Get(ctx, key)
			}
			return nil
		})
		return err
	})
	read := make(map[string]reading, len(keys))
	for i, key := range keys {
		value, err := cmds[i].Bytes()
		switch {
		case errors.Is(err, redis.Nil):
			read[key] = reading{}
		case err != nil:
			read[key] = reading{err: asError(err)}
		case whole != nil && len(value) == 0: // it was not even asked
			read[key] = reading{err: whole}
		default:
			read[key] = reading{value: value, found: value != nil}
		}
	}
	return read
}
