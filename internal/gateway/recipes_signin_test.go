package gateway_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

// signInRecipes are how providers behave, by the heading of the recipe that is for them.
func signInRecipes() map[string]signInRecipe {
	const basic, post = "client_secret_basic", "client_secret_post"
	const issParameter = "authorization_response_iss_parameter_supported"
	metadata := func(issuer string) string { return strings.TrimSuffix(issuer, "/") + tokentest.OpenIDPath }
	scopes := func(more ...string) map[string]any {
		return map[string]any{
			"scopes_supported":                      append([]string{"openid", "profile", "email"}, more...),
			"token_endpoint_auth_methods_supported": []string{basic, post},
		}
	}
	withScope := func(asked url.Values) bool {
		return slices.Contains(strings.Fields(asked.Get("scope")), "offline_access")
	}
	always := func(url.Values) bool { return true }
	texters, others := []string{"everyone", "texters"}, []string{"everyone"}
	realm := func(roles []string) map[string]any { return map[string]any{"roles": roles} }
	tenant, v2 := recipeTenant, "/"+recipeTenant+"/v2.0"
	google := scopes()
	google[issParameter] = true
	keycloakSays := scopes("offline_access", "roles")
	keycloakSays[issParameter] = true
	keycloak := signInRecipe{
		issuer: "/realms/staff", metadata: metadata("/realms/staff"), says: keycloakSays, registered: basic, offline: withScope,
		claims:   map[string]any{"realm_access": realm(texters), "email": "ann@example.com", "email_verified": true, "typ": "ID", "azp": placeholders()["CLIENT-ID"]},
		info:     map[string]any{"email": "ann@example.com"},
		stranger: map[string]any{"realm_access": realm(others)},
	}
	inside := keycloak
	inside.inside = true
	return map[string]signInRecipe{
		"Google / People sign in": {
			metadata: tokentest.OpenIDPath, says: google, registered: basic,
			offline: func(asked url.Values) bool {
				return asked.Get("access_type") == "offline" && asked.Get("prompt") == "consent"
			},
			claims:   map[string]any{"hd": "example.com", "email": "ann@example.com", "email_verified": true},
			info:     map[string]any{"hd": "example.com", "email": "ann@example.com", "email_verified": true},
			stranger: map[string]any{"hd": nil},
		},
		"Entra ID / People of one tenant sign in": {
			issuer: v2, metadata: metadata(v2), says: scopes("offline_access"), registered: post, offline: withScope,
			claims:   map[string]any{"tid": tenant, "oid": "690222be", "roles": texters, "ver": "2.0", "email": "ann@example.com"},
			info:     map[string]any{"email": "ann@example.com"},
			stranger: map[string]any{"roles": nil},
		},
		"Entra ID / People of several tenants sign in": {
			issuer: v2, announced: "/{tenantid}/v2.0", metadata: metadata("/organizations/v2.0"), says: scopes("offline_access"), registered: post, offline: withScope,
			claims: map[string]any{"tid": tenant, "roles": texters, "ver": "2.0"}, info: map[string]any{"email": "ann@example.com"},
			stranger: map[string]any{"roles": others},
		},
		"Okta / People sign in": {
			metadata: tokentest.OpenIDPath, says: scopes("offline_access", "groups"), registered: basic, offline: withScope,
			claims: map[string]any{"ver": 1, "idp": "00o1"}, info: map[string]any{"groups": texters, "email_verified": true, "email": "ann@example.com"},
			scopeOf: map[string]string{"groups": "groups", "email": "email"}, stranger: map[string]any{"groups": others},
		},
		"Auth0 / People sign in": {
			issuer: "/", metadata: metadata("/"), says: scopes("offline_access"), registered: post, offline: withScope,
			claims:   map[string]any{"https://example.com/roles": texters, "sid": "s", "email": "ann@example.com", "email_verified": true},
			info:     map[string]any{"email": "ann@example.com"},
			stranger: map[string]any{"https://example.com/roles": others},
		},
		"Keycloak / People sign in":                                      keycloak,
		"Keycloak / People sign in, Keycloak has another address inside": inside,
		"Amazon Cognito / People sign in": {
			issuer: "/eu-west-1_AbCdEf", metadata: metadata("/eu-west-1_AbCdEf"), says: scopes("phone"), registered: basic, offline: always,
			claims:   map[string]any{"cognito:groups": texters, "token_use": "id", "cognito:username": "ann", "email": "ann@example.com", "email_verified": true},
			info:     map[string]any{"username": "ann", "email": "ann@example.com", "email_verified": "true"},
			stranger: map[string]any{"cognito:groups": nil},
		},
		"Zitadel / People sign in": {
			metadata: tokentest.OpenIDPath, says: scopes("offline_access"), registered: basic, offline: withScope,
			claims: map[string]any{
				"urn:zitadel:iam:org:project:roles": map[string]any{"texters": map[string]any{"1": "a.example"}}, "azp": placeholders()["CLIENT-ID"],
			},
			info: map[string]any{
				"urn:zitadel:iam:org:project:roles": map[string]any{"texters": map[string]any{"1": "a.example"}}, "email": "ann@example.com", "email_verified": "true",
			},
			stranger: map[string]any{"urn:zitadel:iam:org:project:roles": map[string]any{"others": map[string]any{"1": "a.example"}}},
		},
		"Authentik / People sign in": {
			issuer: "/application/o/gateway/", metadata: metadata("/application/o/gateway/"), says: scopes("offline_access"), registered: post, offline: withScope,
			claims:  map[string]any{"groups": texters, "acr": "goauthentik.io/providers/oauth2/default", "email": "ann@example.com", "email_verified": false},
			info:    map[string]any{"groups": texters, "email": "ann@example.com", "email_verified": false},
			scopeOf: map[string]string{"groups": "profile"}, stranger: map[string]any{"groups": others},
		},
		"Authelia / People sign in": {
			metadata: tokentest.OpenIDPath, says: scopes("offline_access", "groups"), registered: post,
			offline: func(asked url.Values) bool { return withScope(asked) && asked.Get("prompt") == "consent" },
			claims:  map[string]any{"amr": []string{"pwd"}}, info: map[string]any{"groups": texters, "email": "ann@example.com", "email_verified": true},
			scopeOf: map[string]string{"groups": "groups", "email": "email"}, stranger: map[string]any{"groups": others},
		},
	}
}

// With its recipe, each provider signs people in and is asked again about them, and whom it names
// no more is out.
func TestRecipesSignPeopleIn(t *testing.T) {
	all := recipes(t)
	for heading, behaves := range signInRecipes() {
		t.Run(heading, func(t *testing.T) {
			var passed atomic.Int64
			now := func() time.Time { return time.Now().Add(time.Duration(passed.Load())) }
			provider, inside := newRecipeProvider(t, behaves, now)
			recipe := all[heading].movedTo(t, provider.url)
			if inside != "" {
				if recipe["OIDC_BACKCHANNEL_URL"] == "" {
					t.Fatal("no address inside")
				}
				recipe["OIDC_BACKCHANNEL_URL"] = inside
			}
			read := configured(t, all[everywhere], recipe)
			world := signIn(t, "api-key", func(c *config.Config) {
				read.Listen, read.PublicURL, read.RedisURL, read.ClerkURL, read.ClerkAPIKey = c.Listen, c.PublicURL, c.RedisURL, c.ClerkURL, c.ClerkAPIKey
				*c = read
				c.DrainDelay = 0
			}, func(o *gateway.Options) { o.ProviderNow = now })

			c := world.register(t)
			c.signIn(t)
			if a := c.post(t, readCall); a.status != http.StatusOK {
				t.Fatalf("a call: %d %s", a.status, a.body)
			}
			passed.Add(int64(16 * time.Minute))
			if status, code := c.renew(t); status != http.StatusOK || provider.refreshed() != 1 {
				t.Errorf("after a while: %d %q, the provider was asked %d times", status, code, provider.refreshed())
			}
			provider.change(true)
			passed.Add(int64(16 * time.Minute))
			if status, code := c.renew(t); status != http.StatusBadRequest || code != "invalid_grant" {
				t.Errorf("somebody who may not come in any more: %d %q", status, code)
			}
			if q := world.browse(t, world.base+"/oauth/authorize?"+authorization(world, c.id)); q.Get("error") != "access_denied" {
				t.Errorf("a stranger: %v", q)
			}
			if elsewhere := provider.askedElsewhere(); len(elsewhere) > 0 {
				t.Errorf("asked elsewhere: %q", elsewhere)
			}
		})
	}
}

func authorization(world *signedIn, client string) string {
	return url.Values{
		"response_type": {"code"}, "client_id": {client}, "redirect_uri": {clientRedirect}, "resource": {world.base + "/mcp"},
		"scope": {"messages:read"}, "code_challenge_method": {"S256"}, "code_challenge": {challenge},
	}.Encode()
}
