package gateway

import (
	"context"
	"fmt"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/resource"
	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// newVerifier verifies tokens of the organisation's own authorization server. ctx bounds its fetches.
func newVerifier(ctx context.Context, cfg *config.Config) (*token.External, error) {
	opts := token.ExternalOptions{
		Issuer:       cfg.TokenIssuer,
		JWKSURL:      cfg.TokenJWKSURL,
		Audiences:    cfg.TokenAudiences,
		Algorithms:   cfg.TokenAlgorithms,
		SubjectClaim: cfg.TokenSubjectClaim,
		ScopeClaim:   cfg.TokenScopeClaim,
		ScopeMap:     cfg.ScopeMap(),
		RequireType:  cfg.TokenRequireType,
	}
	if !cfg.AllowAnyUser {
		rules, err := identity.ParseRules(cfg.AllowSignin)
		if err != nil {
			return nil, fmt.Errorf("--allow-signin (GATEWAY_ALLOW_SIGNIN): %w", err)
		}
		opts.Allow = rules.Admit
	}
	return token.NewExternal(ctx, opts)
}

// newResource is the resource server in front of the endpoint, nil without a login.
func (g *Gateway) newResource(ctx context.Context) (*resource.Server, error) {
	if g.cfg.Auth != "external" {
		return nil, nil
	}
	verifier, err := newVerifier(ctx, &g.cfg)
	if err != nil {
		return nil, err
	}
	return resource.New(resource.Options{
		PublicURL: g.cfg.Public(),
		Endpoints: func(path string) ([]string, bool) { return mcpadapter.Scopes(), path == "" || path == pathMCP },
		Verifier: resource.VerifierFunc(func(ctx context.Context, bearer, at string) (identity.Caller, error) {
			t, err := verifier.Verify(ctx, bearer, at)
			return t.Caller, err
		}),
		AuthorizationServers: []string{g.cfg.TokenIssuer},
		ScopeNames:           theirNames(g.cfg.ScopeMap()),
		Name:                 Title,
		Documentation:        websiteURL,
		Logger:               g.logger,
	})
}

// theirNames turns a scope map round: under which name a client asks the authorization server for a scope of ours. Where
// several grant the same, the one that grants least is asked for.
func theirNames(scopes map[string][]string) map[string]string {
	names := map[string]string{}
	for theirs, ours := range scopes {
		for _, o := range ours {
			known, ok := names[o]
			if !ok || len(ours) < len(scopes[known]) || len(ours) == len(scopes[known]) && theirs < known {
				names[o] = theirs
			}
		}
	}
	return names
}
