package gateway

import (
	"net/http"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/resource"
	"github.com/clerkchat/mcp-gateway/internal/web"
)

// pathMCP is the endpoint's path for clients that want one; the root is the same endpoint.
const pathMCP = "/mcp"

// Handler is every route for clients and browsers.
func (g *Gateway) Handler() http.Handler {
	mux := http.NewServeMux()
	endpoint := g.endpoint
	if g.resource != nil {
		endpoint = g.resource.Protect(endpoint)
		if g.login == nil && g.cfg.ClerkCredential == "exchange" {
			endpoint = carryToken(endpoint)
		}
		// Public documents: pages of any origin may read them.
		mux.HandleFunc(resource.MetadataPath, g.resource.ServeMetadata)
		mux.HandleFunc(resource.MetadataPath+"/", g.resource.ServeMetadata)
	}
	if g.login != nil {
		g.login.server.Mount(mux)
	}
	endpoint = g.guard.Origins(forBrowsers(g.landing, endpoint))
	mux.Handle("/{$}", endpoint)
	mux.Handle(pathMCP, endpoint)
	mux.Handle(pathMCP+"/{$}", endpoint)
	mux.Handle("GET /livez", http.HandlerFunc(g.state.live))
	mux.Handle("GET /readyz", http.HandlerFunc(g.state.ready))
	return web.Chain(mux, g.proxies.Identify, g.recoverPanics, g.guard.Hosts)
}

// AdminHandler is every route for operators.
func (g *Gateway) AdminHandler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", g.metrics.Handler())
	mux.Handle("GET /livez", http.HandlerFunc(g.state.live))
	mux.Handle("GET /readyz", http.HandlerFunc(g.state.ready))
	return web.Chain(mux, web.RequestID, g.recoverPanics)
}

func (g *Gateway) recoverPanics(next http.Handler) http.Handler { return web.Recover(g.logger, next) }

// forBrowsers shows the page to whoever asks for HTML and leaves the rest to the endpoint: a client's GET wants an event
// stream, which the endpoint refuses with 405 as the protocol asks.
func forBrowsers(page, endpoint http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if (r.Method == http.MethodGet || r.Method == http.MethodHead) && strings.Contains(r.Header.Get("Accept"), "text/html") {
			page.ServeHTTP(w, r)
			return
		}
		endpoint.ServeHTTP(w, r)
	})
}
