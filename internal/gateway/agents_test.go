package gateway_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/auth/extauth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"

	"github.com/clerkchat/mcp-gateway/internal/config"
)

const (
	softwareSecret = "a-secret-of-the-nightly-report-32"
	// reporter is a client that acts for itself, as an entry of --oauth-clients.
	reporter = `{"client_id":"reporter","client_secret":"` + softwareSecret + `","client_name":"Nightly report",` +
		`"grant_types":["client_credentials"],"scope":"messages:read messages:send"}`
)

// written is the path of a file with a text.
func written(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// listing has --oauth-clients with some entries and what else is in the list.
func listing(t *testing.T, entries string, more ...string) func(*config.Config) {
	t.Helper()
	file := written(t, "clients.json", `{"clients":[`+entries+`]`+strings.Join(more, "")+`}`)
	return func(c *config.Config) { c.OAuthClients = file }
}

// ask makes a token request as it stands.
func (s *signedIn) ask(t *testing.T, form url.Values) (a answer, access string) {
	t.Helper()
	a = s.do(t, http.MethodPost, "/oauth/token", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	var got struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	if decode(t, a.body, &got); got.Refresh != "" {
		t.Error("software got a refresh token")
	}
	return a, got.Access
}

func itself(more ...string) url.Values {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"reporter"}, "client_secret": {softwareSecret}}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return form
}

// got is the access token of an answer that has to have one.
func (s *signedIn) got(t *testing.T, form url.Values) string {
	t.Helper()
	a, access := s.ask(t, form)
	if a.status != http.StatusOK || access == "" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	return access
}

// calls is how each replica answers a call with an access token.
func (s *signedIn) calls(t *testing.T, access, body string, want int) {
	t.Helper()
	for range 2 {
		a := s.do(t, http.MethodPost, "/mcp", body, "Content-Type", "application/json", "Authorization", "Bearer "+access)
		if a.status != want {
			t.Errorf("answered %d %s, want %d", a.status, a.body, want)
		}
		if challenge := a.header.Get("WWW-Authenticate"); want == http.StatusUnauthorized && !strings.Contains(challenge, `error="invalid_token"`) {
			t.Errorf("the challenge is %q", challenge)
		}
	}
}

// again is the same deployment after it was started with other settings.
func (s *signedIn) again(t *testing.T, edit ...func(*config.Config)) *signedIn {
	t.Helper()
	next := signIn(t, "api-key", func(c *config.Config) {
		c.PublicURL, c.RedisURL, c.ClerkURL = s.base, config.Secret(s.redis.URL()), s.sandbox
		for _, e := range edit {
			e(c)
		}
	})
	next.base, next.sandbox = s.base, s.sandbox
	next.http.Transport = alternateFor(t, next, strings.TrimPrefix(s.base, "http://"))
	return next
}

// alternateFor sends what is for a public address to the replicas of a world.
func alternateFor(t *testing.T, s *signedIn, public string) alternate {
	t.Helper()
	a, ok := s.http.Transport.(alternate)
	if !ok {
		t.Fatal("no replicas")
	}
	a.public = public
	return a
}

// connectWith opens a session with one of the SDK's handlers.
func (s *signedIn) connectWith(t *testing.T, version string, handler auth.OAuthHandler) (*mcp.ClientSession, error) {
	t.Helper()
	client := mcp.NewClient(&mcp.Implementation{Name: "agent", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{
		Endpoint: s.base + "/mcp", HTTPClient: s.http, OAuthHandler: handler, DisableStandaloneSSE: true,
	}, &mcp.ClientSessionOptions{ProtocolVersion: version})
	if err == nil {
		t.Cleanup(func() { _ = session.Close() })
	}
	return session, err
}

func TestSDKSignsInByClientCredentials(t *testing.T) {
	t.Parallel()
	for era, version := range map[string]string{"legacy": "2025-11-25", "modern": ""} {
		t.Run(era, func(t *testing.T) {
			world := signIn(t, "api-key", listing(t, reporter))
			watched := world.watch()
			handler, err := extauth.NewClientCredentialsHandler(&extauth.ClientCredentialsHandlerConfig{
				Credentials: &oauthex.ClientCredentials{
					ClientID: "reporter", ClientSecretAuth: &oauthex.ClientSecretAuth{ClientSecret: softwareSecret}, Issuer: world.base,
				},
				HTTPClient: world.http,
			})
			if err != nil {
				t.Fatal(err)
			}
			session, err := world.connectWith(t, version, handler)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // on both replicas
				if result, err := session.CallTool(t.Context(), send()); err != nil || result.IsError {
					t.Fatalf("%+v %v", result, err)
				}
			}
			if n := world.sent(t); n != 2 {
				t.Errorf("%d messages, want 2", n)
			}
			watched.saw(t, 1, 0)
			beyond := &mcp.CallToolParams{Name: "delete_contact", Arguments: map[string]any{"contact_id": "c"}}
			if _, err := session.CallTool(t.Context(), beyond); err == nil {
				t.Error("a call beyond the scopes of the list went through")
			}
		})
	}
	world := signIn(t, "api-key", listing(t, reporter))
	wrong, err := extauth.NewClientCredentialsHandler(&extauth.ClientCredentialsHandlerConfig{
		Credentials: &oauthex.ClientCredentials{ClientID: "reporter", ClientSecretAuth: &oauthex.ClientSecretAuth{ClientSecret: "another"}},
		HTTPClient:  world.http,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := world.connectWith(t, "", wrong); err == nil || !strings.Contains(err.Error(), "invalid_client") {
		t.Errorf("with a wrong secret: %v", err)
	}
}

// What the list says by now counts at the next call, whatever a token was issued for.
func TestSoftwareIsOutAtTheNextCall(t *testing.T) {
	t.Parallel()
	const other = `{"client_id":"other","client_secret":"` + softwareSecret + `","grant_types":["client_credentials"],"scope":"messages:read"}`
	world := signIn(t, "api-key", listing(t, reporter+","+other))
	access := world.got(t, itself())
	stays := world.got(t, itself("client_id", "other"))
	world.calls(t, access, sendCall, http.StatusOK)
	for name, tt := range map[string]struct {
		edit       func(*config.Config)
		ping, send int
		code       string
	}{
		"removed": {listing(t, other), http.StatusUnauthorized, http.StatusUnauthorized, "invalid_client"},
		"denied":  {listing(t, reporter+","+other, `,"denied":["reporter"]`), http.StatusUnauthorized, http.StatusUnauthorized, "invalid_client"},
		"for people alone": {
			listing(t, strings.Replace(reporter, `"grant_types":["client_credentials"]`, `"redirect_uris":["`+clientRedirect+`"]`, 1)+","+other),
			http.StatusUnauthorized, http.StatusUnauthorized, "unauthorized_client",
		},
		"fewer scopes": {listing(t, strings.Replace(reporter, " messages:send", "", 1)+","+other), http.StatusOK, http.StatusForbidden, ""},
		"the same":     {listing(t, reporter+","+other), http.StatusOK, http.StatusOK, ""},
	} {
		t.Run(name, func(t *testing.T) {
			again := world.again(t, tt.edit)
			again.calls(t, access, ping, tt.ping)
			again.calls(t, access, sendCall, tt.send)
			again.calls(t, stays, ping, http.StatusOK)
			a, token := again.ask(t, itself())
			if refused := tt.code != ""; refused != (token == "") || !strings.Contains(a.body, tt.code) {
				t.Errorf("a new token: %d %s", a.status, a.body)
			}
		})
	}
}

// Two secrets are good at once, so that none has to be exchanged everywhere in one moment.
func TestSecretOfSoftwareIsRotated(t *testing.T) {
	t.Parallel()
	const next = "the-next-secret-of-the-nightly-report"
	secrets := func(list string) func(*config.Config) {
		return listing(t, strings.Replace(reporter, `"client_secret":"`+softwareSecret+`"`, `"client_secrets":[`+list+`]`, 1))
	}
	world := signIn(t, "api-key", secrets(`"`+softwareSecret+`","`+next+`"`))
	access := world.got(t, itself())
	world.got(t, itself("client_secret", next))
	after := world.again(t, secrets(`"`+next+`"`))
	after.got(t, itself("client_secret", next))
	if a, _ := after.ask(t, itself()); a.status != http.StatusUnauthorized || !strings.Contains(a.body, "invalid_client") {
		t.Errorf("the secret that is gone: %d %s", a.status, a.body)
	}
	after.calls(t, access, ping, http.StatusOK) // it ends by itself, or with its client
}
