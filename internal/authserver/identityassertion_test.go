package authserver_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

func TestIdentityAssertionGetsATokenForItsPerson(t *testing.T) {
	v := newVouchers(t)
	w := newWorld(t, listed(t), v.take)
	for name, tt := range map[string]struct {
		form  func() url.Values
		scope string
	}{
		"all of it":             {func() url.Values { return asClient(v.signIdentity()) }, "messages:read messages:send"},
		"fewer are asked for":   {func() url.Values { return asClient(v.signIdentity(), "scope", "messages:read contacts:write") }, "messages:read"},
		"foreign scopes":        {func() url.Values { return asClient(v.signIdentity("scope", "openid messages:read chat.read")) }, "messages:read"},
		"no scopes":             {func() url.Values { return asClient(v.signIdentity("scope", nil)) }, "messages:read"},
		"no resource":           {func() url.Values { return asClient(v.signIdentity("resource", nil)) }, "messages:read messages:send"},
		"a list of one":         {func() url.Values { return asClient(v.signIdentity("resource", []string{v.aud + "/mcp"})) }, "messages:read messages:send"},
		"the same as the claim": {func() url.Values { return asClient(v.signIdentity(), "resource", v.aud+"/mcp") }, "messages:read messages:send"},
		"an empty code beside": {func() url.Values { // as the SDK sends it
			f := asClient(v.signIdentity())
			f.Set("code", "")
			return f
		}, "messages:read messages:send"},
	} {
		t.Run(name, func(t *testing.T) {
			status, out := w.exchange(tt.form())
			if status != http.StatusOK || out["scope"] != tt.scope || out["refresh_token"] != nil {
				t.Fatalf("%d %v", status, out)
			}
			if life, _ := out["expires_in"].(float64); life < 800 || life > 900 { // ten minutes beyond the assertion's five
				t.Errorf("the token lives %v seconds", life)
			}
			status, body := w.call(out["access_token"].(string))
			if status != http.StatusOK || body != companyIssuer+"#ann "+tt.scope {
				t.Errorf("a call: %d %s", status, body)
			}
		})
	}
}

func TestIdentityAssertionIsRefused(t *testing.T) {
	v := newVouchers(t)
	w := newWorld(t, listed(t), v.take)
	w.fetch = serves(goodDocument)
	v.admit = func(claims map[string]any) error {
		switch {
		case claims["sub"] == "eve":
			return authserver.ErrNotAllowed
		case claims["email"] == nil:
			return authserver.ErrUndescribed
		}
		return nil
	}
	used := v.signIdentity()
	if status, out := w.exchange(asClient(used)); status != http.StatusOK {
		t.Fatalf("%d %v", status, out)
	}
	now := func(d time.Duration) int64 { return w.now().Add(d).Unix() }
	withType := func(typ string, changes ...any) url.Values {
		return asClient(v.company.Sign(t, v.identity(changes...), tokentest.WithHeader("typ", typ)))
	}
	registered := w.program(localRedirect)
	for name, tt := range map[string]struct {
		form       url.Values
		code, text string
	}{
		"used before":            {asClient(used), "invalid_grant", "used before"},
		"typ JWT":                {withType("JWT"), "invalid_grant", "not one whose workloads"},
		"no typ":                 {withType(""), "invalid_grant", "not one whose workloads"},
		"an access token":        {withType("at+jwt"), "invalid_grant", "made for something else"},
		"an ID token":            {withType("JWT", "aud", "warehouse", "nonce", "n"), "invalid_grant", "ID token of a person"},
		"an ID token, disguised": {withType(idJAG, "aud", "warehouse"), "invalid_grant", "aud of the assertion"},
		"bound to a key":         {asClient(v.signIdentity("cnf", map[string]any{"jkt": "x"})), "invalid_grant", "cnf"},
		"two audiences":          {asClient(v.signIdentity("aud", []string{v.aud, "https://other.example"})), "invalid_grant", "aud of the assertion"},
		"another's audience":     {asClient(v.signIdentity("aud", "https://other.example")), "invalid_grant", "aud of the assertion"},
		"foreign issuer":         {asClient(v.signIdentity("iss", "https://id.example.evil.net")), "invalid_grant", "issuer of the assertion"},
		"a platform's issuer":    {asClient(v.signIdentity("iss", ciIssuer)), "invalid_grant", "issuer of the assertion"},
		"another's key": {
			asClient(tokentest.NewKey(t, jose.ES256, "company").Sign(t, v.identity(), tokentest.WithHeader("typ", idJAG))), "invalid_grant", "signature",
		},
		"HS256":                {asClient(tokentest.Forge(`{"alg":"HS256","typ":"`+idJAG+`"}`, `{}`, []byte("s"))), "invalid_grant", "asymmetric"},
		"none":                 {asClient(tokentest.Forge(`{"alg":"none","typ":"`+idJAG+`"}`, `{}`, []byte("s"))), "invalid_grant", "asymmetric"},
		"expired":              {asClient(v.signIdentity("iat", now(-time.Hour), "exp", now(-2*time.Minute))), "invalid_grant", "expired"},
		"too long-lived":       {asClient(v.signIdentity("exp", now(2*time.Hour))), "invalid_grant", "lives too long"},
		"no jti":               {asClient(v.signIdentity("jti", nil)), "invalid_grant", "jti and iat"},
		"no iat":               {asClient(v.signIdentity("iat", nil)), "invalid_grant", "jti and iat"},
		"another client's":     {asClient(v.signIdentity("client_id", "blocked")), "invalid_grant", "client_id of the assertion"},
		"nobody's":             {asClient(v.signIdentity("client_id", nil)), "invalid_grant", "client_id of the assertion"},
		"no client":            {bearerForm(v.signIdentity()), "invalid_client", "client_id is missing"},
		"no secret":            {bearerForm(v.signIdentity(), "client_id", "warehouse"), "invalid_client", "secret"},
		"a public document":    {bearerForm(v.signIdentity("client_id", documentID), "client_id", documentID), "unauthorized_client", "prove who they are"},
		"one that registered":  {bearerForm(v.signIdentity("client_id", registered.id), "client_id", registered.id), "unauthorized_client", "prove who they are"},
		"foreign resource":     {asClient(v.signIdentity("resource", "https://other.example/mcp")), "invalid_grant", "resource of the assertion"},
		"one foreign of two":   {asClient(v.signIdentity("resource", []string{v.aud + "/mcp", "https://other.example/mcp"})), "invalid_grant", "resource of the assertion"},
		"wider than the claim": {asClient(v.signIdentity(), "resource", v.aud), "invalid_target", "resource must be"},
		"no scopes left":       {asClient(v.signIdentity("scope", "chat.read")), "invalid_scope", "no scope is left"},
		"none of the asked":    {asClient(v.signIdentity(), "scope", "contacts:write"), "invalid_scope", "no scope is left"},
		"empty scopes":         {asClient(v.signIdentity("scope", "")), "invalid_scope", "no scope is left"},
		"a denied person":      {asClient(v.signIdentity("sub", "eve")), "invalid_grant", "may not use this server"},
		"nobody can tell":      {asClient(v.signIdentity("email", nil)), "invalid_grant", "lacks a claim"},
	} {
		t.Run(name, func(t *testing.T) {
			status, out := w.exchange(tt.form)
			wantNo(t, status, out, tt.code, tt.text)
		})
	}
	log := w.log.String()
	for _, want := range []string{"reason=rules", "reason=claim_missing"} {
		if !strings.Contains(log, want) {
			t.Errorf("operators are not told %q: %s", want, log)
		}
	}
	if regexp.MustCompile(`\beve\b`).MatchString(log) || strings.Contains(log, "ann@") {
		t.Errorf("logged whom: %s", log)
	}
}

func TestIdentityAssertionWithAClientsKeys(t *testing.T) {
	v := newVouchers(t)
	w := newWorld(t, v.take)
	s, h := w.signs(singularMethods)
	form := func(client string) url.Values {
		return bearerForm(v.signIdentity("client_id", documentID), "client_assertion", client, "client_assertion_type", jwtBearer)
	}
	if status, out := w.exchange(form(s.sign())); status != http.StatusOK {
		t.Errorf("%d %v", status, out)
	}
	forged := tokentest.NewKey(t, jose.RS256, "key-1").Sign(t, s.claims(), tokentest.WithHeader("typ", "JWT"))
	status, out := w.exchange(form(forged))
	wantNo(t, status, out, "invalid_client", "signature")
	h.change(func(h *host) { h.document, h.keys = "", nil })
	once := s.sign("jti", "once")
	if status, out := w.exchange(form(once)); status != http.StatusOK {
		t.Errorf("%d %v", status, out)
	}
	status, out = w.exchange(form(once))
	wantNo(t, status, out, "invalid_client", "client_assertion was used before")
}

func TestIdentityAssertionGrantTypeOfAListedClient(t *testing.T) {
	entry := func(members string) ([]byte, error) {
		data := []byte(`{"clients":[{"client_id":"warehouse",` + members + `}]}`)
		_, err := authserver.ParseClients(data)
		return data, err
	}
	const bearerOnly = `"grant_types":["` + grantJWT + `"]`
	if _, err := entry(bearerOnly); err == nil || !strings.Contains(err.Error(), "client_secret or jwks") {
		t.Errorf("a client that proves nothing: %v", err)
	}
	data, err := entry(`"client_secret":"` + clientSecret + `",` + bearerOnly + `,"scope":"messages:read"`)
	if err != nil {
		t.Fatal(err)
	}
	v := newVouchers(t)
	w := newWorld(t, v.take, func(o *authserver.Options) { o.Clients = must(authserver.ParseClients(data)) })
	if status, out := w.exchange(asClient(v.signIdentity())); status != http.StatusOK || out["scope"] != "messages:read" {
		t.Errorf("%d %v", status, out)
	}
	if data, err = entry(`"client_secret":"` + clientSecret + `","grant_types":["client_credentials"],"scope":"messages:read"`); err != nil {
		t.Fatal(err)
	}
	w = newWorld(t, v.take, func(o *authserver.Options) { o.Clients = must(authserver.ParseClients(data)) })
	status, out := w.exchange(asClient(v.signIdentity()))
	wantNo(t, status, out, "unauthorized_client", "has not given")
}
