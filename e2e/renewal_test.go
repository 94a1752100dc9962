//go:build unix

package e2e

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"

	"github.com/clerkchat/mcp-gateway/internal/authserver/authtest"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

const refreshToken = "refresh_token"

// renewals are replicas whose people signed in at a provider that rotates refresh tokens, and a
// client of them.
type renewals struct {
	*cluster
	session *mcp.ClientSession

	only     atomic.Int64 // the replica that requests go to, none: to all in turn
	next     atomic.Int64
	sent     atomic.Int64 // requests of the client that were written
	signIns  atomic.Int64
	mu       sync.Mutex
	statuses map[int]int // of the endpoint's answers
}

const inTurn = -1

// RoundTrip is a balancer. Processes may ask for another try, and get it.
func (w *renewals) RoundTrip(r *http.Request) (*http.Response, error) {
	if public, _ := url.Parse(w.base); r.URL.Host != public.Host {
		return http.DefaultTransport.RoundTrip(r)
	}
	for tries := 0; ; tries++ {
		resp, err := w.try(r)
		if err != nil || resp.StatusCode != http.StatusServiceUnavailable || w.processes == nil || tries == 50 {
			return resp, err
		}
		_ = resp.Body.Close()
		<-time.After(100 * time.Millisecond)
	}
}

func (w *renewals) try(r *http.Request) (*http.Response, error) {
	n := w.only.Load()
	if n == inTurn {
		n = w.next.Add(1) % int64(len(w.addresses))
	}
	to := r.Clone(httptrace.WithClientTrace(r.Context(), &httptrace.ClientTrace{
		WroteRequest: func(httptrace.WroteRequestInfo) { w.sent.Add(1) },
	}))
	if r.GetBody != nil {
		to.Body, _ = r.GetBody() // of a buffer
	}
	to.Host, to.URL.Host = r.URL.Host, w.addresses[n]
	resp, err := http.DefaultTransport.RoundTrip(to)
	if err == nil && r.URL.Path == "/mcp" {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.statuses[resp.StatusCode]++
	}
	return resp, err
}

func (w *renewals) answered(status int) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.statuses[status]
}

const clientRedirect = "http://127.0.0.1:9/callback" // nobody listens there

// signedIn has a client that signed in and made a call.
func signedIn(t *testing.T, start func(*testing.T) *cluster) *renewals {
	t.Helper()
	needClients(t)
	w := &renewals{cluster: start(t), statuses: map[int]int{}}
	w.only.Store(inTurn)
	browser := authtest.Person{Transport: w}
	handler, err := auth.NewAuthorizationCodeHandler(&auth.AuthorizationCodeHandlerConfig{
		Client: &http.Client{Transport: w}, RedirectURL: clientRedirect, RequestRefreshToken: true,
		DynamicClientRegistrationConfig: &auth.DynamicClientRegistrationConfig{Metadata: &oauthex.ClientRegistrationMetadata{
			ClientName: "SDK", RedirectURIs: []string{clientRedirect}, TokenEndpointAuthMethod: "none",
		}},
		AuthorizationCodeFetcher: func(_ context.Context, args *auth.AuthorizationArgs) (*auth.AuthorizationResult, error) {
			w.signIns.Add(1)
			q := browser.Allow(t, args.URL, clientRedirect)
			return &auth.AuthorizationResult{Code: q.Get("code"), State: q.Get("state"), Iss: q.Get("iss")}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "renewals", Version: "1"}, nil)
	w.session, err = client.Connect(t.Context(), &mcp.StreamableClientTransport{
		Endpoint: w.base + "/mcp", HTTPClient: &http.Client{Transport: w}, OAuthHandler: handler, DisableStandaloneSSE: true,
		MaxRetries: -1,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.session.Close() })
	w.succeeds(t)
	return w
}

func (w *renewals) call(ctx context.Context) error {
	result, err := w.session.CallTool(ctx, &mcp.CallToolParams{Name: "get_messages", Arguments: map[string]any{"limit": 1}})
	if err == nil && result.IsError {
		err = fmt.Errorf("%v", result.Content[0])
	}
	return err
}

func (w *renewals) succeeds(t *testing.T) {
	t.Helper()
	if err := w.call(t.Context()); err != nil {
		t.Errorf("a call failed: %v", err)
	}
}

// expired makes the moment at which the provider's access token has ended. There was one refresh
// before it.
func (w *renewals) expired(t *testing.T) {
	t.Helper()
	w.provider.set(t, map[string]any{"life": 2})
	w.provider.forget(t, "AccessToken")
	w.succeeds(t) // by a refresh
	if n := w.provider.seen(t).Issued[refreshToken]; n != 1 {
		t.Fatalf("%d refreshes for a token that the API refused", n)
	}
	w.provider.set(t, map[string]any{"life": 3600})
	w.provider.control(t, http.MethodPost, "/expired", struct{}{})
}

func (w *renewals) held(t *testing.T) {
	t.Helper()
	testkit.Eventually(t, "the provider has an answer to a refresh", func() bool { return w.provider.seen(t).Held == 1 })
}

func TestAPersonSignsInAtAProviderOfSomebodyElse(t *testing.T) {
	w := signedIn(t, startGateways)
	h := w.provider.seen(t)
	if h.Issued["authorization_code"] != 1 || len(h.Refused) != 0 || w.signIns.Load() != 1 {
		t.Errorf("one sign-in of the client, and at the provider: %+v", h)
	}
	if a := h.Authorization; a["code_challenge_method"] != "S256" || a["nonce"] == "" || a["login_hint"] != "ann@acme.example" ||
		a["ui_locales"] != "en" || a["scope"] != "openid email offline_access" {
		t.Errorf("asked with %v", a)
	}
}

func TestAHundredCallsAtTheMomentOfExpiryCostOneRefresh(t *testing.T) {
	w := signedIn(t, startGateways)
	w.expired(t)
	w.provider.set(t, map[string]any{"hold": true})
	before := w.sent.Load()
	var calls sync.WaitGroup
	for range 100 {
		calls.Go(func() { w.succeeds(t) })
	}
	w.held(t)
	testkit.Eventually(t, "all calls are at the replicas", func() bool { return w.sent.Load() == before+100 })
	w.provider.set(t, map[string]any{"hold": false})
	calls.Wait()
	if h := w.provider.seen(t); h.Issued[refreshToken] != 2 || len(h.Refused) != 0 {
		t.Errorf("one refresh more, and none refused: %+v", h)
	}
	if w.answered(http.StatusUnauthorized) != 1 || w.signIns.Load() != 1 { // those of the first sign-in
		t.Errorf("%d challenges, %d sign-ins", w.answered(http.StatusUnauthorized), w.signIns.Load())
	}
}

func TestAReplicaKilledBetweenTheAnswerAndTheStoreCostsOneSignIn(t *testing.T) {
	w := signedIn(t, startProcesses)
	w.expired(t)
	w.provider.set(t, map[string]any{"hold": true})
	w.only.Store(0)
	failed := make(chan error)
	go func() { failed <- w.call(t.Context()) }()
	w.held(t)
	w.processes[0].kill()
	w.provider.set(t, map[string]any{"hold": false})
	if err := <-failed; err == nil {
		t.Error("a call succeeded on a replica that was killed")
	}
	w.leaseEnds(t)
	for n := range 10 {
		w.only.Store(int64(1 + n%2))
		w.succeeds(t)
	}
	if w.answered(http.StatusUnauthorized) != 2 || w.signIns.Load() != 2 {
		t.Errorf("%d challenges and %d sign-ins, want one more of each", w.answered(http.StatusUnauthorized), w.signIns.Load())
	}
	// The old token was tried once, and the sign-in after it is a whole one.
	w.provider.forget(t, "AccessToken")
	w.succeeds(t)
	if h := w.provider.seen(t); h.Refused[refreshToken] != 1 || h.Issued[refreshToken] != 3 {
		t.Errorf("one refusal, and another refresh: %+v", h)
	}
}

// leaseEnds does what time would, after a replica died.
func (w *renewals) leaseEnds(t *testing.T) {
	t.Helper()
	leases, _ := w.redis.Do("KEYS", "gw:u:*-lease").([]any)
	if len(leases) != 1 {
		t.Fatalf("%d leases, want that of the dead one", len(leases))
	}
	w.redis.Do("DEL", leases[0])
}

func TestAProviderThatIsDownLogsNobodyOut(t *testing.T) {
	w := signedIn(t, startGateways)
	w.expired(t)
	w.only.Store(0) // which asks again only after a while
	for _, down := range []string{"busy", "gone"} {
		before := w.answered(http.StatusServiceUnavailable)
		tried := w.provider.seen(t).Tried
		w.provider.set(t, map[string]any{"down": down})
		testkit.Eventually(t, "the provider was asked", func() bool {
			if err := w.call(t.Context()); err == nil {
				t.Errorf("%s: a call succeeded without a token", down)
			}
			return w.provider.seen(t).Tried > tried
		})
		if w.answered(http.StatusServiceUnavailable) == before {
			t.Errorf("%s: no call was answered 503", down)
		}
	}
	w.provider.set(t, map[string]any{"down": ""})
	testkit.Eventually(t, "a call succeeds again", func() bool { return w.call(t.Context()) == nil })
	if h := w.provider.seen(t); h.Issued[refreshToken] != 2 || len(h.Refused) != 0 {
		t.Errorf("one refresh more, and none refused: %+v", h)
	}
	if w.answered(http.StatusUnauthorized) != 1 || w.signIns.Load() != 1 {
		t.Errorf("%d challenges, %d sign-ins", w.answered(http.StatusUnauthorized), w.signIns.Load())
	}
}

func TestASignInThatTheProviderEndedIsRepeatedByTheClient(t *testing.T) {
	w := signedIn(t, startGateways)
	w.provider.forget(t, "AccessToken", "Grant")
	for range 4 {
		w.succeeds(t)
	}
	if h := w.provider.seen(t); h.Refused[refreshToken] != 1 || h.Issued["authorization_code"] != 2 {
		t.Errorf("one refusal and one sign-in more: %+v", h)
	}
	if w.answered(http.StatusUnauthorized) != 2 || w.signIns.Load() != 2 {
		t.Errorf("%d challenges and %d sign-ins, want one more of each", w.answered(http.StatusUnauthorized), w.signIns.Load())
	}
}

func TestAReplicaThatStopsStoresWhatTheProviderIsAnswering(t *testing.T) {
	w := signedIn(t, startProcesses)
	w.expired(t)
	w.provider.set(t, map[string]any{"hold": true})
	w.only.Store(0)
	ctx, goAway := context.WithCancel(t.Context())
	gone := make(chan struct{})
	go func() {
		_ = w.call(ctx)
		close(gone)
	}()
	w.held(t)
	goAway() // nobody waits for this renewal
	<-gone
	if err := w.processes[0].cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, "it serves nobody any more", func() bool { return !w.processes[0].listens() })
	w.provider.set(t, map[string]any{"hold": false})
	<-w.processes[0].ended
	if code := w.processes[0].cmd.ProcessState.ExitCode(); code != 0 {
		t.Errorf("it stopped with exit code %d", code)
	}
	w.only.Store(1)
	w.succeeds(t)
	if h := w.provider.seen(t); h.Issued[refreshToken] != 2 || len(h.Refused) != 0 || w.signIns.Load() != 1 {
		t.Errorf("one refresh more, none refused, no sign-in: %+v", h)
	}
}
