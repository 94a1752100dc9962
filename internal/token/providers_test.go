package token_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

const tenant = "9122040d-6c67-4c5b-b112-36a304b66dad"

// shape is what a provider's metadata and access tokens look like, with paths in place of
// addresses.
type shape struct {
	issuer   string                                        // --token-issuer
	metadata string                                        // where its metadata is
	announce string                                        // what that calls it; "" for issuer
	iss      string                                        // of the token; "" for issuer
	settings func(o *token.ExternalOptions, origin string) // nil for none
	claims   map[string]any                                // nil takes out what all have
	header   []tokentest.HeaderOption
	subject  string
	client   string
	scopes   []string
}

func shapes() map[string]shape {
	jwt := []tokentest.HeaderOption{tokentest.WithHeader("typ", "JWT")}
	fixed := func(audiences ...string) func(*token.ExternalOptions, string) {
		return func(o *token.ExternalOptions, _ string) { o.Audiences = audiences }
	}
	groups := make([]string, 157)
	for i := range groups {
		groups[i] = fmt.Sprintf("%08x-0000-4000-8000-%012x", i, i)
	}
	entra := map[string]any{
		"aud": "6e74172b-be56-4843-9ff4-e66a39bb12e3", "tid": tenant, "oid": "690222be-ff1a-4d56-abd1-7e4f7d38e474", "sub": "HKZpfaHyWadeOouYlitjrI",
		"azp": "e4f3-client", "azpacr": "0", "ver": "2.0", "rh": "0.AX", "uti": "u", "iat": nil,
	}
	with := func(claims map[string]any) map[string]any {
		all := maps.Clone(entra)
		maps.Copy(all, claims)
		return all
	}
	own := "/" + tenant + "/v2.0"
	ours := fixed("6e74172b-be56-4843-9ff4-e66a39bb12e3")
	return map[string]shape{
		"Okta": {
			issuer: "/oauth2/default", metadata: "/oauth2/default/.well-known/openid-configuration", settings: fixed("api://default"),
			claims: map[string]any{
				"ver": 1, "aud": "api://default", "cid": "0oa1", "uid": "00u1", "scp": []string{"openid", "messages:read"}, "sub": "ann@example.com",
			},
			subject: "ann@example.com", client: "0oa1", scopes: []string{"messages:read", "openid"},
		},
		"Entra v2, 157 groups": {
			issuer: own, metadata: own + "/.well-known/openid-configuration", settings: ours, header: jwt,
			claims:  with(map[string]any{"scp": "messages:read messages:send", "groups": groups}),
			subject: "HKZpfaHyWadeOouYlitjrI", client: "e4f3-client", scopes: []string{"messages:read", "messages:send"},
		},
		"Entra, a person by scp and roles": {
			issuer: own, metadata: own + "/.well-known/openid-configuration", header: jwt,
			settings: func(o *token.ExternalOptions, origin string) {
				ours(o, origin)
				o.ScopeClaims = []string{"scp", "roles"}
			},
			claims:  with(map[string]any{"scp": "messages:read", "roles": []string{"campaigns:send"}}),
			subject: "HKZpfaHyWadeOouYlitjrI", client: "e4f3-client", scopes: []string{"messages:read"},
		},
		"Entra, a service by scp and roles": {
			issuer: own, metadata: own + "/.well-known/openid-configuration", header: jwt,
			settings: func(o *token.ExternalOptions, origin string) {
				ours(o, origin)
				o.ScopeClaims = []string{"scp", "roles"}
			},
			claims:  with(map[string]any{"roles": []string{"messages:send"}, "idtyp": "app"}),
			subject: "HKZpfaHyWadeOouYlitjrI", client: "e4f3-client", scopes: []string{"messages:send"},
		},
		"Entra organizations": {
			issuer: "/organizations/v2.0", metadata: "/organizations/v2.0/.well-known/openid-configuration", announce: "/{tenantid}/v2.0", iss: own,
			settings: ours, header: jwt, claims: with(map[string]any{"scp": "messages:read"}),
			subject: "HKZpfaHyWadeOouYlitjrI", client: "e4f3-client", scopes: []string{"messages:read"},
		},
		"Entra template": {
			issuer: "/{tenantid}/v2.0", metadata: "/common/v2.0/.well-known/openid-configuration", iss: own,
			settings: ours, header: jwt, claims: with(map[string]any{"scp": "messages:read"}),
			subject: "HKZpfaHyWadeOouYlitjrI", client: "e4f3-client", scopes: []string{"messages:read"},
		},
		"Entra v1 beside v2": {
			issuer: "/{tenantid}/", metadata: "/common/.well-known/openid-configuration", iss: "/" + tenant + "/", header: jwt,
			settings: func(o *token.ExternalOptions, origin string) {
				ours(o, origin)
				o.Issuers = append([]string{origin + "/{tenantid}/v2.0"}, o.Issuers...)
			},
			claims:  with(map[string]any{"scp": "messages:read", "azp": nil, "appid": "e4f3-client", "ver": "1.0"}),
			subject: "HKZpfaHyWadeOouYlitjrI", client: "e4f3-client", scopes: []string{"messages:read"},
		},
		"Auth0": {
			issuer: "/", metadata: "/.well-known/openid-configuration", header: jwt,
			claims: map[string]any{
				"aud": []string{endpoint, "https://tenant.auth0.com/userinfo"}, "sub": "auth0|5f7", "azp": "client", "scope": "openid messages:read",
				"permissions": []string{"messages:send"},
			},
			subject: "auth0|5f7", client: "client", scopes: []string{"messages:read", "openid"},
		},
		"Auth0 permissions": {
			issuer: "/", metadata: "/.well-known/openid-configuration", header: jwt,
			settings: func(o *token.ExternalOptions, _ string) { o.ScopeClaims = []string{"permissions"} },
			claims: map[string]any{
				"aud": []string{endpoint, "https://tenant.auth0.com/userinfo"}, "sub": "auth0|5f7", "azp": "client", "scope": "openid", "permissions": []string{"messages:send"},
			},
			subject: "auth0|5f7", client: "client", scopes: []string{"messages:send"},
		},
		"Keycloak roles of the realm": {
			issuer: "/realms/one", metadata: "/realms/one/.well-known/openid-configuration", header: jwt,
			settings: func(o *token.ExternalOptions, _ string) {
				o.ScopeClaims, o.ScopeMap = []string{"realm_access.roles"}, map[string][]string{"texter": {"messages:send"}}
			},
			claims: map[string]any{
				"aud": []string{endpoint, "account"}, "typ": "Bearer", "azp": "inspector", "scope": "profile email", "sub": "f1",
				"realm_access": map[string]any{"roles": []string{"texter", "offline_access"}},
			},
			subject: "f1", client: "inspector", scopes: []string{"messages:send"},
		},
		"Keycloak roles of a client": {
			issuer: "/realms/one", metadata: "/realms/one/.well-known/openid-configuration", header: jwt,
			settings: func(o *token.ExternalOptions, _ string) {
				o.ScopeClaims = []string{"resource_access.mcp.gateway.roles"}
			},
			claims: map[string]any{
				"aud": endpoint, "azp": "inspector", "scope": "profile", "sub": "f1",
				"resource_access": map[string]any{"mcp.gateway": map[string]any{"roles": []string{"messages:read"}}},
			},
			subject: "f1", client: "inspector", scopes: []string{"messages:read"},
		},
		"Cognito": {
			issuer: "/us-east-1_a", metadata: "/us-east-1_a/.well-known/openid-configuration",
			settings: func(o *token.ExternalOptions, _ string) {
				o.Clients, o.ScopeMap = []string{"1h57"}, map[string][]string{"clerk/read": {"messages:read"}}
			},
			claims: map[string]any{
				"aud": nil, "client_id": "1h57", "token_use": "access", "version": 2, "username": "ann", "sub": "aaaa", "scope": "openid clerk/read",
			},
			subject: "aaaa", client: "1h57", scopes: []string{"messages:read"},
		},
		"Zitadel": {
			issuer: "", metadata: "/.well-known/openid-configuration", header: jwt,
			settings: func(o *token.ExternalOptions, _ string) {
				o.Audiences, o.ScopeClaims = []string{"275"}, []string{"urn:zitadel:iam:org:project:roles"}
			},
			claims: map[string]any{
				"aud": []string{"265", "275"}, "client_id": "265", "sub": "163",
				"urn:zitadel:iam:org:project:roles": map[string]any{"messages:read": map[string]any{"1": "a.example"}, "messages:send": map[string]any{"1": "a.example"}, "off": false},
			},
			subject: "163", client: "265", scopes: []string{"messages:read", "messages:send"},
		},
		"Authentik": {
			issuer: "/application/o/gateway/", metadata: "/application/o/gateway/.well-known/openid-configuration", header: jwt, settings: fixed("client"),
			claims:  map[string]any{"aud": "client", "azp": "client", "uid": "u", "acr": "a", "scope": "openid messages:read", "sub": "b1"},
			subject: "b1", client: "client", scopes: []string{"messages:read", "openid"},
		},
		"Authelia": {
			issuer: "", metadata: tokentest.MetadataPath,
			claims:  map[string]any{"aud": []string{endpoint}, "client_id": "mcp", "scp": []string{"messages:read"}, "sub": "e6"},
			subject: "e6", client: "mcp", scopes: []string{"messages:read"},
		},
		"dates as text": {
			issuer: "", metadata: tokentest.MetadataPath,
			claims:  map[string]any{"iat": "1795000000", "sub": "a", "scope": "messages:read"},
			subject: "a", scopes: []string{"messages:read"},
		},
	}
}

// Providers differ in nearly everything. What each sends is taken with the settings that docs name
// for it.
func TestTokensOfProviders(t *testing.T) {
	for name, s := range shapes() {
		t.Run(name, func(t *testing.T) {
			w := &world{clock: newClock(), issuer: tokentest.NewIssuer(t)}
			origin := w.issuer.URL
			announce, iss := origin+s.issuer, origin+s.issuer
			if s.announce != "" {
				announce = origin + s.announce
			}
			if s.iss != "" {
				iss = origin + s.iss
			}
			w.issuer.SetMetadata(tokentest.MetadataPath, nil)
			w.issuer.SetMetadata(s.metadata, map[string]any{"issuer": announce, "jwks_uri": origin + tokentest.KeysPath})
			opts := token.ExternalOptions{Issuers: []string{origin + s.issuer}, HTTPClient: w.issuer.Client(), Now: w.Now}
			if s.settings != nil {
				s.settings(&opts, origin)
			}
			var err error
			if w.External, err = token.NewExternal(t.Context(), opts); err != nil {
				t.Fatal(err)
			}
			claims := map[string]any{"iss": iss, "aud": endpoint, "iat": w.Now().Unix(), "exp": w.Now().Add(time.Minute).Unix()}
			maps.Copy(claims, s.claims)
			maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
			got := w.accepts(t, w.issuer.Sign(claims, s.header...))
			want := identity.Caller{Subject: iss + "#" + s.subject, ClientID: s.client, Scopes: s.scopes}
			if diff := cmp.Diff(want, got.Caller); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// AD FS calls itself by an http URL that nothing answers at.
func TestAnHTTPIssuerNeedsGivenKeys(t *testing.T) {
	const adfs = "http://adfs.example.com/adfs/services/trust"
	w := newWorld(t, func(o *token.ExternalOptions) {
		o.JWKSURLs, o.Issuers = []string{o.Issuers[0] + tokentest.KeysPath}, []string{adfs}
	})
	got := w.accepts(t, w.issuer.Sign(w.claims(map[string]any{"iss": adfs, "apptype": "Public", "appid": "x", "scp": "openid"})))
	if got.Caller.Subject != adfs+"#ann" {
		t.Errorf("%+v", got.Caller)
	}
	if _, err := token.NewExternal(t.Context(), token.ExternalOptions{Issuers: []string{adfs}}); err == nil {
		t.Error("keys would be looked for over http")
	}
}

func TestTokenAsLongAsAHeader(t *testing.T) {
	w := newWorld(t)
	long := w.issuer.Sign(w.claims(map[string]any{"groups": strings.Repeat("x", 40<<10)}))
	if w.accepts(t, long); len(long) < 50<<10 || len(long) > token.MaxLength {
		t.Errorf("%d bytes", len(long))
	}
	w.refuses(t, w.issuer.Sign(w.claims(map[string]any{"groups": strings.Repeat("x", 60<<10)})), token.ReasonMalformed)
}

// Tokens of many scopes and audiences must not fill the memory, though there are few of them.
func TestCacheIsBoundedInBytes(t *testing.T) {
	w := newWorld(t)
	scopes := make([]string, 2000)
	for i := range scopes {
		scopes[i] = fmt.Sprintf("scope-%d", i)
	}
	for n := range 400 {
		w.accepts(t, w.issuer.Sign(w.claims(map[string]any{"jti": n, "scope": scopes})))
		if size := w.CachedBytes(); size > token.CacheBytes {
			t.Fatalf("%d bytes after %d tokens", size, n+1)
		}
	}
}

func TestScopesOfTheFirstClaimCount(t *testing.T) {
	for name, tc := range map[string]struct {
		claims map[string]any
		names  []string
		want   []string
	}{
		"scope by default":           {map[string]any{"scope": "a", "scp": "b"}, nil, []string{"a"}},
		"scp by default":             {map[string]any{"scp": "b"}, nil, []string{"b"}},
		"the first that is there":    {map[string]any{"roles": []string{"c"}}, []string{"scp", "roles"}, []string{"c"}},
		"an empty one is there":      {map[string]any{"scp": "", "roles": []string{"c"}}, []string{"scp", "roles"}, []string{}},
		"null is not":                {map[string]any{"scp": json.RawMessage("null"), "roles": []string{"c"}}, []string{"scp", "roles"}, []string{"c"}},
		"a name before a path":       {map[string]any{"a.b": "x", "a": map[string]any{"b": "y"}}, []string{"a.b"}, []string{"x"}},
		"an object's roles":          {map[string]any{"roles": map[string]any{"a": map[string]any{}, "b": false, "c": nil, "d": true}}, []string{"roles"}, []string{"a", "d"}},
		"a path into something else": {map[string]any{"a": "b"}, []string{"a.b"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(o *token.ExternalOptions) { o.ScopeClaims = tc.names })
			claims := w.claims(map[string]any{"scope": nil})
			maps.Copy(claims, tc.claims)
			if diff := cmp.Diff(tc.want, w.accepts(t, w.issuer.Sign(claims)).Caller.Scopes); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}
