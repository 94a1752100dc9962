package gateway

import (
	"net/http"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/credential"
	"github.com/clerkchat/mcp-gateway/internal/upstream"
)

// newExchange exchanges tokens for ones whose audience is the REST API: --clerk-credential
// exchange. The login's own are exchanged, or without one those of clients, see
// [credential.CarriedToken].
func (g *Gateway) newExchange(provider *upstream.Provider, login *upstream.Login) (*upstream.Exchange, error) {
	cfg := &g.cfg
	opts := upstream.ExchangeOptions{
		Audience: cfg.ExchangeAudience, Resource: cfg.ExchangeResource, Scope: cfg.ExchangeScope,
	}
	if login != nil {
		opts.Subject, opts.Renew = login.AccessToken, login.RenewedAccessToken
	} else {
		opts.Subject = credential.CarriedToken
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

// carriesTokens tells whether a client's own token is exchanged, so that a request has to keep it.
func carriesTokens(cfg *config.Config) bool {
	return cfg.Auth == "external" && cfg.ClerkCredential == "exchange"
}
