package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// AuthorizationServerOptions configure an [AuthorizationServer]. ClientID and one of Issuer and TokenURL are required.
type AuthorizationServerOptions struct {
	// Issuer is the server's identifier, to the letter as in its metadata, which names the token endpoint.
	Issuer string
	// TokenURL is the token endpoint. Default: that of the metadata.
	TokenURL string
	// ClientID and ClientSecret are what the server knows the gateway by. Without a secret it is a public client.
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

// AuthorizationServer is a server whose token endpoint exchanges tokens, and where nobody signs in through the gateway. It
// may be used by many goroutines at once.
type AuthorizationServer struct {
	opts   AuthorizationServerOptions
	tokens tokenClient
	found  cachedMetadata[serverMetadata]
}

// exchangeSettings are those of --clerk-credential exchange at a server of its own; how the client says who it is goes by its
// metadata.
var exchangeSettings = clientSettings{
	"--exchange-client-id (GATEWAY_EXCHANGE_CLIENT_ID)", "--exchange-client-secret (GATEWAY_EXCHANGE_CLIENT_SECRET)",
	"the metadata of the server, or --oidc-client-auth (OIDC_CLIENT_AUTH) with --auth oauth,",
}

// serverMetadata is what a server says of its token endpoint (RFC 8414 §2).
type serverMetadata struct {
	Issuer      string   `json:"issuer"`
	TokenURL    string   `json:"token_endpoint"`
	AuthMethods []string `json:"token_endpoint_auth_methods_supported"`
}

// NewAuthorizationServer asks nothing of the server. Its error names every option that is wrong.
func NewAuthorizationServer(opts AuthorizationServerOptions) (*AuthorizationServer, error) {
	var problems []error
	address, what := opts.TokenURL, "token URL"
	if address == "" {
		address, what = opts.Issuer, "issuer"
	}
	if err := checkURL(address); err != nil {
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
	return &AuthorizationServer{
		opts: opts, tokens: newTokenClient(newHTTPClient(transport), opts.ClientID, opts.ClientSecret, method, exchangeSettings),
		found: cachedMetadata[serverMetadata]{now: opts.Now},
	}, errors.Join(problems...)
}

func (a *AuthorizationServer) now() time.Time { return a.opts.Now() }

func (a *AuthorizationServer) exchange(ctx context.Context, form url.Values) (*tokens, error) {
	m := &serverMetadata{TokenURL: a.opts.TokenURL}
	if m.TokenURL == "" {
		var err error
		if m, err = a.found.get(ctx, a.discover); err != nil {
			return nil, err
		}
	}
	return a.tokens.redeem(ctx, m.TokenURL, m.AuthMethods, form)
}

// discover looks where metadata may be: RFC 8414 §3.1 puts the well-known name before the issuer's path, OpenID Connect
// Discovery §4 after it.
func (a *AuthorizationServer) discover(ctx context.Context, _ *serverMetadata) (*serverMetadata, error) {
	u, err := url.Parse(a.opts.Issuer)
	if err != nil {
		return nil, fmt.Errorf("%w: the issuer is not a URL", ErrUnavailable)
	}
	origin, path := u.Scheme+"://"+u.Host, strings.TrimSuffix(u.EscapedPath(), "/")
	var firstErr *unknownError
	for _, address := range []string{
		origin + "/.well-known/oauth-authorization-server" + path,
		origin + path + wellKnown,
	} {
		m, err := a.read(ctx, address)
		if err == nil {
			return m, nil
		}
		// The one that says the most: what was found and is not good rather than what was not found.
		var e *unknownError
		if errors.As(err, &e) && (firstErr == nil || firstErr.status != 0) {
			firstErr = e
		}
	}
	return nil, firstErr
}

// read gives the metadata at an address if it is that of this issuer (RFC 8414 §3.3).
func (a *AuthorizationServer) read(ctx context.Context, address string) (*serverMetadata, error) {
	const setting = "the issuer, or --exchange-token-url (GATEWAY_EXCHANGE_TOKEN_URL),"
	body, err := fetch(ctx, a.tokens.http, "metadata", setting, address)
	if err != nil {
		return nil, err
	}
	var m serverMetadata
	switch {
	case decode(body, &m) != nil:
		return nil, &unknownError{reason: "metadata_not_json", temporary: true, act: true, detail: "read at " + shownURL(address)}
	case m.Issuer != a.opts.Issuer && !isTemplateOf(m.Issuer, a.opts.Issuer):
		return nil, anotherIssuer("the issuer", a.opts.Issuer, m.Issuer)
	case checkURL(m.TokenURL) != nil && !backchannelAddress(m.TokenURL, a.opts.BackchannelURL):
		return nil, withoutEndpoint("token_endpoint", m.TokenURL)
	}
	return &m, nil
}
