package gateway_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

// tokenRecipe is what a provider's access tokens look like. Paths stand in place of its addresses,
// and endpointHere in place of the endpoint's URL.
type tokenRecipe struct {
	// metadata is where the provider has its metadata, by the path of the issuer that these
	// announce.
	metadata map[string]string
	// common are claims of all tokens.
	common map[string]any
	// good may read, by what they are; bad may not come in.
	good, bad map[string]map[string]any
}

const endpointHere = "the endpoint"

// tokenRecipes are the shapes of access tokens, by the heading of the recipe that is for them. A
// claim that is nil is left out.
func tokenRecipes() map[string]tokenRecipe {
	client := placeholders()["CLIENT-ID"]
	tenant, v1, v2 := recipeTenant, "/"+recipeTenant+"/", "/"+recipeTenant+"/v2.0"
	texters, others := []string{"everyone", "texters"}, []string{"everyone"}
	openID := func(issuer string) map[string]string {
		return map[string]string{issuer: strings.TrimSuffix(issuer, "/") + tokentest.OpenIDPath}
	}
	entra := map[string]any{"aud": client, "iss": v2, "tid": tenant, "sub": "HKZpfaHyWadeOouYlitjrI", "azp": "client", "ver": "2.0"}
	return map[string]tokenRecipe{
		"Entra ID / Access tokens of your own clients": {
			metadata: openID(v2), common: entra,
			good: map[string]map[string]any{
				"a person": {"scp": "Messages.Read Messages.Send"}, "a service": {"roles": []string{"Messages.Read"}, "idtyp": "app"},
			},
			bad: map[string]map[string]any{"a person of another tenant": {"scp": "Messages.Read", "tid": "aaaaaaaa-1111-2222-3333-444444444444"}},
		},
		"Entra ID / Access tokens, v1 beside v2": {
			metadata: map[string]string{v2: v2 + tokentest.OpenIDPath, v1: v1 + strings.TrimPrefix(tokentest.OpenIDPath, "/")}, common: entra,
			good: map[string]map[string]any{
				"v2": {"scp": "Messages.Read"},
				"v1": {"scp": "Messages.Read", "iss": v1, "aud": "api://" + client, "ver": "1.0", "azp": nil, "appid": "client"},
			},
			bad: map[string]map[string]any{
				"v1 of another tenant": {"scp": "Messages.Read", "iss": v1, "aud": "api://" + client, "tid": "aaaaaaaa-1111-2222-3333-444444444444"},
			},
		},
		"Okta / Access tokens of a custom authorization server": {
			metadata: openID("/oauth2/default"),
			common:   map[string]any{"iss": "/oauth2/default", "aud": "api://default", "cid": "0oa1", "uid": "00u1", "sub": "ann@example.com", "scp": []string{"openid", "messages:read"}},
			good:     map[string]map[string]any{"a texter": {"groups": texters}},
			bad:      map[string]map[string]any{"somebody else": {"groups": others}},
		},
		"Auth0 / Access tokens": {
			metadata: openID("/"),
			common: map[string]any{
				"iss": "/", "aud": []string{endpointHere, "https://acme.auth0.com/userinfo"}, "sub": "auth0|5f7", "azp": "client", "scope": "openid profile",
				"permissions": []string{"messages:read"},
			},
			good: map[string]map[string]any{"a texter": {"https://example.com/roles": texters}},
			bad:  map[string]map[string]any{"somebody else": {"https://example.com/roles": others}},
		},
		"Keycloak / Access tokens": {
			metadata: openID("/realms/staff"),
			common:   map[string]any{"iss": "/realms/staff", "aud": []string{endpointHere, "account"}, "typ": "Bearer", "azp": "inspector", "sub": "f1", "scope": "profile email"},
			good:     map[string]map[string]any{"a texter": {"realm_access": map[string]any{"roles": texters}}},
			bad:      map[string]map[string]any{"somebody else": {"realm_access": map[string]any{"roles": others}}},
		},
		"Amazon Cognito / Access tokens": {
			metadata: openID("/eu-west-1_AbCdEf"),
			common: map[string]any{
				"iss": "/eu-west-1_AbCdEf", "client_id": client, "token_use": "access", "version": 2, "username": "ann", "sub": "aaaa",
				"scope": "openid clerk/read", "cognito:groups": texters,
			},
			good: map[string]map[string]any{"a texter": {}},
			bad: map[string]map[string]any{
				"somebody else": {"cognito:groups": others}, "another client": {"client_id": "another"}, "an ID token": {"token_use": "id", "aud": client},
			},
		},
		"Zitadel / Access tokens": {
			metadata: openID(""),
			common:   map[string]any{"iss": "", "aud": []string{"265", "275"}, "client_id": "265", "sub": "163"},
			good: map[string]map[string]any{
				"a texter": {"urn:zitadel:iam:org:project:roles": map[string]any{"texters": map[string]any{"1": "a.example"}}},
			},
			bad: map[string]map[string]any{
				"somebody else": {"urn:zitadel:iam:org:project:roles": map[string]any{"others": map[string]any{"1": "a.example"}}},
			},
		},
		"Authentik / Access tokens": {
			metadata: openID("/application/o/gateway/"),
			common: map[string]any{
				"iss": "/application/o/gateway/", "aud": client, "azp": client, "uid": "u", "acr": "goauthentik.io/providers/oauth2/default", "sub": "b1",
				"scope": "openid messages:read",
			},
			good: map[string]map[string]any{"a texter": {"groups": texters}},
			bad:  map[string]map[string]any{"somebody else": {"groups": others}},
		},
		"Authelia / Access tokens": {
			metadata: openID(""),
			common:   map[string]any{"iss": "", "aud": []string{endpointHere}, "client_id": client, "scp": []string{"messages:read"}, "sub": "e6"},
			good:     map[string]map[string]any{"a person": {}},
			bad:      map[string]map[string]any{"another client": {"client_id": "another"}},
		},
	}
}

func TestRecipesTakeTheTokensOfTheirProviders(t *testing.T) {
	all := recipes(t)
	for heading, provider := range tokenRecipes() {
		t.Run(heading, func(t *testing.T) {
			issuer := tokentest.NewIssuer(t)
			issuer.SetMetadata(tokentest.MetadataPath, nil)
			for path, at := range provider.metadata {
				issuer.SetMetadata(at, map[string]any{"issuer": issuer.URL + path, "jwks_uri": issuer.URL + tokentest.KeysPath})
			}
			read := configured(t, all[everywhere], all[heading].movedTo(t, issuer.URL))
			cfg := valid(t)
			read.ClerkURL, read.ClerkAPIKey, read.PublicURL, read.RedisURL = cfg.ClerkURL, cfg.ClerkAPIKey, "", ""
			read.DrainDelay = 0
			base := run(t, read)
			signed := func(more map[string]any) string {
				claims := map[string]any{"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix()}
				maps.Copy(claims, provider.common)
				maps.Copy(claims, more)
				maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
				claims["iss"] = issuer.URL + claims["iss"].(string)
				if audience, ok := claims["aud"].([]string); ok && audience[0] == endpointHere {
					claims["aud"] = append([]string{base + "/mcp"}, audience[1:]...)
				}
				return issuer.Sign(claims, tokentest.WithHeader("typ", "JWT"))
			}
			for name, more := range provider.good {
				if a := callWith(t, base, signed(more)); a.status != http.StatusOK {
					t.Errorf("%s: %d %s %s", name, a.status, a.body, a.header.Get("WWW-Authenticate"))
				}
			}
			for name, more := range provider.bad {
				if a := callWith(t, base, signed(more)); a.status != http.StatusForbidden && a.status != http.StatusUnauthorized {
					t.Errorf("%s: %d %s", name, a.status, a.body)
				}
			}
		})
	}
}
