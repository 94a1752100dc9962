package authserver_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/embedded"
	"github.com/clerkchat/mcp-gateway/internal/fault"
	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/clerkchat/mcp-gateway/internal/outputtest"
	"github.com/clerkchat/mcp-gateway/internal/pages"
	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/internal/resource"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
)

func TestMain(m *testing.M) {
	redisstore.SilenceLibrary()
	testkit.Main(m)
}

var scopes = []authserver.Scope{
	{Name: "messages:read", Title: "Read messages", Description: "See your conversations and who took part."},
	{Name: "messages:send", Title: "Send messages", Description: "Send text messages from your numbers.", Writes: true},
	{Name: "contacts:write", Title: "Change contacts", Description: "Add, change and delete contacts.", Writes: true},
}

var scopeNames = []string{"messages:read", "messages:send", "contacts:write"}

// world is two replicas behind one address, each request on another one, with a store, a provider
// and a clock.
type world struct {
	insists  bool // see post
	t        testing.TB
	url      string
	server   *httptest.Server
	redis    *redistest.Server
	ahead    atomic.Int64 // of the clock
	provider provider
	limiter  limiter
	fetch    func(*http.Request) (*http.Response, error) // metadata documents
	log      outputtest.Buffer
	tokens   *token.Local
	replicas []*http.ServeMux
	next     atomic.Int64
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

func (w *world) endpoints(path string) ([]string, bool) {
	return scopeNames, path == "/mcp" || path == ""
}

// newWorld has a real Redis if there is one on this machine.
func newWorld(t testing.TB, change ...func(*authserver.Options)) *world {
	t.Helper()
	return newWorldOver(t, redistest.Available(), change...)
}

func newWorldOver(t testing.TB, realRedis bool, change ...func(*authserver.Options)) *world {
	t.Helper()
	w := &world{t: t}
	w.provider.world = w
	w.server = httptest.NewUnstartedServer(http.HandlerFunc(w.serve))
	w.url = "http://" + w.server.Listener.Addr().String()
	if realRedis {
		w.redis = redistest.Start(t)
	}
	var shared *redisstore.Store
	for range 2 {
		var store *redisstore.Store
		switch {
		case w.redis != nil:
			var err error
			if store, err = redisstore.Open(w.redis.URL(), redisstore.Options{Timeout: time.Minute}); err != nil {
				t.Fatal(err)
			}
		case shared == nil:
			shared = embedded.Open(redisstore.Options{Timeout: time.Minute})
			fallthrough
		default:
			store = shared
		}
		t.Cleanup(func() { _ = store.Close() })
		w.replicas = append(w.replicas, w.replica(store, change))
	}
	w.server.Start()
	t.Cleanup(w.server.Close)
	return w
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func (w *world) replica(store *redisstore.Store, change []func(*authserver.Options)) *http.ServeMux {
	ring := must(seal.New([]byte("a secret of at least thirty-two bytes")))
	w.tokens = must(token.NewLocal(token.LocalOptions{Issuer: w.url, Seeds: [][]byte{bytes.Repeat([]byte{1}, 32)}, Now: w.now}))
	grants := must(grant.NewGrants(grant.Options{
		Records: store.Grants(), Upstream: store.ProviderStates(), Assertions: store.Assertions(), Sealer: ring.Sealer("grant"),
		Signer: ring.MAC("refresh"), Now: w.now,
	}))
	opts := authserver.Options{
		PublicURL: must(url.Parse(w.url)), Name: "Clerk Chat", Scopes: scopes, SignIn: &w.provider, Tokens: w.tokens, Grants: grants,
		Resources: func(res string) ([]string, bool) {
			path, ok := strings.CutPrefix(strings.TrimSuffix(res, "/"), w.url)
			known, there := w.endpoints(path)
			return known, ok && there
		},
		DefaultResource: w.url + "/mcp",
		AuthRequests:    must(grant.NewAuthRequests(store.AuthRequests(), ring.Sealer("exchange"), 10*time.Minute)),
		Consents:        grant.NewConsents(store.Consents(), ring.Sealer("consent")),
		Keys: authserver.Keys{
			ClientID: ring.Sealer("client id"), ClientSecret: ring.MAC("client secret"), Browser: ring.Sealer("browser"),
			Request: ring.Sealer("request"), CSRF: ring.MAC("csrf"),
		},
		Documents: w.documents(store, ""),
		Pages:     must(pages.New()), Limiter: &w.limiter, Now: w.now, Logger: slog.New(slog.NewTextHandler(&w.log, nil)),
	}
	for _, c := range change {
		c(&opts)
	}
	server := must(authserver.New(opts))
	mux := http.NewServeMux()
	server.Mount(mux)
	rs := must(resource.New(resource.Options{
		PublicURL: opts.PublicURL, Endpoints: w.endpoints, Name: "Clerk Chat", Logger: opts.Logger,
		AuthorizationServers: []string{w.url},
		Verifier: resource.VerifierFunc(func(ctx context.Context, bearer, res string) (identity.Caller, error) {
			tok, err := w.tokens.Verify(bearer, res)
			if err != nil {
				return identity.Caller{}, err
			}
			if _, err := grants.Lookup(ctx, tok.Grant); err != nil {
				return identity.Caller{}, gone(err)
			}
			return tok.Caller, nil
		}),
	}))
	mux.HandleFunc(resource.MetadataPath+"/", rs.ServeMetadata)
	mux.Handle("/mcp", rs.Protect(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := request.From(r.Context()).Caller
		_, _ = io.WriteString(w, c.Subject+" "+strings.Join(c.Scopes, " "))
	})))
	mux.HandleFunc("/provider", w.provider.serve)
	return mux
}

// documents are fetched as w.fetch says, and kept in the store.
func (w *world) documents(store *redisstore.Store, mode string) *authserver.Documents {
	ring := must(seal.New([]byte("a secret of at least thirty-two bytes")))
	return authserver.NewDocuments(authserver.DocumentsOptions{
		Mode: mode, Kept: store.Documents(authserver.MaxKeptDocuments), Sealer: ring.Sealer("document"), Now: w.now,
		Logger: slog.New(slog.NewTextHandler(&w.log, nil)), Fetcher: netx.NewFetcher(netx.FetcherOptions{Now: w.now, Transport: w}),
	})
}

// RoundTrip answers requests for documents.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	if w.fetch == nil {
		return nil, errors.New("unreachable")
	}
	return w.fetch(r)
}

func gone(err error) error {
	return &fault.Error{Kind: fault.InvalidToken, Public: "the grant was revoked", Cause: err}
}

func (w *world) serve(rw http.ResponseWriter, r *http.Request) {
	w.replicas[int(w.next.Add(1))%len(w.replicas)].ServeHTTP(rw, r)
}

// call uses an access token at the endpoint.
func (w *world) call(access string) (status int, body string) {
	w.t.Helper()
	req := must(http.NewRequestWithContext(w.t.Context(), http.MethodPost, w.url+"/mcp", nil))
	req.Header.Set("Authorization", "Bearer "+access)
	resp := must(w.server.Client().Do(req))
	defer func() { _ = resp.Body.Close() }()
	return resp.StatusCode, string(must(io.ReadAll(resp.Body)))
}

// provider signs in whoever it is told to.
type provider struct {
	*world
	mu      sync.Mutex
	person  string
	finish  error
	allowed error
	asked   []authserver.SignedIn
}

func (p *provider) set(person string, finish, allowed error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.person, p.finish, p.allowed = person, finish, allowed
}

func (p *provider) Begin(_ context.Context, state string) (string, []byte, error) {
	return p.url + "/provider?" + url.Values{"state": {state}}.Encode(), []byte("keep " + state), nil
}

func (p *provider) serve(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	person := p.person
	if person == "" {
		person = "ann"
	}
	http.Redirect(w, r, authserver.CallbackPath+"?"+url.Values{"state": {r.FormValue("state")}, "code": {person}}.Encode(), http.StatusFound)
}

func (p *provider) Finish(_ context.Context, answer url.Values, keep []byte) (authserver.Person, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if string(keep) != "keep "+answer.Get("state") {
		return authserver.Person{}, errors.New("kept state of another sign-in")
	}
	name := answer.Get("code")
	return authserver.Person{
		Subject: "https://id.example#" + name, Name: strings.ToUpper(name[:1]) + name[1:], Email: name + "@example.com",
		Upstream: []byte("upstream of " + name),
	}, p.finish
}

func (p *provider) StillAllowed(_ context.Context, person authserver.SignedIn) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = append(p.asked, person)
	return p.allowed
}

type limiter struct {
	refuse atomic.Value // a kind
	lost   atomic.Bool  // it cannot count
}

func (l *limiter) Allow(_ context.Context, kind, address string) (bool, time.Duration, error) {
	if address == "" || l.lost.Load() {
		return false, 0, errors.New("no address, or no limiter")
	}
	return l.refuse.Load() != kind, 1500 * time.Millisecond, nil
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }
