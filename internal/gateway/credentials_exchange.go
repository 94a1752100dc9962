package gateway

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/upstream"
)

// newExchange exchanges tokens for ones whose audience is the REST API: --clerk-credential exchange. The login's own are
// exchanged, or without one those of clients, see carryToken.
func (g *Gateway) newExchange(provider *upstream.Provider, login *upstream.Login) (*upstream.Exchange, error) {
	cfg := &g.cfg
	opts := upstream.ExchangeOptions{
		Audience: cfg.ExchangeAudience, Resource: cfg.ExchangeResource, Scope: cfg.ExchangeScope,
	}
	if login != nil {
		opts.Subject, opts.Renew = login.AccessToken, login.RenewedAccessToken
	} else {
		opts.Subject = carriedToken
	}
	opts.Server = provider
	if ownTokenServer(cfg) {
		server, err := newTokenServer(cfg, g.outgoing)
		if err != nil {
			return nil, err
		}
		opts.Server = server
	}
	return upstream.NewExchange(opts)
}

// ownTokenServer reports whether something else than the provider that people sign in at exchanges.
func ownTokenServer(cfg *config.Config) bool {
	return cfg.Auth != "oauth" || cfg.ExchangeTokenURL != "" || cfg.ExchangeClientID != ""
}

func newTokenServer(cfg *config.Config, transport http.RoundTripper) (*upstream.AuthorizationServer, error) {
	opts := upstream.AuthorizationServerOptions{
		TokenURL: cfg.ExchangeTokenURL,
		ClientID: cfg.ExchangeClientID, ClientSecret: cfg.ExchangeClientSecret.Reveal(),
		Transport: transport,
	}
	if len(cfg.TokenIssuers) > 0 { // with several the token endpoint is set
		opts.Issuer = cfg.TokenIssuers[0]
	}
	if cfg.Auth == "oauth" {
		opts.Issuer, opts.BackchannelURL = cfg.OIDCIssuer, cfg.OIDCBackchannel
		if opts.ClientID == "" {
			opts.ClientID, opts.ClientSecret, opts.ClientAuth = cfg.OIDCClientID, cfg.OIDCClientSecret.Reveal(), cfg.OIDCClientAuth
		}
	}
	return upstream.NewAuthorizationServer(opts)
}

// clientToken is the verified access token of the request that is served. It redacts itself; only carriedToken reads it,
// for the token endpoint.
type clientToken struct{ token string }

type clientTokenKey struct{}

// carryToken makes room for the token that keepToken puts there: the resource server takes it off the request.
func carryToken(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), clientTokenKey{}, &clientToken{})))
	})
}

// keepToken is called with a token that was found good.
func keepToken(ctx context.Context, bearer string) {
	if t, ok := ctx.Value(clientTokenKey{}).(*clientToken); ok {
		t.token = bearer
	}
}

// carriedToken is the subject of an exchange. A request without one was not let in with a token.
func carriedToken(ctx context.Context, _ string) (string, error) {
	if t, ok := ctx.Value(clientTokenKey{}).(*clientToken); ok && t.token != "" {
		return t.token, nil
	}
	return "", upstream.ErrGrantOver
}

const redacted = "[redacted]"

// String redacts.
func (*clientToken) String() string { return redacted }

// GoString redacts.
func (*clientToken) GoString() string { return redacted }

// LogValue redacts.
func (*clientToken) LogValue() slog.Value { return slog.StringValue(redacted) }
