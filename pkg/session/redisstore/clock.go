package redisstore

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// clock is the time of the server that has a key, to the millisecond. In a cluster a plain TIME
// would ask any server.
var clock = redis.NewScript(`
local time = redis.call('TIME')
return string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))`)

// Time gives the clock of the server that keeps a name, which is one for all replicas.
func (b *Keyspace) Time(ctx context.Context, name string) (now time.Time, err error) {
	err = b.store.read(ctx, func(ctx context.Context, c redis.UniversalClient) error {
		ms, err := clock.Run(ctx, c, []string{b.key(name)}).Int64()
		now = time.UnixMilli(ms)
		return err
	})
	return now, err
}
