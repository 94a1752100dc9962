package gateway_test

import (
	"context"
	"sync"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

// epochKey is where replicas find out whether Redis has lost its data.
const epochKey = "gw:e:epoch"

// epoch is what a gateway with the secret of [valid] has written there.
var epoch struct {
	sync.Mutex
	value string
}

// startRedis runs a Redis that gateways have used before. On one that is new they wait before they
// send anything, for replicas that may know of earlier data: that is tested in
// internal/idempotency.
func startRedis(t *testing.T, args ...string) *redistest.Server {
	t.Helper()
	s := redistest.Start(t, args...)
	epoch.Lock()
	defer epoch.Unlock()
	if epoch.value == "" {
		first, cfg := redistest.Start(t), valid(t)
		cfg.RedisURL = config.Secret(first.URL())
		run(t, cfg)
		testkit.Eventually(t, "the gateway has written the epoch", func() bool {
			epoch.value, _ = first.Client().Get(context.Background(), epochKey).Result()
			return epoch.value != ""
		})
	}
	s.Do("SET", epochKey, epoch.value)
	return s
}
