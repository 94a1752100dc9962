package gateway_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

const callReading = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"get_messages","arguments":{}}}`

func callWith(t *testing.T, base, token string) answer {
	t.Helper()
	return request(t, http.MethodPost, base+"/mcp", callReading, "Content-Type", "application/json", "Authorization", "Bearer "+token)
}

func TestTokensOfSeveralIssuersAndShapesAreServed(t *testing.T) {
	t.Parallel()
	issuer, cognito := tokentest.NewIssuer(t), tokentest.NewIssuer(t)
	base := external(t, issuer, func(c *config.Config) {
		c.TokenIssuers = append(c.TokenIssuers, cognito.URL)
		c.TokenClients = []string{"inspector", "listed"}
		c.AllowSignin, c.AllowAnyUser = nil, true
	})
	groups := make([]string, 157)
	for i := range groups {
		groups[i] = fmt.Sprintf("%08x-0000-4000-8000-%012x", i, i)
	}
	large := claims(issuer, base+"/mcp", "messages:read")
	large["groups"] = groups
	scp := claims(issuer, base+"/mcp", "")
	delete(scp, "scope")
	scp["scp"] = []string{"openid", "messages:read"}
	noAudience := claims(cognito, "", "messages:read")
	delete(noAudience, "aud")
	noAudience["token_use"], noAudience["client_id"] = "access", "listed"
	for name, raw := range map[string]string{
		"157 groups": issuer.Sign(large), "scp": issuer.Sign(scp), "a client for an audience": cognito.Sign(noAudience),
	} {
		if a := callWith(t, base, raw); a.status != http.StatusOK {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
	}
	noAudience["client_id"] = "other"
	if a := callWith(t, base, cognito.Sign(noAudience)); a.status != http.StatusUnauthorized ||
		!strings.Contains(a.header.Get("WWW-Authenticate"), "a client that is not admitted") {
		t.Errorf("another client: %d %v", a.status, a.header)
	}
	if a := callWith(t, base, issuer.Sign(map[string]any{"iss": cognito.URL, "aud": base, "sub": "ann", "exp": noAudience["exp"]})); a.status != http.StatusUnauthorized {
		t.Errorf("signed in another issuer's name: %d", a.status)
	}
	large["groups"] = strings.Repeat("x", 60<<10)
	if a := callWith(t, base, issuer.Sign(large)); a.status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("more than a header holds: %d", a.status)
	}
}

func TestTokenWithoutAKnownScopeNamesTheSettings(t *testing.T) {
	t.Parallel()
	issuer := tokentest.NewIssuer(t)
	base := external(t, issuer, nil)
	a := callWith(t, base, issuer.Sign(claims(issuer, base+"/mcp", "openid clerk.read")))
	if told := a.header.Get("WWW-Authenticate"); a.status != http.StatusForbidden || !strings.Contains(told, "--token-scope-claim") ||
		!strings.Contains(told, "(now scope, then scp)") || !strings.Contains(told, "--token-scope-map") {
		t.Errorf("%d %q", a.status, told)
	}
}

func TestTokenSettingsThatCannotWorkAreNamed(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		edit func(*config.Config)
		want string
	}{
		{"an issuer over http", func(c *config.Config) { c.TokenIssuers = []string{"http://a.example"} }, "--token-issuer (GATEWAY_TOKEN_ISSUER): issuer"},
		{"keys of one of two", func(c *config.Config) {
			c.TokenIssuers, c.TokenJWKSURLs = []string{"https://a.example", "https://b.example"}, []string{"https://a.example/keys"}
		}, "--token-jwks-url (GATEWAY_TOKEN_JWKS_URL): 1 JWK sets for 2 issuers"},
		{"keys over http", func(c *config.Config) { c.TokenJWKSURLs = []string{"http://a.example/keys"} }, "--token-jwks-url (GATEWAY_TOKEN_JWKS_URL): JWK set"},
		{"a symmetric algorithm", func(c *config.Config) { c.TokenAlgorithms = []string{"HS256"} }, "--token-algorithms (GATEWAY_TOKEN_ALGORITHMS)"},
		{"a scope that nobody has", func(c *config.Config) {
			c.TokenScopeMap = []string{"read=messages:raed"}
		}, `--token-scope-map (GATEWAY_TOKEN_SCOPE_MAP): "read=messages:raed" grants nothing`},
		{"an exchange somewhere", func(c *config.Config) {
			c.TokenIssuers, c.ClerkCredential, c.ClerkAPIKey = []string{"https://a.example", "https://b.example"}, "exchange", ""
			c.ExchangeAudience, c.ExchangeClientID = "clerk", "gateway"
		}, "--exchange-token-url (GATEWAY_EXCHANGE_TOKEN_URL): is required with several issuers"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := valid(t)
			cfg.Auth, cfg.TokenIssuers, cfg.AllowAnyUser = "external", []string{"https://a.example"}, true
			tt.edit(&cfg)
			if p := gateway.Problems(&cfg); len(p) != 1 || !strings.HasPrefix(p[0], tt.want) {
				t.Errorf("%q, want %s", p, tt.want)
			}
		})
	}
}
