package authserver_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

func TestWorkloadGetsATokenByItsPlatformsWord(t *testing.T) {
	v := newVouchers(t)
	w := newWorld(t, listed(t), v.take)
	for name, tt := range map[string]struct {
		form  func() url.Values
		scope string
	}{
		"exact":              {func() url.Values { return bearerForm(v.signWorkload()) }, "messages:read messages:send"},
		"fewer scopes":       {func() url.Values { return bearerForm(v.signWorkload(), "scope", "messages:read openid") }, "messages:read"},
		"at one endpoint":    {func() url.Values { return bearerForm(v.signWorkload(), "resource", w.url+"/mcp") }, "messages:read messages:send"},
		"without jti":        {func() url.Values { return bearerForm(v.signWorkload("jti", nil)) }, "messages:read messages:send"},
		"a list of one":      {func() url.Values { return bearerForm(v.signWorkload("aud", []string{v.aud})) }, "messages:read messages:send"},
		"with a listed name": {func() url.Values { return asClient(v.signWorkload()) }, "messages:read messages:send"},
		"by prefix and claims": {func() url.Values {
			return bearerForm(v.signWorkload("sub", "repo:acme/app:environment:prod", "job_workflow_ref", "acme/ci/deploy.yml@main", "run_attempt", 1))
		}, "messages:read"},
		"by number": {func() url.Values {
			return bearerForm(v.signWorkload("sub", "repo:acme/renamed:ref:x", "repository_id", "4711"))
		}, "messages:read"},
		"no typ": {func() url.Values {
			return bearerForm(v.ci.Sign(t, v.workload(), tokentest.WithHeader("typ", "")))
		}, "messages:read messages:send"},
	} {
		t.Run(name, func(t *testing.T) {
			status, out := w.exchange(tt.form())
			if status != http.StatusOK || out["scope"] != tt.scope || out["refresh_token"] != nil {
				t.Fatalf("%d %v", status, out)
			}
			if life, _ := out["expires_in"].(float64); life < 1100 || life > 1200 { // ten minutes beyond the assertion's ten
				t.Errorf("the token lives %v seconds", life)
			}
			if status, body := w.call(out["access_token"].(string)); status != http.StatusOK || !strings.HasPrefix(body, ciIssuer+"#repo:acme/") {
				t.Errorf("a call: %d %s", status, body)
			}
		})
	}
}

func TestWorkloadIsRefused(t *testing.T) {
	v := newVouchers(t)
	w := newWorld(t, listed(t), v.take)
	w.fetch = serves(goodDocument)
	now := func(d time.Duration) int64 { return w.now().Add(d).Unix() }
	used, digested := v.signWorkload(), v.signWorkload("jti", nil)
	for _, raw := range []string{used, digested} {
		if status, out := w.exchange(bearerForm(raw)); status != http.StatusOK {
			t.Fatalf("%d %v", status, out)
		}
	}
	es := tokentest.NewKey(t, jose.ES256, "ci")
	for name, tt := range map[string]struct {
		form       url.Values
		code, text string
	}{
		"jti used before":     {bearerForm(used), "invalid_grant", "used before"},
		"used without jti":    {bearerForm(digested), "invalid_grant", "used before"},
		"an access token":     {bearerForm(v.ci.Sign(t, v.workload())), "invalid_grant", "made for something else"},
		"a DPoP proof":        {bearerForm(v.ci.Sign(t, v.workload(), tokentest.WithHeader("typ", "dpop+jwt"))), "invalid_grant", "made for something else"},
		"a logout token":      {bearerForm(v.ci.Sign(t, v.workload(), tokentest.WithHeader("typ", "logout+jwt"))), "invalid_grant", "made for something else"},
		"a person's ID token": {bearerForm(v.signWorkload("aud", "the-client", "nonce", "n")), "invalid_grant", "ID token of a person"},
		"for a client id":     {bearerForm(v.signWorkload("aud", "the-client")), "invalid_grant", "aud of the assertion"},
		"from where people sign in": {
			bearerForm(v.company.Sign(t, v.workload("iss", companyIssuer), tokentest.WithHeader("typ", "JWT"))), "invalid_grant", "issuer of the assertion is not one",
		},
		"an identity assertion of a platform": {
			asClient(v.ci.Sign(t, v.identity("iss", ciIssuer), tokentest.WithHeader("typ", idJAG))), "invalid_grant", "issuer of the assertion is not one",
		},
		"two audiences":             {bearerForm(v.signWorkload("aud", []string{v.aud, "https://other.example"})), "invalid_grant", "aud of the assertion"},
		"ours twice":                {bearerForm(v.signWorkload("aud", []string{v.aud, v.aud})), "invalid_grant", "aud of the assertion"},
		"no audience":               {bearerForm(v.signWorkload("aud", []string{})), "invalid_grant", "aud of the assertion"},
		"the token endpoint's":      {bearerForm(v.signWorkload("aud", v.aud+authserver.TokenPath)), "invalid_grant", "aud of the assertion"},
		"another's audience":        {bearerForm(v.signWorkload("aud", "https://other.example")), "invalid_grant", "aud of the assertion"},
		"foreign issuer":            {bearerForm(v.signWorkload("iss", "https://ci.example.evil.net")), "invalid_grant", "issuer of the assertion is not one"},
		"issuer with a slash":       {bearerForm(v.signWorkload("iss", ciIssuer+"/")), "invalid_grant", "issuer of the assertion is not one"},
		"another's key":             {bearerForm(es.Sign(t, v.workload(), tokentest.WithHeader("typ", "JWT"))), "invalid_grant", "signature"},
		"HS256":                     {bearerForm(tokentest.Forge(`{"alg":"HS256","typ":"JWT"}`, `{}`, []byte("s"))), "invalid_grant", "asymmetric"},
		"none":                      {bearerForm(tokentest.Forge(`{"alg":"none","typ":"JWT"}`, `{}`, []byte("s"))), "invalid_grant", "asymmetric"},
		"expired":                   {bearerForm(v.signWorkload("iat", now(-time.Hour), "exp", now(-2*time.Minute))), "invalid_grant", "expired"},
		"too long-lived":            {bearerForm(v.signWorkload("exp", now(time.Hour+time.Second))), "invalid_grant", "lives too long"},
		"too long, near its end":    {bearerForm(v.signWorkload("iat", now(-24*time.Hour))), "invalid_grant", "lives too long"},
		"too far ahead without iat": {bearerForm(v.signWorkload("iat", nil, "exp", now(2*time.Hour))), "invalid_grant", "lives too long"},
		"issued later":              {bearerForm(v.signWorkload("iat", now(5*time.Minute))), "invalid_grant", "not valid yet"},
		"not yet":                   {bearerForm(v.signWorkload("nbf", now(5*time.Minute))), "invalid_grant", "not valid yet"},
		"a long jti":                {bearerForm(v.signWorkload("jti", strings.Repeat("j", 513))), "invalid_grant", "jti"},
		"a long subject":            {bearerForm(v.signWorkload("sub", "repo:acme/app:"+strings.Repeat("x", 240))), "invalid_grant", "254 bytes"},
		"another repository":        {bearerForm(v.signWorkload("sub", "repo:acme/app2:ref:refs/heads/main")), "invalid_grant", "no rule"},
		"another branch":            {bearerForm(v.signWorkload("sub", "repo:acme/app:ref:refs/heads/main2")), "invalid_grant", "no rule"},
		"prefix without its claims": {bearerForm(v.signWorkload("sub", "repo:acme/app:environment:prod")), "invalid_grant", "no rule"},
		"another workflow": {
			bearerForm(v.signWorkload("sub", "repo:acme/app:environment:prod", "job_workflow_ref", "acme/ci/other.yml@main", "run_attempt", "1")), "invalid_grant", "no rule",
		},
		"no assertion":        {url.Values{"grant_type": {grantJWT}}, "invalid_request", "assertion is missing"},
		"rubbish":             {bearerForm("rubbish"), "invalid_grant", "compact form"},
		"foreign resource":    {bearerForm(v.signWorkload(), "resource", "https://other.example/mcp"), "invalid_target", "resource"},
		"a scope beyond":      {bearerForm(v.signWorkload(), "scope", "contacts:write"), "invalid_scope", "may be given here"},
		"a client's document": {bearerForm(v.signWorkload(), "client_id", documentID), "unauthorized_client", "needs no client_id"},
		"an unknown client":   {bearerForm(v.signWorkload(), "client_id", "nobody"), "invalid_client", "unknown"},
		"a wrong secret":      {bearerForm(v.signWorkload(), "client_id", "warehouse", "client_secret", "wrong"), "invalid_client", "secret"},
		"a blocked client":    {bearerForm(v.signWorkload(), "client_id", "blocked"), "invalid_client", "blocked"},
	} {
		t.Run(name, func(t *testing.T) {
			status, out := w.exchange(tt.form)
			wantNo(t, status, out, tt.code, tt.text)
		})
	}
	if log := w.log.String(); !strings.Contains(log, "no rule of --workload-issuers fits") || strings.Count(log, "\n") > 2 { // two replicas
		t.Errorf("operators are told once a minute, and of nothing else: %s", log)
	}
}

func TestAssertionsAreNotTakenByDefault(t *testing.T) {
	v := newVouchers(t)
	w := newWorld(t, listed(t), func(o *authserver.Options) { v.now, v.aud = o.Now, o.PublicURL.String() })
	for _, form := range []url.Values{bearerForm(v.signWorkload()), asClient(v.signIdentity())} {
		status, out := w.exchange(form)
		wantNo(t, status, out, "unsupported_grant_type", "grant_types_supported")
	}
	if m := w.metadata(t); slices.Contains(m.Grants, grantJWT) || m.Profiles != nil {
		t.Errorf("announced: %+v", m)
	}
}

func TestMetadataAnnouncesWhoseAssertionsAreTaken(t *testing.T) {
	for name, tt := range map[string]struct {
		drop     func(o *authserver.Options)
		profiles []string
	}{
		"workloads only": {func(o *authserver.Options) { o.IdentityAssertions = nil }, nil},
		"people only":    {func(o *authserver.Options) { o.Workloads = nil }, []string{"urn:ietf:params:oauth:grant-profile:id-jag"}},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVouchers(t)
			w := newWorld(t, v.take, listed(t), tt.drop)
			if m := w.metadata(t); !slices.Contains(m.Grants, grantJWT) || !slices.Equal(m.Profiles, tt.profiles) {
				t.Errorf("%+v", m)
			}
			status, out := w.exchange(asClient(v.signIdentity()))
			if other, good := w.exchange(bearerForm(v.signWorkload())); tt.profiles == nil {
				wantNo(t, status, out, "invalid_grant", "no identity assertions")
			} else if wantNo(t, other, good, "invalid_grant", "not one whose workloads"); status != http.StatusOK {
				t.Errorf("%d %v", status, out)
			}
		})
	}
}

type announced struct {
	Grants   []string `json:"grant_types_supported"`
	Profiles []string `json:"authorization_grant_profiles_supported"`
}

func (w *world) metadata(t *testing.T) (m announced) {
	t.Helper()
	resp := must(w.server.Client().Get(w.url + authserver.MetadataPath))
	defer func() { _ = resp.Body.Close() }()
	if err := json.NewDecoder(resp.Body).Decode(&m); err != nil {
		t.Fatal(err)
	}
	return m
}
