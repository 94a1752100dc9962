package redisstore

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// late answers every command as late as a process does that has too much to do.
type late struct{ redis.Hook }

func (late) DialHook(next redis.DialHook) redis.DialHook { return next }
func (late) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (late) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		time.Sleep(time.Second)
		return next(ctx, cmd)
	}
}

func TestAStoreWithinABusyProcessIsNotDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := OpenServer(miniredis.NewMiniRedis(), Options{})
		defer func() { _ = s.Close() }()
		s.client.AddHook(late{})
		if err := s.Ping(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
