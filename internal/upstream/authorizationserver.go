package upstream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	found  document[serverMetadata]
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
	return &AuthorizationServer{
		opts: opts, tokens: tokenClient{newHTTPClient(opts.Transport), opts.ClientID, opts.ClientSecret},
		found: document[serverMetadata]{now: opts.Now},
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
		return nil, fmt.Errorf("%w: the issuer is no URL", ErrUnavailable)
	}
	origin, path := u.Scheme+"://"+u.Host, strings.TrimSuffix(u.EscapedPath(), "/")
	for _, address := range []string{
		origin + "/.well-known/oauth-authorization-server" + path,
		origin + path + "/.well-known/openid-configuration",
	} {
		if m := a.read(ctx, address); m != nil {
			return m, nil
		}
	}
	return nil, fmt.Errorf("%w: the authorization server has no metadata that names its token endpoint", ErrUnavailable)
}

// read gives nil for what is no metadata of this issuer (RFC 8414 §3.3).
func (a *AuthorizationServer) read(ctx context.Context, address string) *serverMetadata {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil
	}
	req.Header.Set("Accept", "application/json")
	resp, err := a.tokens.http.Do(req)
	if err != nil {
		return nil
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	var m serverMetadata
	if err != nil || resp.StatusCode != http.StatusOK || json.Unmarshal(body, &m) != nil ||
		m.Issuer != a.opts.Issuer || checkURL(m.TokenURL) != nil {
		return nil
	}
	return &m
}
