package gateway

import (
	"fmt"
	"net/http"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/clerkchat/mcp-gateway/internal/setting"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
)

// egressProxy is what documents and keys of clients are fetched through, nil for nothing.
func egressProxy(cfg *config.Config) (netx.ProxyFunc, error) {
	proxy, err := netx.ParseProxy(cfg.EgressProxy.Reveal(), http.ProxyFromEnvironment)
	if err != nil {
		return nil, fmt.Errorf(setting.EgressProxy+": %w", err)
	}
	return proxy, nil
}

// newDocumentFetcher makes what fetches metadata documents and keys of MCP clients. A transport of
// nil reaches public addresses only.
func newDocumentFetcher(cfg *config.Config, transport http.RoundTripper) (*netx.Fetcher, error) {
	proxy, err := egressProxy(cfg)
	if err != nil {
		return nil, err
	}
	hosts := cfg.ClientDocumentHosts
	if proxy != nil || len(hosts) > 0 {
		hosts = append(authserver.BuiltInHosts(), hosts...)
	}
	return netx.NewFetcher(netx.FetcherOptions{Transport: transport, Proxy: proxy, Hosts: hosts}), nil
}

// newDocuments makes what fetches and keeps the metadata documents of MCP clients.
func (g *Gateway) newDocuments(opts Options, store *redisstore.Store, keys *seal.Keyring) (*authserver.Documents, error) {
	fetcher, err := newDocumentFetcher(&g.cfg, opts.ClientDocuments)
	if err != nil {
		return nil, err
	}
	return authserver.NewDocuments(authserver.DocumentsOptions{
		Mode:    g.cfg.ClientDocuments,
		Fetcher: fetcher,
		Kept:    store.Documents(authserver.MaxKeptDocuments), Sealer: keys.Sealer(purposeDocument), Logger: g.logger,
	}), nil
}
