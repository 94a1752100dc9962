package gateway_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/auth/extauth"
	"github.com/modelcontextprotocol/go-sdk/oauthex"
	"golang.org/x/oauth2"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

const (
	// desk is a client of the operator's list for which companies may vouch; atCompany is what its
	// company calls it.
	desk = `{"client_id":"desk","client_secret":"` + softwareSecret + `","client_name":"Desk","grant_types":["` + grantJWT + `"],` +
		`"scope":"messages:read messages:send"}`
	atCompany = "0oa-desk"
)

// newCompany has Ann, and Eve who left.
func newCompany(t *testing.T) *tokentest.Company {
	t.Helper()
	company := tokentest.NewCompany(t)
	company.Trust(atCompany, "desk")
	company.Hire("ann", map[string]any{"email": "ann@acme.example", "email_verified": true, "name": "Ann", "groups": []string{"staff"}})
	company.Hire("eve", map[string]any{"email": "eve@acme.example", "email_verified": true, "name": "Eve", "groups": []string{"left"}})
	return company
}

// vouching takes the identity assertions of a company, beside a provider of another name.
func vouching(t *testing.T, company *tokentest.Company, more ...func(*config.Config)) func(*config.Config) {
	t.Helper()
	list := listing(t, desk)
	return func(c *config.Config) {
		list(c)
		c.IdentityAssertionIssuers = []string{company.URL}
		c.AllowSignin = []string{company.URL + " email_domain=acme.example", c.OIDCIssuer + " email_domain=acme.example"}
		for _, edit := range more {
			edit(c)
		}
	}
}

func denying(rules ...string) func(*config.Config) {
	return func(c *config.Config) { c.DenySignin = rules }
}

// asDesk presents an identity assertion.
func asDesk(assertion string, more ...string) url.Values {
	return bearing(assertion, append([]string{"client_id", "desk", "client_secret", softwareSecret}, more...)...)
}

// enterprise is the SDK's handler for somebody of a company.
func (s *signedIn) enterprise(t *testing.T, company *tokentest.Company, sub string) *extauth.EnterpriseHandler {
	t.Helper()
	handler, err := extauth.NewEnterpriseHandler(&extauth.EnterpriseHandlerConfig{
		IdPIssuerURL: company.URL, IdPCredentials: &oauthex.ClientCredentials{ClientID: atCompany},
		MCPAuthServerURL: s.base, MCPResourceURI: s.base + "/mcp",
		MCPCredentials: &oauthex.ClientCredentials{ClientID: "desk", ClientSecretAuth: &oauthex.ClientSecretAuth{ClientSecret: softwareSecret}},
		MCPScopes:      []string{"messages:read", "messages:send"},
		IDTokenFetcher: func(context.Context) (*oauth2.Token, error) {
			return (&oauth2.Token{}).WithExtra(map[string]any{"id_token": company.IDToken(sub, atCompany)}), nil
		},
		HTTPClient: s.http,
	})
	if err != nil {
		t.Fatal(err)
	}
	return handler
}

func TestSDKSignsInByIdentityAssertion(t *testing.T) {
	t.Parallel()
	for era, version := range map[string]string{"legacy": "2025-11-25", "modern": ""} {
		t.Run(era, func(t *testing.T) {
			company := newCompany(t)
			world := signIn(t, "api-key", vouching(t, company, denying(company.URL+" groups=left")))
			watched := world.watch()
			session, err := world.connectWith(t, version, world.enterprise(t, company, "ann"))
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // on both replicas
				if result, err := session.CallTool(t.Context(), send()); err != nil || result.IsError {
					t.Fatalf("%+v %v", result, err)
				}
			}
			if n := world.sent(t); n != 2 || company.Given() != 1 {
				t.Errorf("%d messages and %d assertions, want 2 and 1", n, company.Given())
			}
			watched.saw(t, 1, 0) // no page
			if _, err := world.connectWith(t, version, world.enterprise(t, company, "eve")); err == nil || !strings.Contains(err.Error(), "may not use this server") {
				t.Errorf("somebody who is shut out: %v", err)
			}
		})
	}
}

func TestIdentityAssertionIsRefusedByTheGateway(t *testing.T) {
	t.Parallel()
	company := newCompany(t)
	world := signIn(t, "api-key", vouching(t, company, denying(company.URL+" groups=left")))
	signed := func(changes map[string]any) string { return company.Assertion("ann", atCompany, world.base, changes) }
	used := signed(nil)
	world.got(t, asDesk(used))
	stranger := newCompany(t)
	for name, tt := range map[string]struct {
		form url.Values
		says string
	}{
		"replay":           {asDesk(used), "used before"},
		"ID token":         {asDesk(company.IDToken("ann", atCompany)), "ID token of a person"},
		"two audiences":    {asDesk(signed(map[string]any{"aud": []string{world.base, "https://other.example"}})), "aud of the assertion"},
		"foreign issuer":   {asDesk(stranger.Assertion("ann", atCompany, world.base, nil)), "issuer of the assertion"},
		"another client's": {asDesk(signed(map[string]any{"client_id": "reporter"})), "client_id of the assertion"},
		"without a secret": {bearing(signed(nil), "client_id", "desk"), "invalid_client"},
		"another domain":   {asDesk(signed(map[string]any{"email": "ann@globex.example"})), "may not use this server"},
		"unverified":       {asDesk(signed(map[string]any{"email_verified": false})), "may not use this server"},
		"denied person":    {asDesk(company.Assertion("eve", atCompany, world.base, nil)), "may not use this server"},
		"nobody can tell":  {asDesk(signed(map[string]any{"groups": nil})), "lacks a claim"},
	} {
		t.Run(name, func(t *testing.T) {
			if a, access := world.ask(t, tt.form); access != "" || a.status < 400 || a.status >= 500 || !strings.Contains(a.body, tt.says) {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
}

// Who is shut out by then gets no new token, and what they have is good no longer. It ends for
// good: a rule that is taken back does not bring it back.
func TestPersonOfACompanyIsOutAtTheNextCall(t *testing.T) {
	t.Parallel()
	company := newCompany(t)
	groups := func(names ...string) map[string]any { return map[string]any{"groups": names} }
	for name, tt := range map[string]struct {
		edit       func(*config.Config)
		want       int
		says       string
		assertions map[string]any
	}{
		"denied by a claim": {denying(company.URL + " groups=staff"), http.StatusUnauthorized, "may not use this server", nil},
		"denied by sub":     {denying(company.URL + " sub=ann"), http.StatusUnauthorized, "may not use this server", nil},
		"denied by address": {denying(company.URL + " email=ann@acme.example"), http.StatusUnauthorized, "may not use this server", nil},
		"nobody can tell":   {denying(company.URL + " department=left"), http.StatusUnauthorized, "lacks a claim", nil},
		"not allowed": {
			func(c *config.Config) { c.AllowSignin[0] = company.URL + " email=bob@acme.example" },
			http.StatusUnauthorized, "may not use this server", nil,
		},
		"client removed": {listing(t, reporter), http.StatusOK, "invalid_client", nil},
		"client denied":  {listing(t, desk, `,"denied":["desk"]`), http.StatusUnauthorized, "invalid_client", nil},
		"somebody else":  {denying(company.URL + " groups=left"), http.StatusOK, "", groups("staff")},
	} {
		t.Run(name, func(t *testing.T) {
			world := signIn(t, "api-key", vouching(t, company))
			access := world.got(t, asDesk(company.Assertion("ann", atCompany, world.base, nil)))
			world.calls(t, access, readCall, http.StatusOK)
			again := world.again(t, vouching(t, company, tt.edit))
			again.calls(t, access, ping, tt.want)
			a, token := again.ask(t, asDesk(company.Assertion("ann", atCompany, world.base, tt.assertions)))
			if (tt.says != "") != (token == "") || !strings.Contains(a.body, tt.says) {
				t.Errorf("a new token: %d %s", a.status, a.body)
			}
			if tt.want == http.StatusUnauthorized && tt.says != "invalid_client" {
				world.calls(t, access, ping, http.StatusUnauthorized)
			}
		})
	}
}

// The company's provider may be the one that people sign in with too: then both ways lead to the
// same person, by the same rules.
func TestCompanyOfTheSignInVouchesForTheSamePerson(t *testing.T) {
	t.Parallel()
	company := newCompany(t)
	world := signIn(t, "api-key", func(c *config.Config) {
		vouching(t, company)(c)
		c.OIDCIssuer, c.AllowSignin = company.URL, []string{"email_domain=acme.example"}
	})
	access := world.got(t, asDesk(company.Assertion("ann", atCompany, world.base, map[string]any{"scope": "messages:read openid"})))
	world.calls(t, access, ping, http.StatusOK)
	world.calls(t, access, sendCall, http.StatusForbidden)
}

// Whose client gets its tokens by assertions has no sign-in to repeat: a challenge would be
// answered with the next token for ever.
func TestPersonOfACompanyIsToldWhereToEnterTheirKey(t *testing.T) {
	t.Parallel()
	company := newCompany(t)
	world := signIn(t, "linked", vouching(t, company))
	for range 2 { // the login goes on
		access := world.got(t, asDesk(company.Assertion("ann", atCompany, world.base, map[string]any{"scope": "messages:read"})))
		for range 2 {
			a := world.do(t, http.MethodPost, "/mcp", readCall, "Content-Type", "application/json", "Authorization", "Bearer "+access)
			if a.status != http.StatusOK || !strings.Contains(a.body, `"isError":true`) || !strings.Contains(a.body, world.base+"/account/key") {
				t.Errorf("%d %s", a.status, a.body)
			}
		}
	}
}
