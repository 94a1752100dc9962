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
	"github.com/clerkchat/mcp-gateway/internal/netx"
)

// ProviderOptions configure a [Provider]. Issuer, ClientID, RedirectURL and Allow are required.
type ProviderOptions struct {
	// Issuer is the provider's identifier, to the letter as in its metadata. Entra's for many
	// tenants end in common/v2.0 or organizations/v2.0: then each token is held to the issuer of
	// its own tenant, and Allow has to say which tenants may come.
	Issuer string
	// ClientID and ClientSecret are what the provider knows the gateway by. Without a secret it is
	// a public client.
	ClientID, ClientSecret string
	// ClientAuth is how the gateway says which client it is, one of the constants such as
	// [AuthPost]. Default: [AuthAuto].
	ClientAuth string
	// BackchannelURL is where the gateway reaches the issuer, if that is not the issuer's own
	// address: the counterpart of the issuer's host, or with a path the counterpart of the issuer.
	// It may be http.
	BackchannelURL string
	// KeySet makes what finds the provider's keys among what fetch gives, a JWK set. Required.
	KeySet func(fetch func(ctx context.Context) ([]byte, error)) KeySet
	// RedirectURL is where the provider sends browsers back to.
	RedirectURL string
	// Scopes are asked for beside openid. Default: profile and email.
	Scopes []string
	// Params are added to the URL that browsers are sent to, for what providers have of their own,
	// such as access_type. None may be one that the protocol needs.
	Params map[string]string
	// Allow says why whom the claims describe may not sign in, nil for who may, such as
	// [identity.Rules.Admit].
	Allow func(claims map[string]any) error
	// Deny names people who may not, whatever Allow says. Default: nobody.
	Deny identity.Rules
	// Leeway is how far the clocks may be apart. Default: 30 seconds; at most 5 minutes.
	Leeway time.Duration
	// CheckTime bounds a question about a person, and is how long a call waits for the answer.
	// Default: 3 seconds.
	CheckTime time.Duration
	// Transport carries requests. Default: [http.DefaultTransport].
	Transport http.RoundTripper
	// Now is the clock. Default: [time.Now].
	Now func() time.Time
}

// KeySet has the keys of a provider.
type KeySet interface {
	// VerifySignature is that of [oidc.KeySet]. Its errors are those of fetch, and what has the
	// method
	//
	//	KeyReason() (word string, temporary bool)
	//
	// and says with one of [KeyUnknown] and the others why no key is the one.
	oidc.KeySet
	// Count fetches the keys if need be, and says how many there are and how many of them are of
	// use.
	Count(ctx context.Context) (usable, all int, err error)
}

// Why no key of a [KeySet] verifies a signature.
const (
	KeyUnknown   = "unknown_key"        // none has the key's id, or fits
	KeySignature = "signature"          // the key of that id did not sign it
	KeyForeign   = "key_of_another_one" // the key is for tokens of another issuer
	KeyNone      = "no_usable_key"      // the set has no key that is of use
)

// Provider is an OpenID Connect provider that people sign in at. It may be used by many goroutines
// at once.
type Provider struct {
	opts   ProviderOptions
	client *http.Client
	tokens tokenClient
	found  cachedMetadata[metadata]
	// refuses is until when offline_access is not asked for, in Unix seconds.
	refuses atomic.Int64
}

// NewProvider asks nothing of the provider. Its error names every option that is wrong.
func NewProvider(opts ProviderOptions) (*Provider, error) {
	var problems []error
	if err := netx.CheckURL(opts.Issuer); err != nil {
		problems = append(problems, fmt.Errorf("upstream: issuer %q: %w", opts.Issuer, err))
	} else if issuer, found := strings.CutSuffix(opts.Issuer, netx.OpenIDMetadata); found {
		problems = append(problems, fmt.Errorf("upstream: issuer %q: is the address of its metadata; give %s", opts.Issuer, issuer))
	}
	if err := netx.CheckURL(opts.RedirectURL); err != nil {
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
	if opts.CheckTime <= 0 {
		opts.CheckTime = checkTime
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
	if opts.KeySet == nil {
		problems = append(problems, errors.New("upstream: say what finds the provider's keys"))
	}
	method, err := checkClientAuth(opts.ClientAuth, opts.ClientSecret)
	if err != nil {
		problems = append(problems, err)
	}
	transport, err := newBackchannel(opts.Issuer, opts.BackchannelURL, opts.Transport)
	if err != nil {
		problems = append(problems, err)
	}
	client := newHTTPClient(transport)
	p := &Provider{opts: opts, client: client, tokens: newTokenClient(client, opts.ClientID, opts.ClientSecret, method, providerSettings)}
	p.found = newCachedMetadata(opts.Now, p.discover)
	return p, errors.Join(problems...)
}

// scopePattern is a scope-token of RFC 6749 §3.3.
var scopePattern = regexp.MustCompile(`^[\x21\x23-\x5B\x5D-\x7E]+$`)

// ownParams are those that belong to the protocol: Begin sets them, or another one would change
// what comes back.
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
