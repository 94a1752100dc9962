package token_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/go-cmp/cmp"

	"github.com/clerkchat/mcp-gateway/internal/fault"
	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

func grantClaims(changes ...any) map[string]any {
	c := map[string]any{
		"iss": "https://ci.example", "sub": "repo:acme/app:ref:refs/heads/main", "aud": "https://mcp.example.com", "jti": "1",
		"iat": 1700000000, "exp": 1700000600,
	}
	for i := 0; i < len(changes); i += 2 {
		name, _ := changes[i].(string)
		if c[name] = changes[i+1]; changes[i+1] == nil {
			delete(c, name)
		}
	}
	return c
}

func typ(value string) tokentest.HeaderOption { return tokentest.WithHeader("typ", value) }

func TestGrantAssertionSaysWhatItIs(t *testing.T) {
	k := tokentest.NewKey(t, jose.ES256, "k")
	a, err := token.ParseGrantAssertion(k.Sign(t, grantClaims("scope", "a b", "client_id", "app", "resource", []string{"https://r"}, "count", 74,
		"flag", true, "list", []string{"x"}), typ("application/OAuth-ID-JAG+jwt")))
	if err != nil {
		t.Fatal(err)
	}
	if !a.Identity || a.Issuer != "https://ci.example" || a.ID != "1" || a.ClientID != "app" || !a.HasScopes ||
		!slices.Equal(a.Scopes, []string{"a", "b"}) || !slices.Equal(a.Resources, []string{"https://r"}) || a.Expires.Unix() != 1700000600 {
		t.Errorf("%+v", a)
	}
	got := map[string]string{}
	for _, name := range []string{"sub", "count", "flag", "list", "absent", "aud"} {
		if v, ok := a.Claim(name); ok {
			got[name] = v
		}
	}
	if diff := cmp.Diff(map[string]string{"sub": a.Subject, "count": "74", "flag": "true", "aud": "https://mcp.example.com"}, got); diff != "" {
		t.Error(diff)
	}
	for _, header := range []string{"JWT", "jwt", ""} {
		a, err := token.ParseGrantAssertion(k.Sign(t, grantClaims("jti", nil, "iat", nil), typ(header)))
		if err != nil || a.Identity || a.ID != "" || !a.Issued.IsZero() || a.HasScopes {
			t.Errorf("typ %q: %+v %v", header, a, err)
		}
	}
}

func TestGrantAssertionOfAnotherKindIsRefused(t *testing.T) {
	es, rs := tokentest.NewKey(t, jose.ES256, "k"), tokentest.NewKey(t, jose.RS256, "k")
	payload := string(must(json.Marshal(grantClaims())))
	for name, tt := range map[string]struct {
		raw  string
		want token.Reason
	}{
		"an access token":     {es.Sign(t, grantClaims()), token.ReasonType},
		"a DPoP proof":        {es.Sign(t, grantClaims(), typ("dpop+jwt")), token.ReasonType},
		"a logout token":      {es.Sign(t, grantClaims(), typ("logout+jwt")), token.ReasonType},
		"a security event":    {es.Sign(t, grantClaims(), typ("secevent+jwt")), token.ReasonType},
		"a client's":          {es.Sign(t, grantClaims(), typ("client-authentication+jwt")), token.ReasonType},
		"an event by claim":   {es.Sign(t, grantClaims("events", map[string]any{}), typ("JWT")), token.ReasonType},
		"an ID token, nonce":  {es.Sign(t, grantClaims("nonce", "n"), typ("JWT")), token.ReasonType},
		"an ID token, hash":   {es.Sign(t, grantClaims("at_hash", "n"), typ("")), token.ReasonType},
		"an ID token, c_hash": {rs.Sign(t, grantClaims("c_hash", "n"), typ("")), token.ReasonType},
		"bound to a key":      {es.Sign(t, grantClaims("cnf", map[string]any{"jkt": "x"}), typ("oauth-id-jag+jwt")), token.ReasonBound},
		"HS256":               {tokentest.Forge(`{"alg":"HS256","typ":"JWT"}`, payload, []byte("sig")), token.ReasonSymmetric},
		"none":                {tokentest.Forge(`{"alg":"none","typ":"JWT"}`, payload, []byte("sig")), token.ReasonUnsigned},
		"critical":            {es.Sign(t, grantClaims(), typ("JWT"), tokentest.WithHeader("crit", []string{"x"}), tokentest.WithHeader("x", 1)), token.ReasonCritical},
		"no issuer":           {es.Sign(t, grantClaims("iss", nil), typ("JWT")), token.ReasonIssuer},
		"no subject":          {es.Sign(t, grantClaims("sub", nil), typ("JWT")), token.ReasonSubject},
		"an empty subject":    {es.Sign(t, grantClaims("sub", ""), typ("JWT")), token.ReasonSubject},
		"a subject in two":    {es.Sign(t, grantClaims("sub", "a\nb"), typ("JWT")), token.ReasonSubject},
		"no audience":         {es.Sign(t, grantClaims("aud", nil), typ("JWT")), token.ReasonAudience},
		"no end":              {es.Sign(t, grantClaims("exp", nil), typ("JWT")), token.ReasonClaims},
		"an end as text":      {es.Sign(t, grantClaims("exp", "soon"), typ("JWT")), token.ReasonClaims},
		"an id that is none":  {es.Sign(t, grantClaims("jti", 7), typ("JWT")), token.ReasonClaims},
		"an empty id":         {es.Sign(t, grantClaims("jti", ""), typ("JWT")), token.ReasonClaims},
		"a client as a list":  {es.Sign(t, grantClaims("client_id", []string{"a"}), typ("oauth-id-jag+jwt")), token.ReasonClaims},
		"no resources":        {es.Sign(t, grantClaims("resource", []string{}), typ("oauth-id-jag+jwt")), token.ReasonClaims},
		"a resource object":   {es.Sign(t, grantClaims("resource", map[string]any{}), typ("oauth-id-jag+jwt")), token.ReasonClaims},
		"scopes as an object": {es.Sign(t, grantClaims("scope", map[string]any{}), typ("oauth-id-jag+jwt")), token.ReasonClaims},
		"a claim twice":       {es.SignPayload(t, []byte(`{"iss":"a","iss":"b"}`), typ("JWT")), token.ReasonClaims},
		"nothing":             {"", token.ReasonMalformed},
		"encrypted":           {"a.b.c.d.e", token.ReasonMalformed},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := token.ParseGrantAssertion(tt.raw)
			var e *token.InvalidError
			if !errors.As(err, &e) || e.Reason != tt.want {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

func TestIssuerKeysVerify(t *testing.T) {
	issuer := tokentest.NewIssuer(t)
	now := time.Unix(1700000100, 0)
	options := token.IssuerKeysOptions{Issuer: issuer.URL, HTTPClient: issuer.Client(), Now: func() time.Time { return now }, Leeway: time.Minute}
	read := func(raw string) *token.GrantAssertion {
		t.Helper()
		a, err := token.ParseGrantAssertion(raw)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	good := read(issuer.Sign(grantClaims(), typ("JWT")))
	forged := read(tokentest.NewKey(t, jose.ES256, issuer.Key().ID).Sign(t, grantClaims(), typ("JWT")))
	for name, change := range map[string]func(*token.IssuerKeysOptions){
		"by metadata": func(*token.IssuerKeysOptions) {},
		"by address": func(o *token.IssuerKeysOptions) {
			o.Issuer, o.JWKSURL = "https://unreachable.invalid", issuer.URL+tokentest.KeysPath
		},
		"given": func(o *token.IssuerKeysOptions) {
			o.Issuer, o.HTTPClient = "https://unreachable.invalid", nil
			o.JWKS = must(json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{issuer.Key().Public()}}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := options
			change(&o)
			keys := must(token.NewIssuerKeys(t.Context(), o))
			if err := keys.Verify(t.Context(), good); err != nil {
				t.Error(err)
			}
			if err := keys.Verify(t.Context(), forged); !errors.Is(err, token.ErrInvalid) {
				t.Errorf("forged: %v", err)
			}
		})
	}
	t.Run("away", func(t *testing.T) {
		issuer.Fail(http.StatusBadGateway)
		defer issuer.Fail(0)
		var e *token.UnavailableError
		if err := must(token.NewIssuerKeys(t.Context(), options)).Verify(t.Context(), good); !errors.As(err, &e) || fault.Of(err).RetryAfter <= 0 {
			t.Errorf("%v", err)
		}
	})
}

func TestIssuerKeysThatCannotBeUsedAreRefused(t *testing.T) {
	secret := []byte(`{"keys":[{"kty":"oct","k":"AAAA"}]}`)
	public := must(json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{tokentest.NewKey(t, jose.ES256, "k").Public()}}))
	for name, opts := range map[string]token.IssuerKeysOptions{
		"no issuer": {}, "plain http": {Issuer: "http://ci.example"}, "with a fragment": {Issuer: "https://ci.example#x"},
		"with a query": {Issuer: "https://ci.example?x"}, "keys over http": {Issuer: "https://ci.example", JWKSURL: "http://ci.example/keys"},
		"a secret": {Issuer: "https://ci.example", JWKS: secret}, "no JSON": {Issuer: "https://ci.example", JWKS: []byte("x")},
		"both": {Issuer: "https://ci.example", JWKS: public, JWKSURL: "https://ci.example/keys"},
	} {
		if _, err := token.NewIssuerKeys(t.Context(), opts); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestDigestOfAnAssertionIgnoresItsSignature(t *testing.T) {
	k := tokentest.NewKey(t, jose.ES256, "k")
	one, other := k.Sign(t, grantClaims(), typ("JWT")), k.Sign(t, grantClaims(), typ("JWT"))
	third := k.Sign(t, grantClaims("iat", 1700000001), typ("JWT"))
	digest := func(raw string) string { return must(token.ParseGrantAssertion(raw)).Digest() }
	if one == other || digest(one) != digest(other) || digest(one) == digest(third) {
		t.Error("two signatures over the same content must have one digest, another content another")
	}
}

func TestSameIssuer(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"https://id.example", "https://id.example/", true},
		{"https://id.example", "HTTPS://ID.example:443", true},
		{"https://id.example/a", "https://id.example/a/", true},
		{"https://id.example./", "https://id.example", true},
		{"https://id.example/a", "https://id.example/b", false},
		{"https://id.example", "http://id.example", false},
		{"https://id.example", "https://id.example:8443", false},
		{"", "", false},
	} {
		if got := token.SameIssuer(tt.a, tt.b); got != tt.want {
			t.Errorf("%q and %q: %v", tt.a, tt.b, got)
		}
	}
}

func TestTenantsOfOneIssuerOverlap(t *testing.T) {
	const tenant = "https://login.example/11111111-2222-3333-4444-555555555555/v2.0"
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{tenant, "https://login.example/common/v2.0", true},
		{"https://login.example/organizations/v2.0", tenant, true},
		{tenant + "/", "HTTPS://Login.example:443/{tenantid}/v2.0", true},
		{"https://login.example/{tenantid}/v2.0", "https://login.example/common/v2.0", true},
		{tenant, "https://login.example/22222222-2222-3333-4444-555555555555/v2.0", false},
		{tenant, "https://other.example/common/v2.0", false},
		{"https://id.example/", "https://id.example", true},
		{"", "", false},
	} {
		if got := token.IssuersOverlap(tt.a, tt.b); got != tt.want {
			t.Errorf("%q and %q: %v", tt.a, tt.b, got)
		}
	}
}

func TestMultiTenantIssuersCannotIssueAssertions(t *testing.T) {
	for _, issuer := range []string{"https://login.example/common/v2.0", "https://login.example/{tenantid}/v2.0"} {
		if _, err := token.NewIssuerKeys(t.Context(), token.IssuerKeysOptions{Issuer: issuer}); err == nil || !strings.Contains(err.Error(), "each tenant") {
			t.Errorf("%s: %v", issuer, err)
		}
	}
}

func FuzzGrantAssertion(f *testing.F) {
	k := tokentest.NewKey(f, jose.ES256, "k")
	for _, seed := range []string{
		`{"iss":"https://ci.example","sub":"a","aud":"x","exp":1900000000}`,
		`{"iss":"https://ci.example","sub":"a","aud":["x","y"],"exp":1.9e9,"iat":1,"jti":"j","client_id":"c","resource":["r"],"scope":["a"]}`,
		`{"iss":"i","sub":"\ud800","aud":[[]],"exp":-0,"scope":{}}`, `{"cnf":{}}`, `{"nonce":1}`, `{}`, `null`, `[[[[`, "\xff",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, header := range []string{"JWT", "oauth-id-jag+jwt"} {
			a, err := token.ParseGrantAssertion(k.SignPayload(t, body, typ(header)))
			if err != nil {
				if !errors.Is(err, token.ErrInvalid) {
					t.Errorf("%v is not an InvalidError", err)
				}
				continue
			}
			if a.Issuer == "" && a.Claims()["iss"] != "" || a.Subject == "" || a.Expires.IsZero() || a.Digest() == "" || a.Identity != (header != "JWT") {
				t.Errorf("accepted as %+v", a)
			}
		}
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
