package gateway

import (
	"context"
	"net/http"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/limit"
	"github.com/clerkchat/mcp-gateway/internal/web"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
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

// grantRequests is how many token requests, and how many revocations, a login may make in a minute.
// Processes that share one make a few in an hour; a client that runs wild makes as many as it can.
const grantRequests = 60

// documentFetches is how many metadata documents of clients are fetched in a minute for one
// address. A document is fetched every few minutes, however many people sign in with it.
const documentFetches = 60

// oauthLimits are what an address and what a grant may ask of the authorization server.
type oauthLimits struct{ addresses, grants, documents *limit.Refusals }

func (l oauthLimits) Allow(ctx context.Context, kind, owner string) (ok bool, retryAfter time.Duration, err error) {
	switch kind {
	case authserver.LimitGrant, authserver.LimitRevoke:
		return l.grants.Allow(ctx, kind, owner)
	case authserver.LimitDocument:
		return l.documents.Allow(ctx, kind, owner)
	}
	return l.addresses.Allow(ctx, kind, owner)
}

// newOAuthLimits is nil without a limit.
func (g *Gateway) newOAuthLimits(store *redisstore.Store, keys *seal.Keyring) (authserver.Limiter, error) {
	if g.cfg.LimitOAuth == 0 {
		return nil, nil
	}
	opts := g.limitOptions(store, keys)
	addresses, err := limit.NewAddresses(opts, g.cfg.LimitOAuth)
	if err != nil {
		return nil, err
	}
	grants, err := limit.NewAddresses(opts, grantRequests)
	if err != nil {
		return nil, err
	}
	documents, err := limit.NewAddresses(opts, min(documentFetches, g.cfg.LimitOAuth))
	if err != nil {
		return nil, err
	}
	return oauthLimits{
		limit.NewRefusals(addresses, opts.OnEvent, nil), limit.NewRefusals(grants, opts.OnEvent, nil),
		limit.NewRefusals(documents, opts.OnEvent, nil),
	}, nil
}

// clientNetwork is what an address is limited by.
func clientNetwork(r *http.Request) string { return web.ClientNetwork(r.Context()) }
