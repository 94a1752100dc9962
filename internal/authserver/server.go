package authserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/clerkchat/mcp-gateway/internal/pages"
	"github.com/clerkchat/mcp-gateway/internal/web"
	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
)

// AccessTokens signs access tokens and reads them.
type AccessTokens interface {
	// Issue makes a token for a caller, good at one resource, from a grant that ends at a time, and
	// says how long it lives: never beyond that end.
	Issue(caller identity.Caller, resource, grant string, end time.Time) (token string, life time.Duration, err error)
	// Grant gives the grant and the client of a token that is ours and has not expired.
	Grant(token string) (grant, clientID string, ok bool)
	// KeySet is the public keys as a JWK set.
	KeySet() []byte
}

// Sealer encrypts and authenticates for one purpose.
type Sealer = session.Sealer

// MAC makes and checks keyed digests for one purpose.
type MAC = grant.Signer

// Keys are for one purpose each. Registration's come from a list of their own, since the id of a
// client never expires.
type Keys struct {
	ClientID     Sealer
	ClientSecret MAC
	Browser      Sealer
	Request      Sealer
	CSRF         MAC
}

// Options configure a [Server]. All without a default are required.
type Options struct {
	// PublicURL is scheme and host of the gateway, and the path that all of it is below; requests
	// come without that path. It is the issuer.
	PublicURL *url.URL
	// Name is shown to people.
	Name string
	// Resources says whether a URL is one of the gateway's endpoints, and the scopes that it knows.
	Resources func(resource string) (scopes []string, ok bool)
	// Covers tells whether what was authorized for some resources is good at another one. Default:
	// at these alone; a slash at the end makes no difference.
	Covers func(granted []string, resource string) bool
	// DefaultResource is what clients mean who name none (RFC 8707 is younger than some). Default:
	// they are refused.
	DefaultResource string
	// Scopes are all there are, with what they allow in plain words, in the order in which people
	// read them.
	Scopes []Scope
	// SignIn is where people sign in.
	SignIn SignIn
	// Linker keeps people's own keys. Default: nobody is asked for one.
	Linker Linker
	// Tokens signs access tokens.
	Tokens AccessTokens
	// Grants, AuthRequests and Consents are the state that all replicas share.
	Grants       *grant.Grants
	AuthRequests *grant.AuthRequests
	Consents     *grant.Consents
	// Prompt and Waiting are the same as Grants, over a store whose failure is told at once, and
	// one that is given up only when a call's time is over. The token endpoint asks the first, and
	// where that fails the second until Patience is over. Default: Grants.
	Prompt, Waiting *grant.Grants
	// Patience is how long after it came a token request may be answered. Default: [TokenPatience].
	Patience time.Duration
	// Draining is closed when the gateway is about to stop: no token request waits for the store
	// then. Default: never.
	Draining <-chan struct{}
	// Keys seal what leaves the gateway and comes back.
	Keys Keys
	// Clients are those that the operator has registered and denied. Default: none.
	Clients *ClientList
	// Workloads are let in by the word of the platform that they run on. Default: none.
	Workloads *Workloads
	// IdentityAssertions are taken instead of a sign-in. Default: none.
	IdentityAssertions *IdentityAssertions
	// Documents fetches metadata documents of clients and their keys; see [NewDocuments].
	Documents *Documents
	// Pages makes pages.
	Pages *pages.Set
	// Limiter bounds what an address and a grant may ask for. Default: no limits.
	Limiter Limiter
	// ClientAddress is the address that a request comes from. Default: that of the connection.
	ClientAddress func(*http.Request) string
	// TrustsOrigin reports whether the page that a request says to come from is the operator's.
	// Default: one of ours.
	TrustsOrigin func(*http.Request) bool
	// PersonDigest names a subject in the log without saying who it is. Default: nobody is named.
	PersonDigest func(subject string) string
	// Logger is told of failures that operators can do something about.
	Logger *slog.Logger
	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// Scope is something that a client can be allowed to do.
type Scope struct {
	Name        string // such as "messages:send"
	Title       string // such as "Send messages"
	Description string // a sentence
	Writes      bool   // it changes or sends something
}

// Server is the authorization server. It may be used by many goroutines at once.
type Server struct {
	opts    Options
	issuer  string
	base    string // the issuer's path
	origin  string // of our pages
	cookies cookies
	clients clients
	keysOf  *clientKeys
	waiting waitingRoom
	told    web.Told
}

// New makes a server. Its error names every option that is wrong.
func New(opts Options) (*Server, error) {
	var problems []error
	for name, missing := range map[string]bool{
		"Name": opts.Name == "", "Resources": opts.Resources == nil, "Scopes": len(opts.Scopes) == 0, "SignIn": opts.SignIn == nil,
		"Tokens": opts.Tokens == nil, "Grants": opts.Grants == nil, "AuthRequests": opts.AuthRequests == nil,
		"Consents": opts.Consents == nil, "Keys.ClientID": opts.Keys.ClientID == nil,
		"Keys.ClientSecret": opts.Keys.ClientSecret == nil, "Keys.Browser": opts.Keys.Browser == nil,
		"Keys.Request": opts.Keys.Request == nil, "Keys.CSRF": opts.Keys.CSRF == nil, "Documents": opts.Documents == nil,
		"Pages": opts.Pages == nil, "Logger": opts.Logger == nil,
	} {
		if missing {
			problems = append(problems, fmt.Errorf("authserver: Options.%s is missing", name))
		}
	}
	problems = append(problems, checkPublicURL(opts.PublicURL))
	if err := errors.Join(problems...); err != nil {
		return nil, err
	}
	if opts.DefaultResource != "" {
		if _, ok := opts.Resources(opts.DefaultResource); !ok {
			return nil, fmt.Errorf("authserver: the default resource %q is none of the endpoints", opts.DefaultResource)
		}
	}
	if opts.Covers == nil {
		opts.Covers = func(granted []string, resource string) bool {
			return slices.ContainsFunc(granted, func(g string) bool { return strings.TrimSuffix(g, "/") == strings.TrimSuffix(resource, "/") })
		}
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Clients == nil {
		opts.Clients = &ClientList{}
	}
	if opts.ClientAddress == nil {
		opts.ClientAddress = func(r *http.Request) string { return r.RemoteAddr }
	}
	origin, base := opts.PublicURL.Scheme+"://"+opts.PublicURL.Host, strings.TrimSuffix(opts.PublicURL.EscapedPath(), "/")
	if opts.TrustsOrigin == nil {
		opts.TrustsOrigin = func(r *http.Request) bool { return r.Header.Get("Origin") == origin }
	}
	if opts.Prompt == nil {
		opts.Prompt = opts.Grants
	}
	if opts.Waiting == nil {
		opts.Waiting = opts.Grants
	}
	if opts.Patience <= 0 {
		opts.Patience = TokenPatience
	}
	s := &Server{
		opts:    opts,
		issuer:  origin + base,
		base:    base,
		origin:  origin,
		cookies: newCookies(opts.PublicURL),
		clients: clients{
			list: opts.Clients, documents: opts.Documents,
			registered: registrar{ids: opts.Keys.ClientID, secrets: opts.Keys.ClientSecret},
		},
	}
	s.keysOf = newClientKeys(opts, func(ctx context.Context, id string) (*client, error) { return s.clients.forBrowser(ctx, id, nil) })
	return s, nil
}

func checkPublicURL(u *url.URL) error {
	switch {
	case u == nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil:
		return errors.New("authserver: the public URL must be scheme and host only, or these and a path, such as https://mcp.example.com")
	case u.Scheme != "https" && (u.Scheme != "http" || !netx.IsLoopbackName(u.Hostname())):
		return errors.New("authserver: the public URL must be https; only on this machine http will do")
	}
	return nil
}

// The paths of the endpoints.
const (
	MetadataPath       = "/.well-known/oauth-authorization-server"
	OpenIDMetadataPath = "/.well-known/openid-configuration"
	AuthorizePath      = "/oauth/authorize"
	ConsentPath        = "/oauth/consent"
	CallbackPath       = "/oauth/callback"
	TokenPath          = "/oauth/token" //nolint:gosec // a path
	RevokePath         = "/oauth/revoke"
	RegisterPath       = "/oauth/register"
	KeysPath           = "/oauth/jwks"
	KeyPath            = "/oauth/key"
	AccountKeyPath     = "/account/key" // for people, to see, replace and remove their key
)

// aliases are where some clients look for an endpoint whatever the metadata says: the paths that
// MCP once had as a default.
var aliases = map[string]string{AuthorizePath: "/authorize", TokenPath: "/token", RegisterPath: "/register", RevokePath: "/revoke"}

// Mount adds every route; places are the paths of MCP endpoints, for which clients look for
// metadata too, before and behind them (RFC 8414 §3.1, OpenID Connect Discovery §4). Routes for
// programs may be read from any web page, as they use no cookies; those for browsers take and give
// cookies and no page but our own may read them.
func (s *Server) Mount(mux *http.ServeMux, places ...string) {
	handle := func(method, path string, h http.Handler) {
		mux.Handle(method+path, h)
		if alias, ok := aliases[path]; ok {
			mux.Handle(method+alias, h)
		}
	}
	document := public(http.MethodGet, s.metadata)
	for _, name := range []string{MetadataPath, OpenIDMetadataPath} {
		mux.Handle(name, document)
		for _, place := range places {
			if place != "" {
				mux.Handle(name+place, document)
				mux.Handle(place+name, document)
			}
		}
	}
	mux.Handle(KeysPath, public(http.MethodGet, s.keys))
	handle("", RegisterPath, public(http.MethodPost, s.limited(LimitRegister, refuse, s.register)))
	handle("", TokenPath, public(http.MethodPost, s.token))
	handle("", RevokePath, public(http.MethodPost, s.revoke))
	handle("GET ", AuthorizePath, s.limited(LimitAuthorize, s.errorPage, s.authorize))
	mux.Handle("POST "+ConsentPath, s.limitedForm(LimitAuthorize, s.consent))
	mux.Handle("GET "+CallbackPath, http.HandlerFunc(s.callback))
	if s.opts.Linker != nil {
		mux.Handle("POST "+KeyPath, s.limitedForm(LimitAuthorize, s.key))
		mux.Handle("GET "+AccountKeyPath, s.limited(LimitAuthorize, s.errorPage, s.account))
	}
}

// CallbackURL is where the provider sends people back to; it is to be registered there.
func (s *Server) CallbackURL() string { return s.issuer + CallbackPath }

// public lets pages of any origin call a program's endpoint (Fetch, CORS protocol), which without
// cookies gives them nothing that they could not ask for otherwise.
func public(method string, h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Access-Control-Allow-Origin", "*")
		header.Set("Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After, "+web.RequestIDHeader)
		switch {
		case r.Method == http.MethodOptions:
			header.Set("Access-Control-Allow-Methods", method)
			header.Set("Access-Control-Allow-Headers", web.RequestHeaders(r.Header.Get("Access-Control-Request-Headers"),
				"Authorization, Content-Type, MCP-Protocol-Version"))
			header.Set("Access-Control-Max-Age", "3600")
			w.WriteHeader(http.StatusNoContent)
		case r.Method == method, r.Method == http.MethodHead && method == http.MethodGet:
			h(w, r)
		default:
			header.Set("Allow", method+", OPTIONS")
			http.Error(w, "use "+method, http.StatusMethodNotAllowed)
		}
	})
}
