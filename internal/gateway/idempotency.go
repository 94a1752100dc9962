package gateway

import (
	"context"
	"sync"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/idempotency"
	"github.com/clerkchat/mcp-gateway/internal/setting"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
)

// send is what --on-store-outage and --on-store-loss say to do without the store.
const send = "send"

// newIdempotency makes what keeps a creating call from being executed twice, and runs it as long as
// the gateway.
func (g *Gateway) newIdempotency(ctx context.Context, store *redisstore.Store, keys *seal.Keyring) (*idempotency.Guard, error) {
	cfg := &g.cfg
	// What creates something had rather wait for Redis than fail; what reads goes on without it.
	store = store.WithTimeout(cfg.RedisTimeout)
	guard, err := idempotency.New(idempotency.Options{
		Operations: store.Operations(), Queues: store.Queues(), Fingerprints: store.Fingerprints(), Claims: store.Claims(),
		Replicas: store.Replicas(), Epoch: store.Epoch(), Own: cfg.RedisURL == "",
		Sealer: keys.Sealer(purposeOnce), Digester: keys.MAC(purposeOnce),
		ExecuteOnOutage: cfg.OnStoreOutage == send, ExecuteOnLoss: cfg.OnStoreLoss == send, RetryAbsent: cfg.ResendAbsent,
		ReconcileTime: cfg.SettleTime, Attempt: 2*cfg.ClerkTimeout + time.Minute, Trial: max(10*time.Second, 5*cfg.RedisTimeout),
		OnLoss: func() {
			g.metrics.DataLoss()
			g.logger.Error("Redis has lost its data: nobody knows what was sent before; calls with an idempotency_key are refused for a day, "+
				"unless "+setting.OnStoreLossFlag+"=send", "on_store_loss", cfg.OnStoreLoss)
		},
	})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { guard.Run(ctx) })
	if cfg.RedisURL == "" { // which has been said
		g.metrics.Durable(true, false)
	} else {
		running.Go(func() { g.watchDurability(ctx, store) })
	}
	g.closers = append(g.closers, func() error {
		cancel()
		running.Wait()
		return guard.Close()
	})
	return guard, nil
}
