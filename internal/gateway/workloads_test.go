package gateway_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

const (
	grantJWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	reports  = "system:serviceaccount:prod:reports"
)

// workloads has --workload-issuers with a rule of a platform.
func workloads(t *testing.T, platform *tokentest.Issuer, rule string) func(*config.Config) {
	t.Helper()
	file := written(t, "workloads.json", `{"issuers":[{"issuer":"`+platform.URL+`","rules":[{`+rule+`,"scopes":["messages:read","messages:send"]}]}]}`)
	return func(c *config.Config) { c.WorkloadIssuers = file }
}

// assertion is what a platform signs for a workload, with claims changed.
func assertion(platform *tokentest.Issuer, aud string, changes map[string]any) string {
	now := time.Now()
	all := map[string]any{"iss": platform.URL, "sub": reports, "aud": []string{aud}, "iat": now.Unix(), "exp": now.Add(10 * time.Minute).Unix()}
	for name, value := range changes {
		all[name] = value
	}
	return platform.Sign(all, tokentest.WithHeader("typ", "JWT"))
}

func bearing(assertion string, more ...string) url.Values {
	form := url.Values{"grant_type": {grantJWT}, "assertion": {assertion}}
	for i := 0; i < len(more); i += 2 {
		form.Set(more[i], more[i+1])
	}
	return form
}

func TestWorkloadCallsToolsByItsPlatformsWord(t *testing.T) {
	t.Parallel()
	platform := tokentest.NewIssuer(t)
	world := signIn(t, "api-key", workloads(t, platform, `"sub":"`+reports+`"`))
	used := assertion(platform, world.base, nil)
	access := world.got(t, bearing(used))
	world.calls(t, access, sendCall, http.StatusOK)
	if n := world.sent(t); n != 2 {
		t.Errorf("%d messages, want 2", n)
	}
	for range 2 { // each replica
		if a, _ := world.ask(t, bearing(used)); a.status != http.StatusBadRequest || !strings.Contains(a.body, "used before") {
			t.Errorf("the same assertion: %d %s", a.status, a.body)
		}
	}
	for name, tt := range map[string]struct {
		assertion string
		says      string
	}{
		"another workload": {assertion(platform, world.base, map[string]any{"sub": reports + "-2"}), "no rule of this server"},
		"two audiences":    {assertion(platform, world.base, map[string]any{"aud": []string{world.base, "https://api.example"}}), "aud of the assertion"},
		"foreign issuer":   {assertion(tokentest.NewIssuer(t), world.base, nil), "issuer of the assertion"},
		"another key":      {assertion(tokentest.NewIssuer(t), world.base, map[string]any{"iss": platform.URL}), ""},
		"wrong typ":        {platform.Sign(map[string]any{"iss": platform.URL, "sub": reports, "aud": world.base}, tokentest.WithHeader("typ", "at+jwt")), "made for something else"},
	} {
		t.Run(name, func(t *testing.T) {
			if a, token := world.ask(t, bearing(tt.assertion)); token != "" || a.status < 400 || !strings.Contains(a.body, tt.says) {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
}

// The platform that signs for people signs for no workload, and a person's ID token is not a
// workload's.
func TestPersonsIDTokenIsNotAWorkloads(t *testing.T) {
	t.Parallel()
	company := tokentest.NewCompany(t)
	company.Hire("ann", map[string]any{"email": "ann@acme.example", "email_verified": true})
	platform := tokentest.NewIssuer(t)
	list := workloads(t, platform, `"sub":"ann"`)
	world := signIn(t, "api-key", func(c *config.Config) {
		list(c)
		c.IdentityAssertionIssuers, c.AllowSignin, c.AllowAnyUser = []string{company.URL}, nil, true
	})
	for name, raw := range map[string]string{
		"for the gateway": company.IDToken("ann", world.base),
		"for the client":  company.IDToken("ann", "reporter"),
		"of the platform": assertion(platform, world.base, map[string]any{"sub": "ann", "nonce": "n"}),
	} {
		t.Run(name, func(t *testing.T) {
			if a, access := world.ask(t, bearing(raw)); access != "" || a.status != http.StatusBadRequest || !strings.Contains(a.body, "invalid_grant") {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	cfg := valid(t)
	cfg.Auth, cfg.PublicURL, cfg.OIDCIssuer, cfg.OIDCClientID, cfg.AllowAnyUser = "oauth", "http://127.0.0.1:9", company.URL, "gateway", true
	cfg.RedisURL = "redis://127.0.0.1:9"
	workloads(t, company.Issuer, `"sub":"ann"`)(&cfg)
	if problems := fmt.Sprint(gateway.Problems(&cfg)); !strings.Contains(problems, "cannot vouch for workloads") {
		t.Errorf("where people sign in vouches for workloads: %s", problems)
	}
}

func TestWorkloadIsOutAtTheNextCall(t *testing.T) {
	t.Parallel()
	platform := tokentest.NewIssuer(t)
	rule := workloads(t, platform, `"sub":"`+reports+`"`)
	host := strings.TrimPrefix(platform.URL, "http://")
	for name, tt := range map[string]struct {
		edit func(*config.Config)
		want int
	}{
		"platform denied":  {listing(t, reporter, `,"denied":["workload:`+host+`"]`), http.StatusUnauthorized},
		"another denied":   {listing(t, reporter, `,"denied":["workload:other.example"]`), http.StatusOK},
		"denied by sub":    {func(c *config.Config) { c.DenySignin = []string{"sub=" + reports} }, http.StatusUnauthorized},
		"somebody denied":  {func(c *config.Config) { c.DenySignin = []string{"sub=somebody"} }, http.StatusOK},
		"nothing happened": {func(*config.Config) {}, http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			// Another memory than that of the others: what ends a grant ends it for good.
			fresh := signIn(t, "api-key", rule)
			access := fresh.got(t, bearing(assertion(platform, fresh.base, nil)))
			fresh.again(t, rule, tt.edit).calls(t, access, ping, tt.want)
		})
	}
	world := signIn(t, "api-key", rule)
	narrowed := world.again(t, workloads(t, platform, `"sub":"another"`))
	if a, token := narrowed.ask(t, bearing(assertion(platform, world.base, nil))); token != "" || !strings.Contains(a.body, "no rule") {
		t.Errorf("without its rule: %d %s", a.status, a.body)
	}
}
