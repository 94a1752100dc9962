package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/credential"
	"github.com/clerkchat/mcp-gateway/internal/endpoint"
	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/clerkchat/mcp-gateway/internal/observe"
	"github.com/clerkchat/mcp-gateway/internal/pages"
	"github.com/clerkchat/mcp-gateway/internal/resource"
	"github.com/clerkchat/mcp-gateway/internal/web"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// Name and Title are how the gateway calls itself towards clients.
const (
	Name       = "clerk-chat"
	Title      = "Clerk Chat"
	websiteURL = "https://clerk.chat"
)

// Options are what a gateway is made of.
type Options struct {
	// Config must have no problems, see [Problems], and the addresses that [Listen] made of it.
	Config config.Config
	// Version is this build's, for serverInfo, pages and metrics.
	Version string
	// Logger for everything. Required.
	Logger *slog.Logger
	// SandboxURL says that the REST API is a simulation and where to look at it; "" for a real one.
	SandboxURL string
	// StoreTimeout is the longest that one call to Redis may take that only reads. Default: that of
	// redisstore, which suits a Redis nearby.
	StoreTimeout time.Duration
	// TokenPatience is how long a token request may wait for Redis. Default: that of authserver,
	// which known clients outwait.
	TokenPatience time.Duration
	// SignInPatience is how long a step of a sign-in may wait for one answer of Redis. Default: 2
	// s.
	SignInPatience time.Duration
	// TurnWait is how long a request may wait for its turn when all that may be in flight are, and
	// TurnStall how long while nobody gets one. Default: 10 s and 5 s.
	TurnWait, TurnStall time.Duration
	// AccessTokenLife is a life of access tokens that Config may not have: tests wait for their
	// end. Default: that of Config.
	AccessTokenLife time.Duration
	// CheckTime is how long a call waits for what the identity provider says of its person.
	// Default: 3 s.
	CheckTime time.Duration
	// ProviderNow is the clock of all that is asked of the identity provider. Default: [time.Now].
	ProviderNow func() time.Time
	// ClientDocuments fetches the metadata documents of MCP clients. Default: what reaches public
	// addresses only.
	ClientDocuments http.RoundTripper
}

// Gateway is a whole gateway, ready to run once.
type Gateway struct {
	cfg     config.Config
	logger  *slog.Logger
	tools   *mcpadapter.Tools
	metrics *observe.Metrics
	guard   *web.Guard
	proxies *web.Proxies
	probes  *web.Probes
	// crowded tells whether so many calls wait for the store that requests are refused before
	// anything is done.
	crowded func() bool
	pace    *web.Pace
	turns   *inFlightGate
	active  atomic.Int64 // requests that are being answered
	// outgoing reaches identity providers and authorization servers.
	outgoing *http.Transport
	closers  []func() error
	// finishing bounds what closers wait for; nil before Run ends.
	finishing context.Context //nolint:containedctx // of the one end that there is

	resource *resource.Server // nil without a login
	login    *login           // nil without --auth oauth

	toolsets map[string]toolset // by path
	places   map[string]mounted // by path
}

// New makes a gateway. Its errors are about the configuration and say what to change.
func New(opts Options) (*Gateway, error) {
	if opts.Logger == nil || opts.Version == "" {
		return nil, errors.New("gateway: Logger and Version are required")
	}
	if p := Problems(&opts.Config); len(p) > 0 {
		return nil, fmt.Errorf("configuration: %s", strings.Join(p, "; "))
	}
	if opts.AccessTokenLife > 0 {
		opts.Config.AccessTokenLife = opts.AccessTokenLife
	}
	g := &Gateway{cfg: opts.Config, logger: opts.Logger, metrics: observe.NewMetrics(opts.Version), toolsets: toolsets(&opts.Config),
		pace: web.NewPace(web.PaceOptions{Write: opts.Config.WriteTimeout, Body: opts.Config.BodyTimeout}),
	}
	if err := g.build(opts); err != nil {
		return nil, errors.Join(err, g.close())
	}
	return g, nil
}

func (g *Gateway) build(opts Options) error {
	cfg := &g.cfg
	var err error
	if g.guard, err = web.NewGuard(cfg.Public(), cfg.AllowedHosts, cfg.AllowedOrigins); err != nil {
		return err
	}
	if g.proxies, err = web.NewProxies(cfg.TrustedProxies); err != nil {
		return err
	}
	client, err := clerkapi.NewClient(clerkapi.Options{
		BaseURL:   cfg.ClerkURL,
		UserAgent: UserAgent(opts.Version),
		Timeout:   cfg.ClerkTimeout,
		Logger:    opts.Logger,
	})
	if err != nil {
		return fmt.Errorf("REST client: %w", err)
	}
	g.outgoing = netx.NewTransport()
	g.closers = append(g.closers, func() error { g.outgoing.CloseIdleConnections(); return nil })
	store, err := g.openStore(opts.StoreTimeout)
	if err != nil {
		return err
	}
	g.closers = append(g.closers, store.Close)
	g.probes, g.crowded = web.NewProbes(store.Ping), store.Crowded
	g.metrics.StoreQueue(store.Waiting)
	keys, err := newKeyring(cfg)
	if err != nil {
		return err
	}
	set, err := pages.New()
	if err != nil {
		return err
	}
	set.OnFailure = func(page string, err error) {
		opts.Logger.Error("a page could not be shown", "page", page, "error", err)
	}
	if cfg.Auth == "oauth" {
		if g.login, err = newLogin(g, opts, client, store, keys, set); err != nil {
			return err
		}
	}
	// The life of the gateway, for what works in the background.
	ctx, cancel := context.WithCancel(context.Background())
	g.closers = append(g.closers, func() error { cancel(); return nil })
	if g.resource, err = g.newResource(ctx); err != nil {
		return err
	}
	var auth endpoint.Auth
	var before endpoint.Credentials // what a call has to have before it begins
	credentials, err := g.credentials()
	if err != nil {
		return err
	}
	if g.resource != nil {
		found := credential.Options{
			Source: credentials, Challenge: g.resource.Challenge, Logger: g.logger,
			KeyPage: issuerURL(cfg).String() + authserver.AccountKeyPath,
		}
		if g.login != nil {
			found.Revoke = g.login.grants.Revoke
		}
		p := credential.NewResolver(found)
		auth, before, credentials = g.resource, p, p
	}
	if g.login != nil {
		auth = checkedAuth{g.resource, g.login}
	}
	limiter, err := g.newSubjectLimits(store, keys)
	if err != nil {
		return err
	}
	guard, err := g.newIdempotency(ctx, store, keys)
	if err != nil {
		return err
	}
	g.tools, err = mcpadapter.New(mcpadapter.Options{
		Client:       client,
		Credentials:  credentials,
		Idempotency:  guard,
		ResendAbsent: cfg.ResendAbsent,
		Budget:       cfg.CallBudget,
		BatchSize:    cfg.BatchSize,
		Limiter:      limiter,
		Observer:     &unrecognizable{Observer: observe.NewCalls(opts.Logger, g.metrics), logger: opts.Logger, now: time.Now},
		MaxContacts:  cfg.MaxContacts, MaxRecipients: cfg.MaxRecipients,
	})
	if err != nil {
		return fmt.Errorf("tools: %w", err)
	}
	sessions, err := g.newSessions(store, keys)
	if err != nil {
		return err
	}
	if g.turns, err = g.newTurns(opts.TurnWait, opts.TurnStall); err != nil {
		return err
	}
	return g.buildPlaces(opts, set, endpoint.Options{
		Auth:           auth,
		Credentials:    before,
		Tenant:         g.tenants(keys),
		Sessions:       sessions,
		Cancellations:  g.newCancellations(ctx, store),
		InFlight:       g.turns,
		RequireSession: cfg.RequireSession,
		MaxBody:        cfg.MaxBody,
		MaxBatch:       cfg.MaxBatch,
		MaxAnswer:      cfg.MaxAnswer,
		Extensions:     g.extensions(),
		Name:           Name,
		Title:          Title,
		Version:        opts.Version,
		WebsiteURL:     websiteURL,
		Logger:         opts.Logger,
	})
}

// close releases what New opened, last first.
func (g *Gateway) close() error {
	var errs []error
	for i := len(g.closers) - 1; i >= 0; i-- {
		errs = append(errs, g.closers[i]())
	}
	return errors.Join(errs...)
}

// credentials finds what a call is made with at the REST API.
func (g *Gateway) credentials() (mcpadapter.Credentials, error) {
	switch {
	case g.login != nil && g.login.credentials != nil:
		return g.login.credentials, nil
	case g.cfg.ClerkCredential == "exchange":
		return g.newExchange(nil, nil)
	}
	return credential.NewWorkspaceKey(g.cfg.ClerkAPIKey.Reveal()), nil
}
