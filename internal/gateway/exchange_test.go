package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/rpctest"
	"github.com/clerkchat/mcp-gateway/internal/sandbox"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

// exchangeOnly makes the sandbox's REST API take exchanged tokens only.
func exchangeOnly(t *testing.T, sandboxURL string) {
	t.Helper()
	request(t, http.MethodPut, sandboxURL+"/_sandbox/oidc", `{"exchange_only":true}`, "Content-Type", "application/json")
}

func TestTheLoginsTokenIsExchangedForOneForTheAPI(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		version string
		edit    func(*config.Config)
	}{
		"legacy":              {"2025-11-25", func(*config.Config) {}},
		"modern":              {"", func(*config.Config) {}},
		"at another endpoint": {"", func(c *config.Config) { c.ExchangeTokenURL = c.OIDCIssuer + "/token" }},
		"as another client": {"", func(c *config.Config) {
			c.ExchangeClientID, c.ExchangeClientSecret = sandbox.ClientID, sandbox.ClientSecret
		}},
	} {
		t.Run(name, func(t *testing.T) {
			var shown *recorder
			world := signIn(t, "exchange", func(c *config.Config) { through(t, &shown)(c); tt.edit(c) })
			exchangeOnly(t, world.sandbox)
			var token string
			world.http.Transport = spy{world.http.Transport, &token}
			session := world.connect(t, tt.version)
			for range 6 {
				if result, err := session.CallTool(t.Context(), send()); err != nil || result.IsError {
					t.Fatalf("%+v %v", result, err)
				}
			}
			shown.wantExchanged(t, token)
			if n := shown.exchanges(); n != 2 { // one on each replica
				t.Errorf("%d exchanges", n)
			}
		})
	}
}

func TestALoginThatEndedIsFoundWhenItsTokenIsExchanged(t *testing.T) {
	t.Parallel()
	var shown *recorder
	world := signIn(t, "exchange", through(t, &shown))
	exchangeOnly(t, world.sandbox)
	session := world.connect(t, "2025-11-25")
	if result, err := session.CallTool(t.Context(), send()); err != nil || result.IsError {
		t.Fatalf("%+v %v", result, err)
	}
	request(t, http.MethodPut, world.sandbox+"/_sandbox/oidc/revoke", `{"person":"ann"}`, "Content-Type", "application/json")
	seen := world.watch()
	if result, err := session.CallTool(t.Context(), send()); err != nil || result.IsError {
		t.Errorf("%+v %v", result, err)
	}
	seen.saw(t, 1, 1)
	shown.wantExchanged(t)
}

func TestAProviderThatIsDownIsComeBackLaterAndNotASignIn(t *testing.T) {
	t.Parallel()
	var shown *recorder
	world := signIn(t, "exchange", through(t, &shown))
	c := world.register(t)
	c.signIn(t)
	request(t, http.MethodPut, world.sandbox+"/_sandbox/oidc", `{"down_requests":1000}`, "Content-Type", "application/json")
	for range 2 { // each replica
		a := c.post(t, sendCall)
		if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" || a.header.Get("WWW-Authenticate") != "" {
			t.Errorf("answered %d %v", a.status, a.header)
		}
	}
	request(t, http.MethodPut, world.sandbox+"/_sandbox/oidc", `{"down_requests":0}`, "Content-Type", "application/json")
	if a := c.post(t, sendCall); a.status != http.StatusOK {
		t.Errorf("afterwards: %d %s", a.status, a.body)
	}
}

// theirToken is a token of the sandbox's provider for a resource, as a client of --auth external
// gets it.
func theirToken(t *testing.T, issuer, resource string) string {
	t.Helper()
	redirect := "http://127.0.0.1:9/callback"
	browser := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	get, err := http.NewRequestWithContext(t.Context(), http.MethodGet, issuer+"/authorize?"+url.Values{
		"response_type": {"code"}, "client_id": {"demo-app"}, "redirect_uri": {redirect}, "scope": {"openid profile"}, "resource": {resource},
		"prompt": {"none"}, "login_hint": {"ann"}, "code_challenge_method": {"S256"}, "code_challenge": {challenge},
	}.Encode(), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := browser.Do(get)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	at, err := resp.Location()
	if err != nil {
		t.Fatal(err)
	}
	a := request(t, http.MethodPost, issuer+"/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {at.Query().Get("code")}, "redirect_uri": {redirect}, "client_id": {"demo-app"},
		"code_verifier": {verifier},
	}.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	var got struct {
		Access string `json:"access_token"`
	}
	if decode(t, a.body, &got); got.Access == "" {
		t.Fatalf("%d %s", a.status, a.body)
	}
	return got.Access
}

func TestAClientsTokenIsExchangedForOneForTheAPI(t *testing.T) {
	t.Parallel()
	cfg := valid(t)
	exchangeOnly(t, cfg.ClerkURL)
	var shown *recorder
	through(t, &shown)(&cfg)
	cfg.Auth, cfg.TokenIssuers, cfg.ClerkCredential, cfg.ClerkAPIKey = "external", []string{shown.URL + "/oidc"}, "exchange", ""
	cfg.TokenScopeMap = []string{"profile=messages:send,messages:read"}
	cfg.ExchangeClientID, cfg.ExchangeClientSecret = sandbox.ClientID, sandbox.ClientSecret
	base := run(t, cfg)
	for name, version := range map[string]string{"legacy": "2025-11-25", "modern": ""} {
		t.Run(name, func(t *testing.T) {
			before := shown.exchanges()
			token := theirToken(t, shown.URL+"/oidc", base+"/mcp")
			session, err := connect(t, base+"/mcp", token, version)
			if err != nil {
				t.Fatal(err)
			}
			for range 3 {
				if result, err := session.CallTool(t.Context(), send()); err != nil || result.IsError {
					t.Fatalf("%+v %v", result, err)
				}
			}
			shown.wantExchanged(t, token)
			if n := shown.exchanges() - before; n != 1 {
				t.Errorf("%d exchanges", n)
			}
		})
	}
}

func TestExchangeErrors(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	status, answer := http.StatusOK, ""
	var subjects, clients []string
	sts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		user, _, _ := r.BasicAuth()
		subjects, clients = append(subjects, r.FormValue("subject_token")), append(clients, user)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	}))
	defer sts.Close()
	issuer := tokentest.NewIssuer(t)
	base := external(t, issuer, func(c *config.Config) {
		c.ClerkCredential, c.ClerkAPIKey, c.ExchangeResource, c.ExchangeTokenURL = "exchange", "", "https://api.example.com", sts.URL
		c.ExchangeClientID, c.ExchangeClientSecret = "gateway", "s3cret"
	})
	token := issuer.Sign(claims(issuer, base+"/mcp", "messages:send"))
	for _, tt := range []struct {
		name         string
		status       int
		answer       string
		want         int
		challenge    bool
		comeBackSoon bool
	}{
		{"refuses it", http.StatusBadRequest, `{"error":"invalid_grant","error_description":"leaked"}`, http.StatusUnauthorized, true, false},
		{"does not know the audience", http.StatusBadRequest, `{"error":"invalid_target"}`, http.StatusServiceUnavailable, false, true},
		{"is down", http.StatusBadGateway, `leaked`, http.StatusServiceUnavailable, false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			mu.Lock()
			status, answer = tt.status, tt.answer
			mu.Unlock()
			a := request(t, http.MethodPost, base+"/mcp", sendCall, "Content-Type", "application/json", "Authorization", "Bearer "+token)
			c := a.header.Get("WWW-Authenticate")
			if a.status != tt.want || strings.Contains(c, `error="invalid_token"`) != tt.challenge || (a.header.Get("Retry-After") != "") != tt.comeBackSoon {
				t.Errorf("answered %d %q, Retry-After %q", a.status, c, a.header.Get("Retry-After"))
			}
			if strings.Contains(a.body+c, "leaked") || strings.Contains(a.body+c, token) {
				t.Error("the answer says too much")
			}
		})
	}
	for i, subject := range subjects {
		if subject != token || clients[i] != "gateway" {
			t.Error("asked with another token than the client's, or as somebody else")
		}
	}
}

// Two clients' requests at once must not get each other's token.
func TestEachRequestIsServedWithItsOwnToken(t *testing.T) {
	t.Parallel()
	sts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"access_token":"for-%s","token_type":"Bearer","expires_in":60}`, strings.Split(r.FormValue("subject_token"), ".")[2])
	}))
	defer sts.Close()
	var mu sync.Mutex
	served := map[string]string{} // by what the message says
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		served[r.URL.Query().Get("page")] = strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		_, _ = io.WriteString(w, `{"data":[],"total":0,"links":{}}`)
	}))
	defer api.Close()
	issuer := tokentest.NewIssuer(t)
	base := external(t, issuer, func(c *config.Config) {
		c.ClerkURL, c.ClerkCredential, c.ClerkAPIKey, c.ExchangeAudience, c.ExchangeTokenURL = api.URL, "exchange", "", "clerk", sts.URL
		c.ExchangeClientID = "gateway"
	})
	var wg sync.WaitGroup
	want := map[string]string{}
	for i := range 20 {
		page := fmt.Sprint(i + 1)
		c := claims(issuer, base+"/mcp", "messages:read")
		c["sub"], c["jti"] = []string{"ann", "ben"}[i%2], page
		token := issuer.Sign(c)
		want[page] = "for-" + strings.Split(token, ".")[2]
		wg.Go(func() {
			call := rpctest.Post(base+"/mcp", rpctest.Call(1, "get_messages", `{"page":`+page+`}`), "Authorization", "Bearer "+token)
			if _, err := call.Send(t.Context(), http.DefaultClient); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for page, token := range want {
		if served[page] != token {
			t.Errorf("request %s was made with another request's token, or none", page)
		}
	}
}
