package gateway

import (
	"fmt"
	"os"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/clerkchat/mcp-gateway/internal/seal"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

// newDocuments makes what fetches and keeps the metadata documents of MCP clients.
func (g *Gateway) newDocuments(opts Options, store *redisstore.Store, keys *seal.Keyring) (*authserver.Documents, error) {
	proxy, err := netx.ParseProxy(g.cfg.EgressProxy.Reveal(), os.LookupEnv)
	if err != nil {
		return nil, fmt.Errorf("--egress-proxy (GATEWAY_EGRESS_PROXY): %w", err)
	}
	hosts := g.cfg.ClientDocumentHosts
	if proxy != nil || len(hosts) > 0 {
		hosts = append(authserver.BuiltInHosts(), hosts...)
	}
	return authserver.NewDocuments(authserver.DocumentsOptions{
		Mode:    g.cfg.ClientDocuments,
		Fetcher: netx.NewFetcher(netx.FetcherOptions{Transport: opts.ClientDocuments, Proxy: proxy, Hosts: hosts}),
		Kept:    store.Documents(authserver.MaxKeptDocuments), Sealer: keys.Sealer(purposeDocument), Logger: g.logger,
	}), nil
}
