package authserver_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

const (
	grantJWT      = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	ciIssuer      = "https://ci.example"
	companyIssuer = "https://id.example"
	clientSecret  = "a-secret-of-the-warehouse"
	idJAG         = "oauth-id-jag+jwt"
)

// vouchers sign assertions: a platform for its workloads, and a company for its people.
type vouchers struct {
	t       testing.TB
	ci      tokentest.Key
	company tokentest.Key
	ids     int
	now     func() time.Time
	aud     string

	mu sync.Mutex
	// keys answers for those of either; nil for the truth.
	keys  func() error
	admit func(claims map[string]any) error
}

// vouched are keys that are given, or away when they are told to be.
type vouched struct {
	v    *vouchers
	keys *token.IssuerKeys
}

func (k vouched) Verify(ctx context.Context, a *token.GrantAssertion) error {
	k.v.mu.Lock()
	defer k.v.mu.Unlock()
	if k.v.keys != nil {
		return k.v.keys()
	}
	return k.keys.Verify(ctx, a)
}

func newVouchers(t testing.TB) *vouchers {
	return &vouchers{t: t, ci: tokentest.NewKey(t, jose.RS256, "ci"), company: tokentest.NewKey(t, jose.ES256, "company")}
}

func keySetOf(keys ...tokentest.Key) []byte {
	set := jose.JSONWebKeySet{}
	for _, k := range keys {
		set.Keys = append(set.Keys, k.Public())
	}
	return must(json.Marshal(set))
}

const workloadRules = `{"issuers":[{"issuer":"` + ciIssuer + `","rules":[
	{"name":"Nightly report","sub":"repo:acme/app:ref:refs/heads/main","scopes":["messages:read","messages:send"]},
	{"name":"Deployments","sub_prefix":"repo:acme/app:environment:","claims":{"job_workflow_ref":"acme/ci/deploy.yml@main","run_attempt":"1"},"scopes":["messages:read"]},
	{"name":"By number","repository_id":"4711","scopes":["messages:read"]}
]}]}`

// take gives the options of a server that takes the assertions.
func (v *vouchers) take(o *authserver.Options) {
	v.now, v.aud = o.Now, o.PublicURL.String()
	keysOf := func(issuer string, k tokentest.Key) authserver.GrantKeys {
		return vouched{v, must(token.NewIssuerKeys(v.t.Context(), token.IssuerKeysOptions{Issuer: issuer, JWKS: keySetOf(k)}))}
	}
	o.Workloads = must(authserver.ParseWorkloads([]byte(workloadRules), authserver.WorkloadOptions{
		Scopes: scopeNames, Keys: func(w authserver.WorkloadIssuer) (authserver.GrantKeys, error) { return keysOf(w.Issuer, v.ci), nil },
	}))
	o.IdentityAssertions = &authserver.IdentityAssertions{
		Keys: map[string]authserver.GrantKeys{companyIssuer: keysOf(companyIssuer, v.company)},
		Admit: func(issuer string, claims map[string]any) (authserver.Person, error) {
			if v.admit != nil {
				if err := v.admit(claims); err != nil {
					return authserver.Person{}, err
				}
			}
			sub, _ := claims["sub"].(string)
			return authserver.Person{Subject: issuer + "#" + sub, Name: "Ann", Email: "ann@example.com", Upstream: []byte("asserted")}, nil
		},
	}
}

func changed(claims map[string]any, changes []any) map[string]any {
	for i := 0; i < len(changes); i += 2 {
		name, _ := changes[i].(string)
		if claims[name] = changes[i+1]; changes[i+1] == nil {
			delete(claims, name)
		}
	}
	return claims
}

// workload are the claims of a good workload, changed: a nil value takes one out.
func (v *vouchers) workload(changes ...any) map[string]any {
	v.ids++
	now := v.now().Unix()
	return changed(map[string]any{
		"iss": ciIssuer, "sub": "repo:acme/app:ref:refs/heads/main", "aud": v.aud, "jti": fmt.Sprint("job-", v.ids), "iat": now, "exp": now + 600,
		"repository_id": "74", "ref": "refs/heads/main",
	}, changes)
}

func (v *vouchers) signWorkload(changes ...any) string {
	return v.ci.Sign(v.t, v.workload(changes...), tokentest.WithHeader("typ", "JWT"))
}

// identity are the claims of a good identity assertion.
func (v *vouchers) identity(changes ...any) map[string]any {
	v.ids++
	now := v.now().Unix()
	return changed(map[string]any{
		"iss": companyIssuer, "sub": "ann", "aud": v.aud, "jti": fmt.Sprint("id-", v.ids), "iat": now, "exp": now + 300, "client_id": "warehouse",
		"resource": v.aud + "/mcp", "scope": "messages:read messages:send", "email": "ann@example.com",
	}, changes)
}

func (v *vouchers) signIdentity(changes ...any) string {
	return v.company.Sign(v.t, v.identity(changes...), tokentest.WithHeader("typ", idJAG))
}

func bearerForm(assertion string, more ...string) url.Values {
	f := url.Values{"grant_type": {grantJWT}, "assertion": {assertion}}
	for i := 0; i < len(more); i += 2 {
		f.Set(more[i], more[i+1])
	}
	return f
}

// asClient adds the proof of the listed client.
func asClient(assertion string, more ...string) url.Values {
	return bearerForm(assertion, append([]string{"client_id", "warehouse", "client_secret", clientSecret}, more...)...)
}

func (w *world) exchange(form url.Values) (int, map[string]any) {
	return w.post(authserver.TokenPath, formType, form.Encode())
}

// wantNo is for answers that must say what is wrong, and give nothing.
func wantNo(t *testing.T, status int, out map[string]any, code, text string) {
	t.Helper()
	want := http.StatusBadRequest
	switch code {
	case "invalid_client":
		want = http.StatusUnauthorized
	case "temporarily_unavailable":
		want = http.StatusServiceUnavailable
	}
	description, _ := out["error_description"].(string)
	if status != want || out["error"] != code || out["access_token"] != nil || !strings.Contains(description, text) {
		t.Errorf("%d %v, want %d %s with %q", status, out, want, code, text)
	}
}

var errKeysAway = errors.New("keys away")
