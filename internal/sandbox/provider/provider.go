package provider

import (
	"crypto"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/pages"
)

// Prefix is where the provider is in the URL space, and what its issuer has after the base URL.
const Prefix = "/oidc"

// Operations that faults can be made for.
const (
	OperationToken     = "token"
	OperationAuthorize = "authorize"
	OperationKeys      = "jwks"
	OperationUserinfo  = "userinfo"
)

// Operations lists them.
func Operations() []string {
	return []string{OperationAuthorize, OperationKeys, OperationToken, OperationUserinfo}
}

// Options configure a [Provider]. All fields but the last two are needed.
type Options struct {
	// Now is the clock.
	Now func() time.Time
	// BaseURL is the URL of the sandbox that a request was made to, without a slash at the end: the
	// audience of its REST API, and the issuer without Prefix.
	BaseURL func(*http.Request) string
	// Pages has the sign-in page.
	Pages *pages.Set
	// RedirectURIs are those of clients that are not on this machine.
	RedirectURIs []string
	// SigningKey is the first key, of RSA or on P-256. Default: a new one of RSA.
	SigningKey crypto.Signer
}

// Provider is the simulated provider. It is safe for concurrent use.
type Provider struct {
	options Options
	clients map[string]client

	mu    sync.Mutex // guards state
	state state
}

// state is what the provider remembers; its zero value plus settings is the start.
type state struct {
	settings settings
	keys     []signingKey // the first one signs; made when the first is needed
	codes    map[string]*code
	refresh  map[string]*refreshToken
	access   map[string]*accessToken   // by jti
	redeemed map[string]int            // by grant type
	claims   map[string]map[string]any // by the person's id: what control changed of their claims
}

// New makes a provider that knows its people and clients.
func New(o Options) (*Provider, error) {
	if o.Now == nil || o.BaseURL == nil || o.Pages == nil {
		return nil, errors.New("provider: Now, BaseURL and Pages are needed")
	}
	if o.SigningKey != nil {
		if _, err := keyOf(o.SigningKey); err != nil {
			return nil, err
		}
	}
	p := &Provider{options: o, clients: clients()}
	p.Reset()
	return p, nil
}

// Reset forgets everything: sign-ins, keys and settings.
func (p *Provider) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.state = state{
		settings: defaults(p.options.RedirectURIs),
		codes:    make(map[string]*code),
		refresh:  make(map[string]*refreshToken),
		access:   make(map[string]*accessToken),
		redeemed: make(map[string]int),
		claims:   make(map[string]map[string]any),
	}
}

// Route is one path of the provider.
type Route struct {
	Pattern   string // as [http.ServeMux] has it
	Operation string // one of Operations, or empty
	Handler   http.Handler
}

// Routes lists every path.
func (p *Provider) Routes() []Route {
	up := func(h http.HandlerFunc) http.Handler { return p.unlessDown(h) }
	return []Route{
		{"GET " + Prefix + "/.well-known/openid-configuration", "", up(p.metadata)},
		{"GET /.well-known/oauth-authorization-server" + Prefix, "", up(p.metadata)}, // RFC 8414 §3.1
		{"GET " + Prefix + "/jwks", OperationKeys, up(p.serveKeys)},
		{"GET " + Prefix + "/authorize", OperationAuthorize, up(p.authorize)},
		{"POST " + Prefix + "/authorize", OperationAuthorize, up(p.authorize)}, // OpenID Connect Core §3.1.2.1
		{"GET " + Prefix + "/authorize/{choice}", "", up(p.choose)},
		{"POST " + Prefix + "/token", OperationToken, up(p.token)},
		{"GET " + Prefix + "/userinfo", OperationUserinfo, up(p.userinfo)},
		{"POST " + Prefix + "/userinfo", OperationUserinfo, up(p.userinfo)}, // OpenID Connect Core §5.3
		{"POST " + Prefix + "/revoke", "", up(p.revoke)},
	}
}

// unlessDown answers 503 while the provider is set to be down.
func (p *Provider) unlessDown(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		down := p.state.settings.DownRequests > 0
		if down {
			p.state.settings.DownRequests--
		}
		p.mu.Unlock()
		if down {
			w.Header().Set("Retry-After", "1")
			writeError(w, failure{http.StatusServiceUnavailable, "temporarily_unavailable", "the provider is set to be down"})
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (p *Provider) issuer(r *http.Request) string { return p.options.BaseURL(r) + Prefix }

// sweep forgets what has expired. Its caller holds the lock.
func (p *Provider) sweep() {
	now := p.options.Now()
	for id, c := range p.state.codes {
		if !now.Before(c.expires.Add(codeLife)) { // kept a little, so that a replay is seen as one
			delete(p.state.codes, id)
		}
	}
	for id, t := range p.state.refresh {
		if t.grant.ended || !now.Before(t.expires) {
			delete(p.state.refresh, id)
		}
	}
	for id, t := range p.state.access {
		if t.grant.ended || !now.Before(t.expires) {
			delete(p.state.access, id)
		}
	}
}
