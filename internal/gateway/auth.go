package gateway

import (
	"context"
	"net/http"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/internal/resource"
	"github.com/clerkchat/mcp-gateway/internal/setting"
	"github.com/clerkchat/mcp-gateway/internal/token"
)

// newVerifier verifies tokens of the organisation's own authorization servers. ctx bounds its
// fetches.
func newVerifier(ctx context.Context, cfg *config.Config, transport http.RoundTripper) (*token.External, error) {
	opts := token.ExternalOptions{
		Issuers:      cfg.TokenIssuers,
		JWKSURLs:     cfg.TokenJWKSURLs,
		Audiences:    cfg.TokenAudiences,
		Clients:      cfg.TokenClients,
		Algorithms:   cfg.TokenAlgorithms,
		SubjectClaim: cfg.TokenSubjectClaim,
		ScopeClaims:  cfg.TokenScopeClaims,
		ScopeMap:     cfg.ScopeMap(),
		RequireType:  cfg.TokenRequireType,
		Endpoints:    endpointTree(cfg),
		HTTPClient:   &http.Client{Transport: transport},
	}
	a, err := newAdmission(cfg)
	if err != nil {
		return nil, err
	}
	opts.Allow = a.admits
	return token.NewExternal(ctx, opts)
}

// newResource is the resource server in front of the endpoint, nil without a login.
func (g *Gateway) newResource(ctx context.Context) (*resource.Server, error) {
	opts := resource.Options{
		Because:       tokenReason,
		PublicURL:     g.cfg.Public(),
		Endpoints:     func(path string) ([]string, bool) { o, ok := g.toolsets[path]; return o.scopes, ok },
		Name:          Title,
		Documentation: websiteURL,
		Logger:        g.logger,
	}
	switch g.cfg.Auth {
	case "oauth":
		opts.Verifier = resource.VerifierFunc(g.login.verify)
		opts.AuthorizationServers = []string{issuerURL(&g.cfg).String()}
	case "external":
		verifier, err := newVerifier(ctx, &g.cfg, g.outgoing)
		if err != nil {
			return nil, err
		}
		opts.Verifier = resource.VerifierFunc(func(ctx context.Context, bearer, at string) (identity.Caller, error) {
			t, err := verifier.Verify(ctx, bearer, at)
			if err == nil && carriesTokens(&g.cfg) { // the resource server takes it off the request
				request.From(ctx).Token = request.NewToken(bearer)
			}
			return t.Caller, err
		})
		for _, issuer := range g.cfg.TokenIssuers {
			opts.AuthorizationServers = append(opts.AuthorizationServers, identity.MetadataIssuer(issuer))
		}
		opts.External = true
		opts.ScopeNames = theirNames(g.cfg.ScopeMap())
		opts.NoScopeHint = noScopeHint(&g.cfg)
	default:
		return nil, nil
	}
	return resource.New(opts)
}

// noScopeHint says where scopes are looked for, for tokens that have none of ours.
func noScopeHint(cfg *config.Config) string {
	hint := "its operator sets " + setting.TokenScopeClaimsFlag + " to the claim that lists scopes or roles"
	quoted := func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }
	if names := strings.Join(cfg.TokenScopeClaims, ", then "); !strings.ContainsFunc(names, quoted) {
		hint += " (now " + names + ")"
	}
	return hint + ", and " + setting.TokenScopeMapFlag + " to what they grant here"
}

// theirNames turns a scope map round: under which name a client asks the authorization server for a
// scope of ours. Where several grant the same, the one that grants least is asked for.
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
