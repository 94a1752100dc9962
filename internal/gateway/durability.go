package gateway

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

// Redis' settings are looked at rarely once they are known: they change with a failover, or by an
// operator's hand.
const (
	durabilityAgain = 10 * time.Second
	durabilityEvery = 5 * time.Minute
)

type durable interface {
	Durability(ctx context.Context) (redisstore.Durability, error)
}

// watchDurability tells operators whether Redis keeps what it acknowledged, and again whenever that
// changes, until ctx ends. The promise to send once rests on it; serving does not.
func (g *Gateway) watchDurability(ctx context.Context, store durable) {
	said := []string{}
	for {
		wait := durabilityEvery
		switch d, err := store.Durability(ctx); {
		case ctx.Err() != nil:
			return
		case err != nil:
			g.metrics.Durable(false, true)
			wait = durabilityAgain
		default:
			g.metrics.Durable(len(d.Violations) > 0, len(d.Unchecked) > 0)
			if now := d.Losses(); !slices.Equal(now, said) {
				g.sayDurability(now)
				said = now
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

func (g *Gateway) sayDurability(losses []string) {
	if len(losses) == 0 {
		g.logger.Info("Redis durability settings OK")
		return
	}
	g.logger.Warn("Redis may lose acknowledged writes; a message could then be sent twice", "why", strings.Join(losses, "; "))
}
