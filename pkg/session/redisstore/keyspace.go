package redisstore

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// Keyspace is all keys of one kind. Names are letters, digits, "-" and "_". A time to live is
// rounded to milliseconds, of which there is at least one. Every error is a [*Error].
type Keyspace struct {
	store  *Store
	prefix string
}

// replace is compare-and-set. A value that is gone is not the old one.
var replace = redis.NewScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  return 1
end
return 0`)

// Get gives the value of a name, and whether there is one.
func (b *Keyspace) Get(ctx context.Context, name string) (value []byte, found bool, err error) {
	if a := valuesOf(ctx).prefetch; a != nil {
		if r, ok := a.take(ctx, b.key(name)); ok {
			return r.value, r.found, r.err
		}
	}
	marked := false
	err = b.store.read(ctx, func(ctx context.Context, c redis.UniversalClient) (err error) {
		value, err = alongside(ctx, c, &marked, func(c redis.Cmdable) *redis.StringCmd { return c.Get(ctx, b.key(name)) }).Bytes()
		return err
	})
	tell(ctx, marked)
	return value, err == nil && value != nil, err
}

// SetNX sets the value of a name that has none, and tells whether it did.
func (b *Keyspace) SetNX(ctx context.Context, name string, value []byte, ttl time.Duration) (added bool, err error) {
	marked := false
	err = b.store.do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		err := alongside(ctx, c, &marked, func(c redis.Cmdable) *redis.StatusCmd {
			return c.SetArgs(ctx, b.key(name), value, redis.SetArgs{Mode: "NX", TTL: atLeastOne(ttl)})
		}).Err()
		added = err == nil
		return err
	})
	tell(ctx, marked)
	return added, err
}

// CompareAndSwap sets the value of a name if it is still old, and tells whether it did.
func (b *Keyspace) CompareAndSwap(ctx context.Context, name string, old, value []byte, ttl time.Duration) (replaced bool, err error) {
	err = b.store.do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		n, err := replace.Run(ctx, c, []string{b.key(name)}, old, value, atLeastOne(ttl).Milliseconds()).Int()
		replaced = n == 1
		return err
	})
	return replaced, err
}

// GetSet sets the value of a name whatever it is, and gives the one before.
func (b *Keyspace) GetSet(ctx context.Context, name string, value []byte, ttl time.Duration) (old []byte, found bool, err error) {
	err = b.store.do(ctx, func(ctx context.Context, c redis.UniversalClient) (err error) {
		old, err = c.SetArgs(ctx, b.key(name), value, redis.SetArgs{Get: true, TTL: atLeastOne(ttl)}).Bytes()
		found = err == nil
		return err
	})
	return old, found, err
}

func atLeastOne(ttl time.Duration) time.Duration {
	return max(ttl.Round(time.Millisecond), time.Millisecond)
}
