package gateway

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/setting"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

// Redis' settings are looked at rarely once they are known: they change with a failover, or by an operator's hand.
const (
	durabilityAgain = 10 * time.Second
	durabilityEvery = 5 * time.Minute
)

type durable interface {
	Durability(ctx context.Context) (redisstore.Durability, error)
}

// watchDurability tells operators whether Redis keeps what it acknowledged, and again whenever that changes, until ctx
// ends. The promise to send once rests on it; serving does not.
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
			if now := losses(d); !slices.Equal(now, said) {
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

// StoreWarnings asks the Redis of a configuration without problems whether it keeps what it acknowledged, and says what
// does not.
func StoreWarnings(ctx context.Context, c *config.Config) []string {
	const name = setting.RedisURL + ": "
	if c.RedisURL == "" {
		return []string{name + "is not set, so what was sent is forgotten when the process ends, and no other replica knows of it"}
	}
	store, err := redisstore.Open(c.RedisURL.Reveal(), redisstore.Options{Timeout: operatorTimeout})
	if err != nil {
		return []string{name + err.Error()}
	}
	defer func() { _ = store.Close() }()
	d, err := store.Durability(ctx)
	if err != nil {
		return []string{name + err.Error() + ", so it is not known whether it keeps what it acknowledged"}
	}
	warnings := losses(d)
	for i := range warnings {
		warnings[i] = name + warnings[i]
	}
	return warnings
}

// losses says of each setting what is wrong, or that it is not known.
func losses(d redisstore.Durability) []string {
	all := slices.Clone(d.Violations)
	if len(d.Unchecked) > 0 {
		all = append(all, strings.Join(d.Unchecked, ", ")+" cannot be checked: Redis does not tell")
	}
	return all
}
