package gateway

import (
	"context"
	"sync"

	"github.com/clerkchat/mcp-gateway/internal/cancellation"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

// newCancellations makes what stops canceled calls, on this replica and, where there is a Redis for
// several, on the others.
func (g *Gateway) newCancellations(ctx context.Context, store *redisstore.Store) *cancellation.Registry {
	var marks cancellation.Marks
	if g.cfg.RedisURL != "" {
		marks = store.Cancellations()
	}
	registry := cancellation.New(mcpadapter.ErrCanceled, marks)
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() { registry.Run(ctx) })
	g.closers = append(g.closers, func() error {
		cancel()
		running.Wait()
		return nil
	})
	return registry
}
