package gateway

import (
	"fmt"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/embedded"
	"github.com/clerkchat/mcp-gateway/internal/setting"
	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
)

// openStore opens the one store. With a URL it does not wait for Redis, which may come later.
func (g *Gateway) openStore(timeout time.Duration) (*redisstore.Store, error) {
	opts := redisstore.Options{OnChange: g.storeChanged, Timeout: timeout}
	if g.cfg.RedisURL == "" {
		g.logger.Info("no " + setting.RedisURLFlag + ": sessions, and what was sent, are remembered in this process only, and until it ends")
		return embedded.Open(opts), nil
	}
	store, err := redisstore.Open(g.cfg.RedisURL.Reveal(), opts)
	if err != nil {
		return nil, fmt.Errorf(setting.RedisURL+": %w", err)
	}
	return store, nil
}

// storeChanged tells operators once when Redis stops or begins to serve.
func (g *Gateway) storeChanged(kind redisstore.Kind, up bool) {
	g.metrics.Store(up)
	if up {
		g.logger.Info("Redis serves again")
		return
	}
	g.logger.Warn("Redis unavailable; serving sessions from their ids", "kind", string(kind))
}

func (g *Gateway) newSessions(store *redisstore.Store, keys *seal.Keyring) (*session.Table, error) {
	return session.NewTable(session.Options{
		Sealer:        keys.Sealer(purposeSessionID),
		Records:       store.Sessions(),
		Digest:        keys.MAC(purposeSessionSubject),
		MaxAge:        g.cfg.SessionMaxAge,
		Idle:          g.cfg.SessionIdle,
		OnRecovered:   func() { g.metrics.Session("recovered") },
		OnUnavailable: func() { g.metrics.Session("unstored") },
	})
}
