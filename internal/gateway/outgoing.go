package gateway

import (
	"context"
	"net/http"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/internal/upstream"
	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

// Outgoing makes what a gateway asks others with, as one that serves does, for whoever wants to
// know beforehand whether they answer.
type Outgoing struct {
	Config *config.Config
	// Transport is what requests to providers and issuers go through.
	Transport http.RoundTripper
}

// Provider is where people sign in with --auth oauth.
func (o Outgoing) Provider() (*upstream.Provider, error) {
	return newProvider(o.Config, o.Transport, nil, 0)
}

// Verifier verifies the tokens of --auth external. ctx bounds what it fetches in the background.
func (o Outgoing) Verifier(ctx context.Context) (*token.External, error) {
	return newVerifier(ctx, o.Config, o.Transport)
}

// HasTokenServer reports whether tokens are exchanged by another server than the provider.
func (o Outgoing) HasTokenServer() bool {
	return o.Config.ClerkCredential == "exchange" && ownTokenServer(o.Config)
}

// TokenServer is the server that exchanges tokens.
func (o Outgoing) TokenServer() (*upstream.AuthorizationServer, error) {
	return newTokenServer(o.Config, o.Transport)
}

// WorkloadKeys tells made of the keys of each issuer in --workload-issuers.
func (o Outgoing) WorkloadKeys(ctx context.Context, made func(issuer string, keys *token.IssuerKeys)) error {
	_, err := readWorkloads(o.Config, o.keys(ctx, made))
	return err
}

// IdentityAssertionKeys tells made of the keys of each --identity-assertion-issuer.
func (o Outgoing) IdentityAssertionKeys(ctx context.Context, made func(issuer string, keys *token.IssuerKeys)) error {
	_, err := newIdentityAssertions(o.Config, o.keys(ctx, made))
	return err
}

func (o Outgoing) keys(ctx context.Context, made func(issuer string, keys *token.IssuerKeys)) issuerKeys {
	return issuerKeys{ctx: ctx, transport: o.Transport, closer: func(func() error) {}, made: made}
}

// DocumentFetcher fetches metadata documents of MCP clients. Without a transport it reaches public
// addresses only.
func (o Outgoing) DocumentFetcher(transport http.RoundTripper) (*netx.Fetcher, error) {
	return newDocumentFetcher(o.Config, transport)
}

// EpochSealer opens the mark by which a loss of Redis' data is noticed.
func EpochSealer(cfg *config.Config) (session.Sealer, error) {
	keys, err := newKeyring(cfg)
	if err != nil {
		return nil, err
	}
	return keys.Sealer(purposeOnce), nil
}

// Grants are the grants in a store, for an operator. Without the secrets that sealed them they can
// be ended by id, and not be read.
func Grants(cfg *config.Config, store *redisstore.Store) (*grant.Grants, error) {
	keys, err := newKeyring(cfg)
	if err != nil {
		return nil, err
	}
	return newGrants(cfg, store, keys, nil)
}

// UserAgent is how the gateway calls itself towards the REST API.
func UserAgent(version string) string { return "clerk-chat-mcp-gateway/" + version }
