package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/clerkchat/mcp-gateway/internal/setting"
)

// AuthorizationServerOptions configure an [AuthorizationServer]. ClientID and one of Issuer and
// TokenURL are required.
type AuthorizationServerOptions struct {
	// Issuer is the server's identifier, to the letter as in its metadata, which names the token
	// endpoint.
	Issuer string
	// TokenURL is the token endpoint. Default: that of the metadata.
	TokenURL string
	// ClientID and ClientSecret are what the server knows the gateway by. Without a secret it is a
	// public client.
	ClientID, ClientSecret string
	// ClientAuth is how the gateway says which client it is. Default: AuthAuto.
	ClientAuth string
	// BackchannelURL is that of [ProviderOptions].
	BackchannelURL string
	// Transport carries requests. Default: [http.DefaultTransport].
	Transport http.RoundTripper
	// Now is the clock. Default: [time.Now].
	Now func() time.Time
}

// AuthorizationServer is a server whose token endpoint exchanges tokens, and where nobody signs in
// through the gateway. It may be used by many goroutines at once.
type AuthorizationServer struct {
	opts   AuthorizationServerOptions
	tokens tokenClient
	found  cachedMetadata[netx.Metadata]
}

// exchangeSettings are those of --clerk-credential exchange at a server of its own; how the client
// says who it is goes by its metadata.
var exchangeSettings = clientSettings{
	setting.ExchangeClientID, setting.ExchangeClientSecret,
	"the metadata of the server, or " + setting.OIDCClientAuth + " with " + setting.AuthFlag + " oauth,",
}

// NewAuthorizationServer asks nothing of the server. Its error names every option that is wrong.
func NewAuthorizationServer(opts AuthorizationServerOptions) (*AuthorizationServer, error) {
	var problems []error
	address, what := opts.TokenURL, "token URL"
	if address == "" {
		address, what = opts.Issuer, "issuer"
	}
	if err := netx.CheckURL(address); err != nil {
		problems = append(problems, fmt.Errorf("upstream: %s %q: %w", what, address, err))
	}
	if opts.ClientID == "" {
		problems = append(problems, errors.New("upstream: give the client id that the authorization server knows this gateway by"))
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	method, err := checkClientAuth(opts.ClientAuth, opts.ClientSecret)
	if err != nil {
		problems = append(problems, err)
	}
	transport, err := newBackchannel(opts.Issuer, opts.BackchannelURL, opts.Transport)
	if err != nil {
		problems = append(problems, err)
	}
	a := &AuthorizationServer{
		opts: opts, tokens: newTokenClient(newHTTPClient(transport), opts.ClientID, opts.ClientSecret, method, exchangeSettings),
	}
	a.found = newCachedMetadata(opts.Now, a.discover)
	return a, errors.Join(problems...)
}

func (a *AuthorizationServer) now() time.Time { return a.opts.Now() }

func (a *AuthorizationServer) exchange(ctx context.Context, form url.Values) (*tokens, error) {
	m := &netx.Metadata{TokenURL: a.opts.TokenURL}
	if m.TokenURL == "" {
		var err error
		if m, err = a.found.get(ctx); err != nil {
			return nil, err
		}
	}
	return a.tokens.redeem(ctx, m.TokenURL, m.AuthMethods, form)
}

// discover reads the metadata if it is that of this issuer (RFC 8414 §3.3).
func (a *AuthorizationServer) discover(ctx context.Context, _ *netx.Metadata) (*netx.Metadata, error) {
	const where = "the issuer, or " + setting.ExchangeTokenURL + ","
	m, problems := netx.Discover(ctx, a.tokens.http, a.opts.Issuer, issuersOf(a.opts.Issuer), func(_ string, m *netx.Metadata) error {
		if netx.CheckURL(m.TokenURL) != nil && !backchannelAddress(m.TokenURL, a.opts.BackchannelURL) {
			return withoutEndpoint("token_endpoint", m.TokenURL)
		}
		return nil
	})
	if m != nil {
		return m, nil
	}
	var first *unknownError
	for _, problem := range problems {
		// The one that says the most: what was found and is not good rather than what was not
		// found.
		if first == nil || first.status != 0 {
			first = withoutMetadata(where, a.opts.Issuer, problem)
		}
	}
	return nil, first
}
