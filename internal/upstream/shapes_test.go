package upstream

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/clerkchat/mcp-gateway/internal/identity"
)

// brokenKeys are what some providers publish beside a key that is good.
func brokenKeys() []map[string]any {
	n := strings.Repeat("A", 342)
	return []map[string]any{
		{"kty": "RSA", "kid": "1", "e": "AQAB", "n": n + "=="},
		{"kty": "RSA", "kid": "2", "e": "AQAB", "n": n, "x5c": []string{""}},
		{"kty": "RSA", "kid": "3", "e": "AQAB", "n": n, "x5t": "AAAA"},
		{"kty": "AKP", "kid": "4", "alg": "ML-DSA-44", "pub": "AAAA"},
		{"kty": 5},
		{},
	}
}

// ed25519IDP signs with the algorithm of that name, which go-jose does not know.
func ed25519IDP(t *testing.T, i *idp, alg string) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	i.keys = []jose.JSONWebKey{{Key: public, KeyID: "ed", Algorithm: alg}}
	i.metadata = map[string]any{"id_token_signing_alg_values_supported": []string{"EdDSA"}}
	i.sign = func(claims map[string]any) string {
		payload, err := json.Marshal(claims)
		if err != nil {
			t.Error(err)
		}
		e := base64.RawURLEncoding.EncodeToString
		input := e([]byte(`{"alg":"`+alg+`","kid":"ed"}`)) + "." + e(payload)
		return input + "." + e(ed25519.Sign(private, []byte(input)))
	}
}

func announce(methods ...string) func(t *testing.T, i *idp) {
	return func(_ *testing.T, i *idp) {
		i.metadata = map[string]any{"token_endpoint_auth_methods_supported": methods}
	}
}

func TestProvidersOfTheseShapesSignPeopleIn(t *testing.T) {
	claims := func(c map[string]any) func(*testing.T, *idp) { return func(_ *testing.T, i *idp) { i.claims = c } }
	for _, tt := range []struct {
		name   string
		put    func(t *testing.T, i *idp)
		change func(o *ProviderOptions)
	}{
		{"registered for post where both are announced", func(t *testing.T, i *idp) {
			announce(AuthBasic, AuthPost)(t, i)
			i.auth = AuthPost
		}, nil},
		{"registered for post where nothing is announced", func(_ *testing.T, i *idp) { i.auth = AuthPost }, nil},
		{"only post announced", func(t *testing.T, i *idp) { announce(AuthPost)(t, i); i.auth = AuthPost }, nil},
		{"post, as the setting says", func(t *testing.T, i *idp) { announce(AuthBasic)(t, i); i.auth = AuthPost },
			func(o *ProviderOptions) { o.ClientAuth = AuthPost }},
		{"basic, as the setting says", announce(AuthPost), func(o *ProviderOptions) { o.ClientAuth = AuthBasic }},
		{"a public client", func(_ *testing.T, i *idp) { i.auth = AuthNone }, func(o *ProviderOptions) { o.ClientSecret = "" }},
		{"a public client, as the setting says", func(_ *testing.T, i *idp) { i.auth = AuthNone },
			func(o *ProviderOptions) { o.ClientSecret, o.ClientAuth = "", AuthNone }},
		{"keys that cannot be read beside a good one", func(_ *testing.T, i *idp) { i.otherKeys = brokenKeys() }, nil},
		{"a good key with an empty certificate", func(_ *testing.T, i *idp) { i.keyMembers = map[string]any{"x5c": []string{""}} }, nil},
		{"a good key with a fingerprint of the wrong size", func(_ *testing.T, i *idp) { i.keyMembers = map[string]any{"x5t": "AAAA"} }, nil},
		{"answers that begin with a byte order mark", func(_ *testing.T, i *idp) { i.bom = true }, nil},
		{"alg Ed25519", func(t *testing.T, i *idp) { ed25519IDP(t, i, "Ed25519") }, nil},
		{"alg EdDSA", func(t *testing.T, i *idp) { ed25519IDP(t, i, "EdDSA") }, nil},
		{"times as text", func(_ *testing.T, i *idp) {
			now := i.now.Unix()
			i.claims = map[string]any{"iat": fmt.Sprint(now), "exp": fmt.Sprint(now + 60), "nbf": fmt.Sprint(now)}
		}, nil},
		{"two audiences without azp", claims(map[string]any{"aud": []string{"api", clientID}}), nil},
		{"two audiences with azp", claims(map[string]any{"aud": []string{clientID, "api"}, "azp": clientID}), nil},
		{"157 groups", claims(map[string]any{"groups": strings.Split(strings.Repeat("5d0e8d03-d09f-47e5-8017-4d00cbf737f4,", 157), ",")}), nil},
		{"groups left out for their number", claims(map[string]any{
			"_claim_names":   map[string]any{"groups": "src1"},
			"_claim_sources": map[string]any{"src1": map[string]any{"endpoint": "https://graph.example.com/groups"}},
		}), nil},
		{"groups only in the user info", func(_ *testing.T, i *idp) {
			i.claims = map[string]any{"email": nil, "email_verified": nil}
			i.metadata = map[string]any{"userinfo_endpoint": i.URL + "/userinfo"}
			i.info = map[string]any{"sub": "ann", "groups": []string{"support"}, "name": "Ann", "email": "ann@example.com"}
		}, func(o *ProviderOptions) {
			rules, err := identity.ParseRules([]string{"groups=support"})
			if err != nil {
				panic(err)
			}
			o.Allow = rules.Admit
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			i := newIDP(t)
			tt.put(t, i)
			if tt.change == nil {
				tt.change = func(*ProviderOptions) {}
			}
			person, err := i.signIn(t, i.provider(t, tt.change))
			if err != nil || person.Subject != i.URL+"#ann" {
				t.Errorf("%q, %v", person.Subject, err)
			}
		})
	}
}

// Auth0 gives tokens that are not opaque for an audience only, Google refresh tokens for this
// parameter only.
func TestWhatAProviderWantsToBeAskedWithIsAsked(t *testing.T) {
	i := newIDP(t)
	for name, value := range map[string]string{"audience": "https://api.example.com", "access_type": "offline"} {
		location, _, err := i.provider(t, func(o *ProviderOptions) { o.Params = map[string]string{name: value} }).Begin(t.Context(), "s")
		if err != nil {
			t.Fatal(err)
		}
		u, err := url.Parse(location)
		if err != nil || u.Query().Get(name) != value {
			t.Errorf("%s is not asked with: %s, %v", name, location, err)
		}
	}
}

// The claim at_hash says which access token an ID token came with, in a hash of the algorithm's
// size.
func TestAtHashIsThatOfEachAlgorithm(t *testing.T) {
	for algorithm, want := range map[string]string{
		"RS256": "77QmUPtjPfzWtF2AnpK9RQ", "ES384": "", "EdDSA": "", "Ed25519": "",
	} {
		got := accessTokenHash(algorithm, "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y") // OpenID Connect Core, A.3
		size := map[string]int{"RS256": 16, "ES384": 24, "EdDSA": 32, "Ed25519": 32}[algorithm]
		data, err := base64.RawURLEncoding.DecodeString(got)
		if err != nil || len(data) != size || want != "" && got != want {
			t.Errorf("%s: %s has %d bytes, %v", algorithm, got, len(data), err)
		}
	}
}
