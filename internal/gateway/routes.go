package gateway

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/resource"
	"github.com/clerkchat/mcp-gateway/internal/web"
)

// The paths of the probes.
const (
	pathLive  = "/livez"
	pathReady = "/readyz"
)

// Handler is every route for clients and browsers.
func (g *Gateway) Handler() http.Handler {
	mux := http.NewServeMux()
	protect := func(h http.Handler) http.Handler { return h }
	if g.resource != nil {
		protect = g.resource.Protect
		// Public documents: pages of any origin may read them.
		mux.HandleFunc(resource.MetadataPath, g.resource.ServeMetadata)
		mux.HandleFunc(resource.MetadataPath+"/", g.resource.ServeMetadata)
	}
	if g.login != nil {
		protect = func(h http.Handler) http.Handler { return g.login.prefetch(g.resource.Protect(h)) }
		g.login.server.Mount(mux, slices.Collect(maps.Keys(g.toolsets))...)
	}
	endpoints := g.at(protect)
	mux.Handle("/{$}", endpoints)
	mux.Handle(pathMCP, endpoints)
	mux.Handle(pathMCP+"/", endpoints) // the narrowed ones: see toolsets
	mux.Handle("GET "+pathLive, http.HandlerFunc(g.probes.Live))
	mux.Handle("GET "+pathReady, http.HandlerFunc(g.probes.Ready))
	return web.Chain(mux, g.counted, g.pace.Streams, g.proxies.Identify, g.tellRefusals(), g.recoverPanics, g.checkHost, g.below,
		g.refuseWhenCrowded, g.pace.Bodies)
}

// AdminHandler is every route for operators.
func (g *Gateway) AdminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", g.metrics.Handler())
	mux.Handle("GET "+pathLive, http.HandlerFunc(g.probes.Live))
	mux.Handle("GET "+pathReady, http.HandlerFunc(g.probes.Ready))
	return web.Chain(mux, g.counted, g.pace.Streams, web.RequestID, g.recoverPanics, g.pace.Bodies)
}

// checkHost lets requests through that are meant for this gateway, and probes under any name:
// whoever watches replicas asks each by a name of its own, and they say nothing that a page could
// use.
func (g *Gateway) checkHost(next http.Handler) http.Handler {
	checked := g.guard.Hosts(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		reads := r.Method == http.MethodGet || r.Method == http.MethodHead
		if reads && (r.URL.Path == pathLive || r.URL.Path == pathReady) {
			next.ServeHTTP(w, r)
			return
		}
		checked.ServeHTTP(w, r)
	})
}

func (g *Gateway) recoverPanics(next http.Handler) http.Handler { return web.Recover(g.logger, next) }

// forBrowsers shows the page to whoever asks for HTML and leaves the rest to the endpoint: a
// client's GET wants an event stream, which the endpoint refuses with 405 as the protocol asks.
func forBrowsers(page, endpoint http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if (r.Method == http.MethodGet || r.Method == http.MethodHead) && strings.Contains(r.Header.Get("Accept"), "text/html") {
			page.ServeHTTP(w, r)
			return
		}
		endpoint.ServeHTTP(w, r)
	})
}
