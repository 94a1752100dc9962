package gateway_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

// external is a gateway that takes the tokens of an issuer.
func external(t *testing.T, issuer *tokentest.Issuer, edit func(*config.Config)) string {
	t.Helper()
	cfg := valid(t)
	cfg.Auth, cfg.TokenIssuers, cfg.AllowSignin = "external", []string{issuer.URL}, []string{"groups=support"}
	if edit != nil {
		edit(&cfg)
	}
	return run(t, cfg)
}

// claims are of a good token for a resource.
func claims(issuer *tokentest.Issuer, resource, scope string) map[string]any {
	return map[string]any{
		"iss": issuer.URL, "sub": "ann", "aud": resource, "scope": scope, "groups": []string{"support"},
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Minute).Unix(), "client_id": "inspector",
	}
}

func send() *mcp.CallToolParams {
	return &mcp.CallToolParams{Name: "send_message", Arguments: map[string]any{
		"sender": "+15551234567", "recipients": []string{"+15559876543"}, "body": "Hi",
	}}
}

func TestATokenOfTheOrganisationsOwnServerCallsTools(t *testing.T) {
	t.Parallel()
	issuer := tokentest.NewIssuer(t)
	base := external(t, issuer, nil)
	for name, version := range map[string]string{"legacy": "2025-11-25", "modern": ""} {
		t.Run(name, func(t *testing.T) {
			s, err := connect(t, base+"/mcp", issuer.Sign(claims(issuer, base+"/mcp", "messages:send")), version)
			if err != nil {
				t.Fatal(err)
			}
			if result, err := s.CallTool(t.Context(), send()); err != nil || result.IsError {
				t.Errorf("the call with its scope: %+v %v", result, err)
			}
			if _, err := s.CallTool(t.Context(), &mcp.CallToolParams{Name: "get_messages"}); err == nil {
				t.Error("a call beyond the scopes went through")
			}
		})
	}
}

const ping = `{"jsonrpc":"2.0","id":1,"method":"ping"}`

func TestChallengesLeadToTheAuthorizationServer(t *testing.T) {
	t.Parallel()
	issuer := tokentest.NewIssuer(t)
	base := external(t, issuer, nil)

	a := request(t, http.MethodGet, base+"/mcp", "", "Mcp-Protocol-Version", "1999-01-01")
	challenge := a.header.Get("WWW-Authenticate")
	metadata := base + "/.well-known/oauth-protected-resource/mcp"
	if a.status != http.StatusUnauthorized || !strings.Contains(challenge, `resource_metadata="`+metadata+`"`) || strings.Contains(challenge, "error=") {
		t.Fatalf("a probe without a token: %d %q", a.status, challenge)
	}
	var document struct {
		Resource             string
		AuthorizationServers []string `json:"authorization_servers"`
		ScopesSupported      []string `json:"scopes_supported"`
	}
	page := request(t, http.MethodGet, metadata, "", "Origin", "https://app.example.com")
	decode(t, page.body, &document)
	if document.Resource != base+"/mcp" || len(document.AuthorizationServers) != 1 || document.AuthorizationServers[0] != issuer.URL ||
		len(document.ScopesSupported) != 4 || page.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("the metadata is %+v, headers %v", document, page.header)
	}

	body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"create_campaign","arguments":{}}}`
	a = request(t, http.MethodPost, base+"/mcp", body, "Content-Type", "application/json",
		"Authorization", "Bearer "+issuer.Sign(claims(issuer, base+"/mcp", "messages:read")))
	if c := a.header.Get("WWW-Authenticate"); a.status != http.StatusForbidden || !strings.Contains(c, `error="insufficient_scope"`) ||
		!strings.Contains(c, `scope="campaigns:send"`) {
		t.Errorf("a call beyond the scopes: %d %q", a.status, c)
	}
}

func TestWhoMayNotComeIn(t *testing.T) {
	t.Parallel()
	issuer, other := tokentest.NewIssuer(t), tokentest.NewIssuer(t)
	base := external(t, issuer, nil)
	with := func(edit func(map[string]any)) string {
		c := claims(issuer, base+"/mcp", "messages:read")
		edit(c)
		return issuer.Sign(c)
	}
	for _, tt := range []struct {
		name, token string
		want        int
	}{
		{"a good token", with(func(map[string]any) {}), http.StatusOK},
		{"for another endpoint", with(func(c map[string]any) { c["aud"] = base + "/mcp/other" }), http.StatusUnauthorized},
		{"for another server", with(func(c map[string]any) { c["aud"] = "https://api.example.com" }), http.StatusUnauthorized},
		{"expired", with(func(c map[string]any) { c["exp"] = time.Now().Add(-time.Hour).Unix() }), http.StatusUnauthorized},
		{"of another issuer", other.Sign(claims(issuer, base+"/mcp", "messages:read")), http.StatusUnauthorized},
		{"of nobody", tokentest.Forge(`{"alg":"none"}`, `{"sub":"ann"}`, nil), http.StatusUnauthorized},
		{"of somebody not admitted", with(func(c map[string]any) { c["groups"] = []string{"sales"} }), http.StatusForbidden},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := request(t, http.MethodPost, base+"/mcp", ping, "Content-Type", "application/json", "Authorization", "Bearer "+tt.token)
			if a.status != tt.want {
				t.Errorf("answered %d %s, want %d", a.status, a.body, tt.want)
			}
			if strings.Contains(a.body+a.header.Get("WWW-Authenticate"), tt.token) {
				t.Error("the answer holds the token")
			}
		})
	}
}

func TestAnIssuerThatIsDownLogsNobodyOut(t *testing.T) {
	t.Parallel()
	issuer := tokentest.NewIssuer(t)
	base := external(t, issuer, nil)
	issuer.Fail(http.StatusBadGateway)
	bearer := []string{"Content-Type", "application/json", "Authorization", "Bearer " + issuer.Sign(claims(issuer, base+"/mcp", ""))}
	a := request(t, http.MethodPost, base+"/mcp", ping, bearer...)
	if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" || a.header.Get("WWW-Authenticate") != "" {
		t.Errorf("answered %d, Retry-After %q, challenge %q", a.status, a.header.Get("Retry-After"), a.header.Get("WWW-Authenticate"))
	}
}

func TestASessionBelongsToItsSubject(t *testing.T) {
	t.Parallel()
	issuer := tokentest.NewIssuer(t)
	base := external(t, issuer, nil)
	token := func(sub string) string {
		c := claims(issuer, base+"/mcp", "")
		c["sub"] = sub
		return "Bearer " + issuer.Sign(c)
	}
	a := request(t, http.MethodPost, base+"/mcp", `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25",`+
		`"capabilities":{},"clientInfo":{"name":"c","version":"1"}}}`, "Content-Type", "application/json", "Authorization", token("ann"))
	id := a.header.Get("Mcp-Session-Id")
	for sub, want := range map[string]int{"ann": http.StatusOK, "ben": http.StatusNotFound} {
		got := request(t, http.MethodPost, base+"/mcp", ping, "Content-Type", "application/json", "Authorization", token(sub), "Mcp-Session-Id", id)
		if got.status != want {
			t.Errorf("%s: answered %d %s, want %d", sub, got.status, got.body, want)
		}
	}
}

func TestTheirScopesAreMapped(t *testing.T) {
	t.Parallel()
	issuer := tokentest.NewIssuer(t)
	base := external(t, issuer, func(c *config.Config) {
		c.AllowSignin, c.AllowAnyUser = nil, true
		c.TokenScopeMap = []string{"clerk.send=messages:send", "clerk.all=messages:send,messages:read"}
	})
	s, err := connect(t, base, issuer.Sign(claims(issuer, base, "clerk.send")), "")
	if err != nil {
		t.Fatal(err)
	}
	if result, err := s.CallTool(t.Context(), send()); err != nil || result.IsError {
		t.Errorf("%+v %v", result, err)
	}
	a := request(t, http.MethodGet, base+"/", "")
	if c := a.header.Get("WWW-Authenticate"); !strings.Contains(c, "clerk.send") {
		t.Errorf("the challenge %q asks for no scope that the issuer knows", c)
	}
}
