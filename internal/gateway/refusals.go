package gateway

import (
	"errors"
	"net/http"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/internal/web"
)

// tellRefusals has each refused request logged and counted once.
func (g *Gateway) tellRefusals() func(http.Handler) http.Handler {
	base := g.cfg.BasePath()
	return web.NewRefusals(web.RefusalsOptions{
		Logger: g.logger, Count: g.metrics.Rejected,
		Endpoint: func(path string) string { return endpointName(strings.TrimPrefix(path, base)) },
	}).Handler
}

// endpointName is what a path is called in the log and in metrics. Probes have no name: what they
// answer is not a refusal.
func endpointName(path string) string {
	switch {
	case path == pathLive, path == pathReady:
		return ""
	case path == "", path == "/", path == pathMCP, strings.HasPrefix(path, pathMCP+"/"):
		return "mcp"
	case strings.HasPrefix(path, "/.well-known/"):
		return "metadata"
	}
	if name := authserver.EndpointName(path); name != "" {
		return name
	}
	return "none"
}

// tokenReason tells tokens that some setting, here or at the issuer, makes useless from those that
// are only old or forged.
func tokenReason(err error) web.Reason {
	if e, ok := errors.AsType[*token.InvalidError](err); ok {
		switch e.Reason {
		case token.ReasonIssuer, token.ReasonTenant, token.ReasonAudience, token.ReasonNoAudience, token.ReasonClient, token.ReasonClaims,
			token.ReasonScope, token.ReasonSubject, token.ReasonType, token.ReasonTokenUse, token.ReasonKeyIssuer, token.ReasonSymmetric:
			return web.ReasonForeignToken
		}
	}
	return web.ReasonInvalidToken
}
