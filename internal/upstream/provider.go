package upstream

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/clerkchat/mcp-gateway/internal/identity"
)

// ProviderOptions configure a [Provider]. Issuer, ClientID, RedirectURL and Allow are required.
type ProviderOptions struct {
	// Issuer is the provider's identifier, to the letter as in its metadata.
	Issuer string
	// ClientID and ClientSecret are what the provider knows the gateway by. Without a secret it is a public client.
	ClientID, ClientSecret string
	// RedirectURL is where the provider sends browsers back to.
	RedirectURL string
	// Scopes are asked for beside openid. Default: profile and email.
	Scopes []string
	// Params are added to the URL that browsers are sent to, for what providers have of their own, such as access_type.
	// None may be one that the protocol needs.
	Params map[string]string
	// Allow says why whom the claims describe may not sign in, nil for who may, such as [identity.Rules.Admit].
	Allow func(claims map[string]any) error
	// Deny names people who may not, whatever Allow says. Default: nobody.
	Deny identity.Rules
	// Leeway is how far the clocks may be apart. Default: 30 seconds; at most 5 minutes.
	Leeway time.Duration
	// Transport carries requests. Default: [http.DefaultTransport].
	Transport http.RoundTripper
	// Now is the clock. Default: [time.Now].
	Now func() time.Time
}

// Provider is an OpenID Connect provider that people sign in at. It may be used by many goroutines at once.
type Provider struct {
	opts   ProviderOptions
	client *http.Client
	tokens tokenClient
	found  document[metadata]
	// refuses is until when offline_access is not asked for, in Unix seconds.
	refuses atomic.Int64
}

// NewProvider asks nothing of the provider. Its error names every option that is wrong.
func NewProvider(opts ProviderOptions) (*Provider, error) {
	var problems []error
	if err := checkURL(opts.Issuer); err != nil {
		problems = append(problems, fmt.Errorf("upstream: issuer %q: %w", opts.Issuer, err))
	}
	if err := checkURL(opts.RedirectURL); err != nil {
		problems = append(problems, fmt.Errorf("upstream: redirect URL %q: %w", opts.RedirectURL, err))
	}
	if opts.ClientID == "" {
		problems = append(problems, errors.New("upstream: give the client id that the provider knows this gateway by"))
	}
	if opts.Allow == nil {
		problems = append(problems, errors.New("upstream: say who may sign in"))
	}
	problems = append(problems, checkParams(opts.Params)...)
	for _, scope := range opts.Scopes {
		if !scopePattern.MatchString(scope) {
			problems = append(problems, fmt.Errorf("upstream: scope %q: give names without spaces, quotes and backslashes", scope))
		}
	}
	if opts.Leeway == 0 {
		opts.Leeway = 30 * time.Second
	}
	if opts.Leeway < 0 || opts.Leeway > 5*time.Minute {
		problems = append(problems, fmt.Errorf("upstream: leeway %s: give up to 5m", opts.Leeway))
	}
	if len(opts.Scopes) == 0 {
		opts.Scopes = []string{"profile", "email"}
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	client := newHTTPClient(opts.Transport)
	return &Provider{
		opts: opts, client: client, tokens: tokenClient{client, opts.ClientID, opts.ClientSecret},
		found: document[metadata]{now: opts.Now},
	}, errors.Join(problems...)
}

// scopePattern is a scope-token of RFC 6749 §3.3.
var scopePattern = regexp.MustCompile(`^[\x21\x23-\x5B\x5D-\x7E]+$`)

// ownParams are those that belong to the protocol: Begin sets them, or another one would change what comes back.
var ownParams = []string{
	"client_id", "client_secret", "redirect_uri", "response_type", "response_mode", "scope", "state", "nonce",
	"code_challenge", "code_challenge_method", "code_verifier", "request", "request_uri", "registration", "dpop_jkt",
}

func checkParams(params map[string]string) (problems []error) {
	for _, name := range slices.Sorted(maps.Keys(params)) {
		switch {
		case name == "":
			problems = append(problems, errors.New("upstream: a parameter for the provider has no name"))
		case slices.Contains(ownParams, strings.ToLower(name)):
			problems = append(problems, fmt.Errorf("upstream: the parameter %s for the provider is set by the gateway itself", name))
		}
	}
	return problems
}

// metadata is what the provider says of itself (OpenID Connect Discovery §3).
type metadata struct {
	oidc *oidc.Provider
	keys oidc.KeySet

	AuthURL     string   `json:"authorization_endpoint"`
	TokenURL    string   `json:"token_endpoint"`
	KeysURL     string   `json:"jwks_uri"`
	UserInfoURL string   `json:"userinfo_endpoint"`
	Algorithms  []string `json:"id_token_signing_alg_values_supported"`
	AuthMethods []string `json:"token_endpoint_auth_methods_supported"`
	Scopes      []string `json:"scopes_supported"`
	SendsIssuer bool     `json:"authorization_response_iss_parameter_supported"` // RFC 9207 §3
}

func (p *Provider) metadata(ctx context.Context) (*metadata, error) {
	return p.found.get(ctx, p.discover)
}

func (p *Provider) discover(ctx context.Context, old *metadata) (*metadata, error) {
	ctx = oidc.ClientContext(ctx, p.client)
	found, err := oidc.NewProvider(ctx, p.opts.Issuer)
	if err != nil {
		return nil, &unknownError{reason: "metadata_unreachable", temporary: true} // the cause quotes what was answered
	}
	m := &metadata{oidc: found}
	if err := found.Claims(m); err != nil {
		return nil, &unknownError{reason: "metadata_unreadable", temporary: true}
	}
	for _, address := range []string{m.AuthURL, m.TokenURL, m.KeysURL} {
		if checkURL(address) != nil {
			return nil, &unknownError{reason: "metadata_without_an_https_endpoint", temporary: true}
		}
	}
	if checkURL(m.UserInfoURL) != nil {
		m.UserInfoURL = ""
	}
	if old != nil && old.KeysURL == m.KeysURL {
		m.keys = old.keys // they are fetched again when one is missing
	} else {
		m.keys = oidc.NewRemoteKeySet(ctx, m.KeysURL)
	}
	return m, nil
}

// algorithms are those that ID tokens may be signed with: asymmetric ones that the provider announces. A symmetric one
// would make the client secret a key, and none is no signature (RFC 8725 §2.1).
func (m *metadata) algorithms() []string {
	all := []string{
		oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.EdDSA,
	}
	if len(m.Algorithms) == 0 {
		return all
	}
	announced := slices.DeleteFunc(all, func(a string) bool { return !slices.Contains(m.Algorithms, a) })
	if len(announced) == 0 {
		return []string{oidc.RS256}
	}
	return announced
}
