package gateway_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"

	"github.com/clerkchat/mcp-gateway/internal/authserver/authtest"
	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/internal/rpctest"
	"github.com/clerkchat/mcp-gateway/internal/sandbox"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

// signedIn is two replicas behind one public URL, every request on the other one, with people of
// the sandbox.
type signedIn struct {
	base    string
	sandbox string
	redis   *redistest.Server
	http    *http.Client
	// key is what the person enters where one is asked for.
	key string
	// another runs another replica, with other options.
	another func(edit ...func(*gateway.Options)) (address string)
}

// hurry has replicas of their own serve from now on, which wait for Redis no longer than this: long
// enough for a test, and too short to do anything else with before Redis fails.
func (s *signedIn) hurry(t *testing.T, within time.Duration) {
	t.Helper()
	a, ok := s.http.Transport.(alternate)
	if !ok {
		t.Fatal("no replicas")
	}
	for i := range a.replicas {
		a.replicas[i] = s.another(func(o *gateway.Options) { o.StoreTimeout, o.TokenPatience = within, within })
	}
}

// alternate sends every request for the public address to the next of the replicas.
type alternate struct {
	public   string
	replicas []string
	next     *atomic.Int64
}

func (a alternate) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != a.public {
		return http.DefaultTransport.RoundTrip(r)
	}
	to := r.Clone(r.Context())
	to.Host = a.public
	to.URL.Host = a.replicas[int(a.next.Add(1))%len(a.replicas)]
	return http.DefaultTransport.RoundTrip(to)
}

func signIn(t *testing.T, credential string, edit func(*config.Config), opts ...func(*gateway.Options)) *signedIn {
	t.Helper()
	s := &signedIn{redis: startRedis(t)}
	cfg := valid(t)
	s.sandbox = cfg.ClerkURL
	public := testkit.FreeAddress(t) // nobody listens there: the transport below stands for a balancer
	s.base = "http://" + public
	cfg.Auth, cfg.PublicURL, cfg.RedisURL = "oauth", s.base, config.Secret(s.redis.URL())
	cfg.OIDCIssuer, cfg.OIDCClientID, cfg.OIDCClientSecret = s.sandbox+"/oidc", sandbox.ClientID, sandbox.ClientSecret
	cfg.ClerkCredential = credential
	switch credential {
	case "api-key":
		cfg.AllowSignin = []string{"email_domain=acme.example"}
	case "linked":
		cfg.ClerkAPIKey = ""
	case "exchange":
		cfg.ExchangeAudience = cfg.ClerkURL
	}
	if edit != nil {
		edit(&cfg)
	}
	s.another = func(edit ...func(*gateway.Options)) string {
		return strings.TrimPrefix(runAt(t, cfg, append(slices.Clone(opts), edit...)...), "http://")
	}
	s.http = &http.Client{Transport: alternate{public: public, next: &atomic.Int64{}, replicas: []string{s.another(), s.another()}}}
	request(t, http.MethodPut, s.sandbox+"/_sandbox/oidc", `{"auto_approve":"ann"}`, "Content-Type", "application/json")
	return s
}

// clientRedirect is where the tests' clients are sent back to. Nobody listens there.
const clientRedirect = "http://127.0.0.1:9/callback"

// browse follows an authorization URL as a person who allows everything, or only some scopes, to
// the client's redirect.
func (s *signedIn) browse(t *testing.T, address string, only ...string) url.Values {
	t.Helper()
	return authtest.Person{Transport: s.http.Transport, Scopes: only, Key: s.key}.Allow(t, address, clientRedirect)
}

// connect signs in with the SDK's handler and opens a session.
func (s *signedIn) connect(t *testing.T, version string, only ...string) *mcp.ClientSession {
	t.Helper()
	return s.connectAt(t, "/mcp", version, only...)
}

func (s *signedIn) connectAt(t *testing.T, path, version string, only ...string) *mcp.ClientSession {
	t.Helper()
	return s.connectAs(t, path, version, auth.AuthorizationCodeHandlerConfig{
		DynamicClientRegistrationConfig: &auth.DynamicClientRegistrationConfig{Metadata: &oauthex.ClientRegistrationMetadata{
			ClientName: "SDK", RedirectURIs: []string{clientRedirect}, TokenEndpointAuthMethod: "none",
		}},
	}, only...)
}

// connectAs signs in as a client that is known in one of the ways.
func (s *signedIn) connectAs(t *testing.T, path, version string, how auth.AuthorizationCodeHandlerConfig, only ...string) *mcp.ClientSession {
	t.Helper()
	how.Client, how.RedirectURL, how.RequestRefreshToken = s.http, clientRedirect, true
	how.AuthorizationCodeFetcher = func(_ context.Context, args *auth.AuthorizationArgs) (*auth.AuthorizationResult, error) {
		q := s.browse(t, args.URL, only...)
		return &auth.AuthorizationResult{Code: q.Get("code"), State: q.Get("state"), Iss: q.Get("iss")}, nil
	}
	handler, err := auth.NewAuthorizationCodeHandler(&how)
	if err != nil {
		t.Fatal(err)
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "oauth-test", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{
		Endpoint: s.base + path, HTTPClient: s.http, OAuthHandler: handler, DisableStandaloneSSE: true,
	}, &mcp.ClientSessionOptions{ProtocolVersion: version})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return session
}

func TestTheSDKSignsInThroughTheBrowserAndCallsTools(t *testing.T) {
	t.Parallel()
	for _, credential := range []string{"api-key", "login"} {
		for name, version := range map[string]string{"legacy": "2025-11-25", "modern": ""} {
			t.Run(credential+", "+name, func(t *testing.T) {
				world := signIn(t, credential, nil)
				session := world.connect(t, version)
				for range 4 { // on both replicas
					result, err := session.CallTool(t.Context(), send())
					if err != nil || result.IsError {
						t.Fatalf("%+v %v", result, err)
					}
				}
				var sent struct{ Messages []json.RawMessage }
				decode(t, request(t, http.MethodGet, world.sandbox+"/_sandbox/messages", "").body, &sent)
				if len(sent.Messages) != 4 {
					t.Errorf("%d messages, want 4", len(sent.Messages))
				}
			})
		}
	}
}

func TestAPersonGivesFewerScopes(t *testing.T) {
	t.Parallel()
	world := signIn(t, "api-key", nil)
	var token string
	world.http.Transport = spy{world.http.Transport, &token}
	session := world.connect(t, "", "messages:read")
	if result, err := session.CallTool(t.Context(), &mcp.CallToolParams{Name: "get_messages"}); err != nil || result.IsError {
		t.Errorf("what was given: %+v %v", result, err)
	}
	a := rpctest.Post(world.base+"/mcp", rpctest.Call(1, "send_message", `{}`), "Authorization", "Bearer "+token).By(t, world.http)
	if c := a.Header.Get("WWW-Authenticate"); a.Status != http.StatusForbidden || !strings.Contains(c, `scope="messages:send"`) {
		t.Errorf("what was not given: %d %q", a.Status, c)
	}
}

func TestSomebodyWhoMayNotSignInGetsNoCode(t *testing.T) {
	t.Parallel()
	world := signIn(t, "api-key", func(c *config.Config) { c.AllowSignin = []string{"email_domain=globex.example"} })
	registered := request(t, http.MethodPost, world.any(t)+"/oauth/register",
		`{"client_name":"x","redirect_uris":["http://127.0.0.1:9/callback"],"token_endpoint_auth_method":"none"}`,
		"Content-Type", "application/json", "Host", strings.TrimPrefix(world.base, "http://"))
	var client struct {
		ID string `json:"client_id"`
	}
	decode(t, registered.body, &client)
	q := world.browse(t, world.base+"/oauth/authorize?"+url.Values{
		"response_type": {"code"}, "client_id": {client.ID}, "redirect_uri": {clientRedirect}, "scope": {"messages:read"},
		"resource": {world.base + "/mcp"}, "code_challenge_method": {"S256"}, "code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"},
	}.Encode())
	if q.Get("code") != "" || q.Get("error") != "access_denied" {
		t.Errorf("the client was answered %v", q)
	}
}

func TestARevokedTokenIsChallengedAtOnce(t *testing.T) {
	t.Parallel()
	for _, credential := range []string{"api-key", "login"} {
		t.Run(credential, func(t *testing.T) {
			world := signIn(t, credential, nil)
			var token string
			world.http.Transport = spy{world.http.Transport, &token}
			session := world.connect(t, "2025-11-25")
			if result, err := session.CallTool(t.Context(), send()); err != nil || result.IsError {
				t.Fatalf("%+v %v", result, err)
			}
			ask := func(method, path, body, contentType string) answer {
				headers := []string{"Content-Type", contentType}
				if path == "/mcp" {
					headers = append(headers, "Authorization", "Bearer "+token)
				}
				return world.do(t, method, path, body, headers...)
			}
			if resp := ask(http.MethodPost, "/mcp", ping, "application/json"); resp.status != http.StatusOK {
				t.Fatalf("before: %d", resp.status)
			}
			claims := strings.Split(token, ".")[1]
			var c struct {
				ClientID string `json:"client_id"`
			}
			data, err := base64.RawURLEncoding.DecodeString(claims)
			if err != nil {
				t.Fatal(err)
			}
			decode(t, string(data), &c)
			form := url.Values{"token": {token}, "client_id": {c.ClientID}}.Encode()
			if resp := ask(http.MethodPost, "/oauth/revoke", form, "application/x-www-form-urlencoded"); resp.status != http.StatusOK {
				t.Fatalf("revoking: %d", resp.status)
			}
			for range 2 { // each replica
				resp := ask(http.MethodPost, "/mcp", ping, "application/json")
				if resp.status != http.StatusUnauthorized || !strings.Contains(resp.header.Get("WWW-Authenticate"), `error="invalid_token"`) {
					t.Errorf("after: %d %q", resp.status, resp.header.Get("WWW-Authenticate"))
				}
			}
		})
	}
}

// spy remembers the last access token.
type spy struct {
	http.RoundTripper
	token *string
}

func (s spy) RoundTrip(r *http.Request) (*http.Response, error) {
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		*s.token = bearer
	}
	return s.RoundTripper.RoundTrip(r)
}

// any is the address of one replica.
func (s *signedIn) any(t *testing.T) string {
	t.Helper()
	a, ok := s.http.Transport.(alternate)
	if !ok {
		t.Fatal("no replicas")
	}
	return "http://" + a.replicas[0]
}
