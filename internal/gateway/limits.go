package gateway

import (
	"net/http"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/limit"
	"github.com/clerkchat/mcp-gateway/internal/seal"
	"github.com/clerkchat/mcp-gateway/internal/web"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

func (g *Gateway) limitOptions(store *redisstore.Store, keys *seal.Keyring) limit.Options {
	return limit.Options{
		Store: store.Limits(), Digest: keys.MAC(purposeLimit),
		OnEvent: func(name string, e limit.Event) { g.metrics.Limit(name, string(e)) },
	}
}

// newSubjectLimits is nil without limits.
func (g *Gateway) newSubjectLimits(store *redisstore.Store, keys *seal.Keyring) (mcpadapter.Limiter, error) {
	if g.cfg.LimitCalls == 0 && g.cfg.LimitMessages == 0 {
		return nil, nil
	}
	return limit.NewSubjects(g.limitOptions(store, keys), g.cfg.LimitCalls, g.cfg.LimitMessages)
}

// newAddressLimits is nil without a limit.
func (g *Gateway) newAddressLimits(store *redisstore.Store, keys *seal.Keyring) (authserver.Limiter, error) {
	if g.cfg.LimitOAuth == 0 {
		return nil, nil
	}
	return limit.NewAddresses(g.limitOptions(store, keys), g.cfg.LimitOAuth)
}

// clientNetwork is what an address is limited by.
func clientNetwork(r *http.Request) string { return web.ClientNetwork(r.Context()) }
