package gateway

import (
	"net/http"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/endpoint"
)

// refuseWhenCrowded answers 503 before anything is done for a request that would have to stand at
// the end of a long queue for the store. Requests that were let in wait for as long as they live.
// What needs no store passes, probes above all, and so do tokens and revocations: several clients
// take any answer but a token for the end of their login.
func (g *Gateway) refuseWhenCrowded(next http.Handler) http.Handler {
	mcp := g.guard.Origins(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { endpoint.WriteCrowded(w) }))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodOptions || !g.crowded() {
			next.ServeHTTP(w, r)
			return
		}
		_, isMCP := g.places[strings.TrimSuffix(r.URL.EscapedPath(), "/")]
		switch {
		case isMCP:
			g.metrics.Crowded()
			mcp.ServeHTTP(w, r)
		case g.login != nil && authserver.WaitsForStore(r.URL.Path):
			g.metrics.Crowded()
			g.login.server.Crowded(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}
