package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/endpoint"
	"github.com/clerkchat/mcp-gateway/internal/fault"
	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/pages"
	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/internal/setting"
	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/internal/upstream"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
)

// authRequestLife is how long a person may take from the consent page to the end of the sign-in.
const authRequestLife = 15 * time.Minute

// signInPatience is how long a step of a sign-in may wait for one answer of Redis: a person would
// have to begin again, so it is worth more than a tool call's. The token endpoint waits longer, see
// authserver.TokenPatience.
const signInPatience = 2 * time.Second

// login is everything behind --auth oauth.
type login struct {
	server *authserver.Server
	tokens *token.Local
	grants *grant.Grants
	// provider is where people sign in.
	provider *upstream.Provider
	// clients says which clients are denied, and what weight others have; nil without
	// --oauth-clients.
	clients *authserver.ClientList
	people  *people
	// credentials are each person's own; nil for a key of the workspace.
	credentials mcpadapter.Credentials
	// issuer is this gateway as authorization server.
	issuer string
	// denies says that there are rules of --deny-signin, for which a grant has what is known of its
	// person.
	denies bool
	// prefetch has all that a request of somebody who signed in needs of Redis read in one round
	// trip, and expect says what that is: the grant with the provider's part, the session, and what
	// the credential is made of. Nothing is read for a request without a good token, since the
	// grant is what is read first.
	prefetch func(next http.Handler) http.Handler
	expect   func(ctx context.Context, caller identity.Caller)
}

func newLogin(g *Gateway, opts Options, client *clerkapi.Client, store *redisstore.Store, keys *seal.Keyring, set *pages.Set) (*login, error) {
	cfg := &g.cfg
	issuer := issuerURL(cfg)
	seeds, err := signingSeeds(cfg)
	if err != nil {
		return nil, err
	}
	l := &login{issuer: issuer.String(), denies: len(cfg.DenySignin) > 0}
	l.readAhead(cfg, store)
	l.tokens, err = token.NewLocal(token.LocalOptions{
		Issuer: issuer.String(), Seeds: seeds, Life: cfg.AccessTokenLife, Endpoints: endpointTree(cfg),
	})
	if err != nil {
		return nil, err
	}
	// Calls do not wait for Redis where signing in does, and the token endpoint longest; all see
	// the same grants.
	patient := store.WithTimeout(cmp.Or(opts.SignInPatience, signInPatience))
	cache := grant.NewCache() // what one of them revokes the others know
	if l.grants, err = newGrants(cfg, store, keys, cache); err != nil {
		return nil, err
	}
	grants, err := newGrants(cfg, patient, keys, cache)
	if err != nil {
		return nil, err
	}
	waiting, err := newGrants(cfg, store.WithTimeout(cmp.Or(opts.TokenPatience, authserver.TokenPatience)), keys, cache)
	if err != nil {
		return nil, err
	}
	authRequests, err := grant.NewAuthRequests(patient.AuthRequests(), keys.Sealer(purposeExchange), authRequestLife)
	if err != nil {
		return nil, err
	}
	provider, err := newProvider(cfg, g.outgoing, opts.ProviderNow, opts.CheckTime)
	if err != nil {
		return nil, err
	}
	l.provider = provider
	if l.people, err = g.newPeople(provider, l.grants, grants, patient.Limits(), keys); err != nil {
		return nil, err
	}
	var link authserver.Linker // nobody is asked for a key, but with --clerk-credential linked
	switch cfg.ClerkCredential {
	case "linked":
		if l.credentials, err = newPersonalKeys(client, store, keys); err != nil {
			return nil, err
		}
		linked, err := newPersonalKeys(client, patient, keys)
		if err != nil {
			return nil, err
		}
		link = linked
	case "login", "exchange":
		l.credentials = l.people.Login
		if cfg.ClerkCredential == "exchange" {
			if l.credentials, err = g.newExchange(provider, l.people.Login); err != nil {
				return nil, err
			}
		}
	}
	if l.clients, err = readClients(cfg); err != nil {
		return nil, err
	}
	serverKeys := authserver.Keys{Browser: keys.Sealer(purposeBrowser), Request: keys.Sealer(purposeRequest), CSRF: keys.MAC(purposeCSRF)}
	if err := registrationKeys(cfg, keys, &serverKeys); err != nil {
		return nil, err
	}
	limiter, err := g.newOAuthLimits(store, keys)
	if err != nil {
		return nil, err
	}
	documents, err := g.newDocuments(opts, patient, keys)
	if err != nil {
		return nil, err
	}
	assertions, err := g.newAssertions(opts)
	if err != nil {
		return nil, err
	}
	l.server, err = authserver.New(authserver.Options{
		PublicURL: issuer, Name: Title, Scopes: plainScopes(g.toolsets[pathMCP].scopes), SignIn: signIn{provider, l.people},
		Linker: link, Tokens: l.tokens, Grants: grants,
		Resources:       func(resource string) ([]string, bool) { return scopesAt(g.toolsets, issuer, resource) },
		Covers:          endpointTree(cfg).Good,
		DefaultResource: defaultResource(cfg, issuer),
		AuthRequests:    authRequests,
		Consents:        grant.NewConsents(patient.Consents(), keys.Sealer(purposeConsent)),
		Keys:            serverKeys, Clients: l.clients, Documents: documents, Pages: set,
		Workloads: assertions.workloads, IdentityAssertions: assertions.identity,
		Prompt: l.grants, Waiting: waiting, Patience: opts.TokenPatience, Draining: g.probes.Draining(),
		Limiter: limiter, ClientAddress: clientNetwork, TrustsOrigin: g.guard.TrustsOrigin, Logger: g.logger,
		PersonDigest: l.people.named,
	})
	return l, err
}

// readAhead wires what requests read ahead.
func (l *login) readAhead(cfg *config.Config, store *redisstore.Store) {
	sessions, grants, states, personal := store.Sessions(), store.Grants(), store.ProviderStates(), store.PersonalKeys()
	l.prefetch = func(next http.Handler) http.Handler {
		return store.Prefetch(next, func(r *http.Request) {
			if id := r.Header.Get(endpoint.SessionHeader); id != "" {
				sessions.Expect(r.Context(), session.KeyOf(id))
			}
		})
	}
	l.expect = func(ctx context.Context, caller identity.Caller) {
		grants.Expect(ctx, caller.Grant)
		states.Expect(ctx, caller.Grant)
		if cfg.ClerkCredential == "linked" {
			personal.Expect(ctx, upstream.LinkName(caller.Subject))
		}
	}
}

func newGrants(cfg *config.Config, store *redisstore.Store, keys *seal.Keyring, cache *grant.Cache) (*grant.Grants, error) {
	return grant.NewGrants(grant.Options{
		Records: store.Grants(), Upstream: store.ProviderStates(), Assertions: store.Assertions(), StoreTime: store.Grants().Time, Cache: cache,
		Sealer: keys.Sealer(purposeGrant), Signer: keys.MAC(purposeRefreshToken),
		AccessLife: cfg.AccessTokenLife, Grace: cfg.RefreshGrace,
		PersonDigests: keys.MAC(purposeSessionSubject).Digests,
	})
}

// confirmedFor is how long a grant that was seen to stand is good for calls that change something
// while the store is away.
const confirmedFor = 5 * time.Minute

// verify says whose one of our own access tokens is. A grant that was revoked, and one of somebody
// who is shut out, ends it at once. While the store is away a token goes on until it expires,
// unless this process knows its grant to be revoked; but it is good for reading only, unless this
// process has seen the grant stand lately. If the store has lost the grant, a token goes on where
// the REST API is called with a key of the workspace, since nothing else is needed for a call,
// unless nobody can tell any more whether a rule of --deny-signin names the person: then it costs
// one sign-in. What is there and cannot be read is neither, whoever's key the call would use: see
// [resource.Server.Protect] for such errors. A client that acts for itself is judged by the list of
// clients alone.
func (l *login) verify(ctx context.Context, bearer, at string) (identity.Caller, error) {
	t, err := l.tokens.Verify(bearer, at)
	if err != nil {
		return identity.Caller{}, err
	}
	caller := t.Caller
	caller.Grant = t.Grant
	if l.clients.Denies(caller.ClientID) {
		return identity.Caller{}, grantOver(errDeniedClient)
	}
	software, err := l.narrowSoftware(&caller)
	if err != nil {
		return identity.Caller{}, err
	}
	l.expect(ctx, caller)
	found, err := l.grants.Lookup(ctx, t.Grant)
	unconfirmed, away := errors.AsType[*grant.UnconfirmedError](err)
	switch {
	case away && ctx.Err() != nil: // the client left before anybody was asked, which must not get it anything
		return identity.Caller{}, err
	case errors.Is(err, grant.ErrUnreadable): // nobody can tell whether it stands, here or anywhere
		l.people.cannotRead(ctx, err)
		return identity.Caller{}, err
	case away:
		caller.GrantUnconfirmed = time.Since(unconfirmed.LastSeen) > confirmedFor
	case l.over(err, software):
		return identity.Caller{}, grantOver(err)
	}
	caller.Direct = !found.Until.IsZero()
	if software { // no rule and no provider says anything about it
		return caller, nil
	}
	if err := l.people.look(ctx, upstreamGrant(t.Grant, caller.Subject, found.Email, found.Born)); err != nil {
		return identity.Caller{}, err
	}
	return caller, nil
}

// over reports whether an error of looking a grant up ends what it was for.
func (l *login) over(err error, software bool) bool {
	switch {
	case err == nil, errors.Is(err, session.ErrUnavailable):
		return false
	case errors.Is(err, grant.ErrNoGrant):
		return !software && (l.credentials != nil || l.denies)
	}
	return true
}

// stands says that the caller's grant has ended, or that it does not open any more. A store that
// does not answer is not a reason: what is sent then has rules of its own.
func (l *login) stands(ctx context.Context) error {
	_, err := l.grants.Lookup(ctx, request.From(ctx).Caller.Grant)
	switch {
	case l.over(err, false):
		return grantOver(err)
	case errors.Is(err, grant.ErrUnreadable):
		return err
	}
	return nil
}

var errDeniedClient = errors.New("the client is denied")

// grantOver makes the resource server challenge: the client has to sign in again.
func grantOver(cause error) error {
	return &fault.Error{Kind: fault.InvalidToken, Public: "what the access token was issued for has ended", Cause: cause}
}

// issuerURL is the gateway's name as authorization server.
func issuerURL(cfg *config.Config) *url.URL {
	if u := cfg.Public(); u != nil {
		return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: cfg.BasePath()}
	}
	return &url.URL{Scheme: "http", Host: cfg.Listen} // on loopback, see config.Problems, with the port that Listen took
}

// defaultResource is where a token is good whose client named no resource: at every endpoint of
// this gateway, unless it is told to limit such tokens to the one that most clients are given.
func defaultResource(cfg *config.Config, issuer *url.URL) string {
	if cfg.LimitResource {
		return issuer.String() + pathMCP
	}
	return issuer.String()
}

// CallbackURL is where the provider has to send people back to.
func CallbackURL(cfg *config.Config) string { return issuerURL(cfg).String() + authserver.CallbackPath }

// signingSeeds derive from each secret, so that what one of several secrets signed still verifies.
func signingSeeds(cfg *config.Config) ([][]byte, error) {
	seeds := make([][]byte, len(cfg.Secrets))
	for i, s := range cfg.Secrets {
		ring, err := seal.New([]byte(s.Reveal()))
		if err != nil {
			return nil, fmt.Errorf(setting.Secrets+": %w", err)
		}
		seeds[i] = ring.MAC(purposeAccessToken).Digest([]byte("seed"))
	}
	return seeds, nil
}

// newProvider makes the provider of a configuration; a checkTime of 0 is the default.
func newProvider(
	cfg *config.Config, transport http.RoundTripper, now func() time.Time, checkTime time.Duration,
) (*upstream.Provider, error) {
	a, err := newAdmission(cfg)
	if err != nil {
		return nil, err
	}
	return upstream.NewProvider(upstream.ProviderOptions{
		Issuer: cfg.OIDCIssuer, ClientID: cfg.OIDCClientID, ClientSecret: cfg.OIDCClientSecret.Reveal(),
		ClientAuth: cfg.OIDCClientAuth, BackchannelURL: cfg.OIDCBackchannel,
		KeySet: func(fetch func(context.Context) ([]byte, error)) upstream.KeySet {
			return token.NewProviderKeys(fetch, now)
		},
		RedirectURL: CallbackURL(cfg), Scopes: cfg.OIDCScopes, Params: cfg.ProviderParams(),
		Allow: a.allow, Deny: a.deny, Transport: transport, Now: now, CheckTime: checkTime,
	})
}

// plainScopes says what each of some scopes allows, in the order in which people read them.
func plainScopes(some []string) []authserver.Scope {
	return slices.DeleteFunc([]authserver.Scope{
		{Name: mcpadapter.ScopeReadMessages, Title: "Read messages", Description: "Read the workspace's messages, sent and received."},
		{
			Name: mcpadapter.ScopeSendMessages, Title: "Send messages", Writes: true,
			Description: "Send texts to people from the workspace's numbers. They cost money and cannot be taken back.",
		},
		{Name: mcpadapter.ScopeWriteContacts, Title: "Manage contacts", Description: "Create, change and delete contacts of the workspace.", Writes: true},
		{Name: mcpadapter.ScopeSendCampaigns, Title: "Start campaigns", Description: "Send a text to everybody in a list of the workspace.", Writes: true},
	}, func(s authserver.Scope) bool { return !slices.Contains(some, s.Name) })
}
