package redisstore

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// Marks are names that are marked for a while, which other processes are told of. How old a mark
// is, the server that keeps it says: no clock of a process counts. Every error is a [*Error].
type Marks struct{ keys Keyspace }

// mark is when it was made, in microseconds of the server's clock. That nobody could be told of it
// does not undo it.
var mark = redis.NewScript(`
local t = redis.call('TIME')
redis.call('SET', KEYS[1], string.format('%.0f', t[1] * 1000000 + t[2]), 'PX', ARGV[1])
redis.pcall('PUBLISH', ARGV[2], ARGV[3])
return 1`)

// markAge is how long ago a mark was made, in microseconds, or -1.
var markAge = redis.NewScript(`
local made = redis.call('GET', KEYS[1])
if not made then
  return '-1'
end
local t = redis.call('TIME')
return string.format('%.0f', math.max(t[1] * 1000000 + t[2] - made, 0))`)

// Mark marks a name, and tells everybody who listens, in one trip.
func (m *Marks) Mark(ctx context.Context, name string, ttl time.Duration) error {
	return m.keys.store.do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		return mark.Run(ctx, c, []string{m.keys.key(name)}, atLeastOne(ttl).Milliseconds(), cancellationsChannel, name).Err()
	})
}

// Age tells how long ago a name was marked, and whether it is.
func (m *Marks) Age(ctx context.Context, name string) (age time.Duration, found bool, err error) {
	err = m.keys.store.read(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		us, err := markAge.Run(ctx, c, []string{m.keys.key(name)}).Int64()
		age, found = time.Duration(us)*time.Microsecond, err == nil && us >= 0
		return err
	})
	return age, found, err
}

// Clear takes a mark back.
func (m *Marks) Clear(ctx context.Context, name string) error {
	return m.keys.store.do(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		return c.Del(ctx, m.keys.key(name)).Err()
	})
}

// Listen calls heard with each name that is marked from now on, until ctx ends. What is marked
// while there is no connection is not heard.
func (m *Marks) Listen(ctx context.Context, heard func(name string)) {
	sub := m.keys.store.client.Subscribe(ctx, cancellationsChannel)
	defer func() { _ = sub.Close() }()
	names := sub.Channel()
	for {
		select {
		case <-ctx.Done():
			return
		case message, ok := <-names:
			if !ok {
				return
			}
			heard(message.Payload)
		}
	}
}

// look is a mark that somebody wants to know of.
type look struct {
	key   string
	found func()
}

// Look makes a context with which a call of a [Keyspace] that makes a trip of its own looks at the
// mark of a name in the same trip. found is called after such a call if there is one. A look that
// fails finds nothing.
func (m *Marks) Look(ctx context.Context, name string, found func()) context.Context {
	v := valuesOf(ctx)
	v.look = &look{m.keys.key(name), found}
	return withValues(ctx, v)
}

// alongside makes a command, and looks at a mark in the same trip if ctx says so. In a cluster both
// servers are asked at once.
func alongside[C redis.Cmder](ctx context.Context, c redis.UniversalClient, marked *bool, command func(redis.Cmdable) C) C {
	l := valuesOf(ctx).look
	if l == nil {
		return command(c)
	}
	var made C
	var there *redis.IntCmd
	_, err := c.Pipelined(ctx, func(p redis.Pipeliner) error {
		made, there = command(p), p.Exists(ctx, l.key)
		return nil
	})
	if made.Err() == nil && err != nil && !errors.Is(err, redis.Nil) && there.Err() == nil {
		made.SetErr(err) // neither was asked
	}
	*marked = there.Val() > 0
	return made
}

// tell calls found of the context's look if its mark was there.
func tell(ctx context.Context, marked bool) {
	if l := valuesOf(ctx).look; l != nil && marked {
		l.found()
	}
}
