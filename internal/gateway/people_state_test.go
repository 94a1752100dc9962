package gateway_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/authserver/authtest"
	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

// part is the key of the provider's part of the only grant.
func (l *later) part(t *testing.T) any { return l.only(t, "gw:u:*") }

// only is the one key in Redis of a form.
func (l *later) only(t *testing.T, form string) any {
	t.Helper()
	keys, _ := l.redis.Do("KEYS", form).([]any)
	if len(keys) != 1 {
		t.Fatalf("%d keys of the form %s", len(keys), form)
	}
	return keys[0]
}

// Unknown is never no: what is there and does not open is waited for.
func TestWhatDoesNotOpenIs503AndNoSignOut(t *testing.T) {
	t.Parallel()
	for _, credential := range credentials {
		for name, form := range map[string]string{"provider's part": "gw:u:*", "grant": "gw:g:*"} {
			t.Run(credential+"/"+name, func(t *testing.T) {
				t.Parallel()
				world := signInLater(t, credential)
				c := world.join(t)
				world.keepsUnreadable(t, c, world.only(t, form))
			})
		}
	}
}

func (l *later) keepsUnreadable(t *testing.T, c *client, key any) {
	t.Helper()
	kept := l.redis.Do("GET", key)
	l.redis.Do("SET", key, "sealed by a later release")
	for range 2 { // each replica
		for name, body := range map[string]string{"a read": readCall, "a write": sendCall} {
			if a := c.post(t, body); a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" {
				t.Errorf("%s: %d %s", name, a.status, a.body)
			}
		}
		if status, code := c.renew(t); status != http.StatusServiceUnavailable {
			t.Errorf("refreshing: %d %q", status, code)
		}
	}
	if !strings.Contains(l.log.String(), "level=ERROR") {
		t.Error("nobody is told")
	}
	l.redis.Do("SET", key, kept)
	if a := c.post(t, readCall); a.status != http.StatusOK {
		t.Errorf("a read when it opens: %d %s", a.status, a.body)
	}
	if status, code := c.renew(t); status != http.StatusOK || l.sent(t) != 0 {
		t.Errorf("refreshing when it opens: %d %q", status, code)
	}
}

func TestAMissingProvidersPartLetsTheRefreshGoOn(t *testing.T) {
	t.Parallel()
	for _, credential := range credentials {
		t.Run(credential, func(t *testing.T) {
			t.Parallel()
			world := signInLater(t, credential)
			c := world.join(t)
			world.redis.Do("DEL", world.part(t))
			world.pass(16 * time.Minute)
			if status, code := c.renew(t); status != http.StatusOK {
				t.Fatalf("refreshing: %d %q", status, code)
			}
			// Where the call is made with what is missing, it needs a sign-in.
			want := http.StatusOK
			if credential == "login" || credential == "exchange" {
				want = http.StatusUnauthorized
			}
			if a := c.post(t, readCall); a.status != want {
				t.Errorf("a read: %d %s", a.status, a.body)
			}
			world.pass(720 * time.Hour)
			if status, code := c.renew(t); status != http.StatusBadRequest || code != "invalid_grant" {
				t.Errorf("refreshing after --grant-max-age: %d %q", status, code)
			}
		})
	}
}

func TestAProviderWithoutRefreshTokensIsAskedForUserInfo(t *testing.T) {
	t.Parallel()
	for name, offline := range map[string]string{"not announced": "unknown", "refused": "refused"} {
		t.Run(name, func(t *testing.T) {
			world := signInLater(t, "api-key")
			world.control(t, "oidc", `{"offline_access":"`+offline+`","access_token_seconds":3600}`)
			c := world.join(t)
			world.pass(16 * time.Minute)
			if a := c.post(t, sendCall); a.status != http.StatusOK || world.sent(t) != 1 {
				t.Fatalf("allowed: %d %s", a.status, a.body)
			}
			world.pass(16 * time.Minute)
			world.control(t, "faults", `{"operation":"userinfo","kind":"status","status":500}`)
			if status, code := c.renew(t); status != http.StatusOK {
				t.Errorf("unknown: %d %q", status, code)
			}
			world.askAgain()
			world.pass(16 * time.Minute)
			world.control(t, "oidc/revoke", `{"person":"ann"}`)
			if a := c.post(t, sendOne(8)); a.status != http.StatusUnauthorized || world.sent(t) != 1 {
				t.Errorf("put out: %d %s, %d texts", a.status, a.body, world.sent(t))
			}
			c.wantOver(t)
		})
	}
}

func TestAnExpiredAccessTokenEndsNobodysLogin(t *testing.T) {
	t.Parallel()
	world := signInLater(t, "api-key")
	world.control(t, "oidc", `{"offline_access":"unknown","access_token_seconds":60}`)
	c := world.join(t)
	world.pass(16 * time.Minute)
	if a := c.post(t, sendCall); a.status != http.StatusOK || world.sent(t) != 1 {
		t.Errorf("a call: %d %s", a.status, a.body)
	}
	if status, code := c.renew(t); status != http.StatusOK {
		t.Errorf("refreshing: %d %q", status, code)
	}
	log := world.log.String()
	if !strings.Contains(log, "level=ERROR") || !strings.Contains(log, "reason=access_token_expired") {
		t.Errorf("nobody is told: %s", log)
	}
}

func TestSomebodyWhoIsShutOutGetsNoCode(t *testing.T) {
	t.Parallel()
	world := signInLater(t, "api-key", func(c *config.Config) { c.DenySignin = []string{"email=ANN@acme.example"} })
	c := world.register(t)
	q := world.browse(t, world.base+"/oauth/authorize?"+url.Values{
		"response_type": {"code"}, "client_id": {c.id}, "redirect_uri": {clientRedirect}, "scope": {"messages:read"},
		"resource": {world.base + "/mcp"}, "code_challenge_method": {"S256"}, "code_challenge": {challenge},
	}.Encode())
	if q.Get("code") != "" || q.Get("error") != "access_denied" || !strings.Contains(q.Get("error_description"), "this account may not use") {
		t.Errorf("the client was answered %v", q)
	}
}

func TestDenyRulesHoldForTokensOfTheOrganisationsServer(t *testing.T) {
	t.Parallel()
	issuer := tokentest.NewIssuer(t)
	base := external(t, issuer, func(c *config.Config) { c.DenySignin = []string{"roles=left"} })
	for name, tt := range map[string]struct {
		claim any
		want  int
	}{
		"named": {[]string{"left"}, http.StatusForbidden}, "not named": {[]string{"right"}, http.StatusOK},
		"unreadable": {map[string]string{"a": "b"}, http.StatusForbidden}, "absent": {nil, http.StatusOK},
	} {
		t.Run(name, func(t *testing.T) {
			all := claims(issuer, base+"/mcp", "messages:read")
			if tt.claim != nil {
				all["roles"] = tt.claim
			}
			a := request(t, http.MethodPost, base+"/mcp", ping, "Content-Type", "application/json", "Authorization", "Bearer "+issuer.Sign(all))
			if a.status != tt.want {
				t.Errorf("%d %s, want %d", a.status, a.body, tt.want)
			}
		})
	}
}

func TestWhoIsOutAndWhatIsUnknownIsLogged(t *testing.T) {
	t.Parallel()
	world := signInLater(t, "api-key")
	c := world.join(t)
	world.pass(16 * time.Minute)
	world.control(t, "faults", `{"operation":"token","kind":"status","status":502,"count":2}`)
	for range 6 {
		if a := c.post(t, sendCall); a.status != http.StatusOK {
			t.Fatalf("%d %s", a.status, a.body)
		}
	}
	log := world.log.String()
	if n := strings.Count(log, "reason=token_endpoint_status status=502"); n != 1 {
		t.Errorf("told %d times: %s", n, log)
	}
	world.control(t, "oidc/revoke", `{"person":"ann"}`)
	world.askAgain()
	world.pass(16 * time.Minute)
	if status, _ := c.renew(t); status != http.StatusOK { // the second fault
		t.Errorf("unknown: %d", status)
	}
	world.askAgain()
	world.pass(16 * time.Minute)
	if status, _ := c.renew(t); status != http.StatusBadRequest {
		t.Errorf("a no: %d", status)
	}
	log = world.log.String()
	if !regexp.MustCompile(`level=INFO msg="a login was ended[^"]*" reason=invalid_grant subject=[0-9a-f]{12}\b`).MatchString(log) {
		t.Errorf("nobody is told who is out: %s", log)
	}
	if strings.Contains(log, c.refresh) || strings.Contains(log, c.access) || strings.Contains(log, "user-1") {
		t.Error("the log names a token or a person")
	}
}

// askAgain ends the pause after an answer that said nothing, on all replicas but for what each
// knows by itself.
func (l *later) askAgain() {
	keys, _ := l.redis.Do("KEYS", "gw:u:*-pause").([]any)
	l.redis.Do(append([]any{"DEL", "none"}, keys...)...)
}

func TestProblemsOfDenyRulesAreNamed(t *testing.T) {
	t.Parallel()
	cfg := valid(t)
	cfg.Auth, cfg.TokenIssuers = "external", []string{"https://issuer.example.com"}
	cfg.AllowSignin, cfg.DenySignin = []string{"groups=a", "email_domain=example.com"}, []string{"groups", "=b", "email_domain=@Example.com"}
	problems := gateway.Problems(&cfg)
	all := strings.Join(problems, "\n")
	for _, want := range []string{`--deny-signin (GATEWAY_DENY_SIGNIN): "groups" is not a rule`, `"=b"`, `"email_domain=example.com" is in --allow-signin too`} {
		if strings.Count(all, want) != 1 {
			t.Errorf("%s is not named once in:\n%s", want, all)
		}
	}
}

// Only the operator can mend a client secret that is wrong, and only the log can say so.
func TestASignInThatTheProviderFailsTellsOperatorsWhy(t *testing.T) {
	t.Parallel()
	world := signInLater(t, "api-key")
	for reason, fault := range map[string]string{
		// The secret is shown in both ways before it counts as wrong.
		"invalid_client (status 401)":        `"count":2,"status":401,"body":"{\"error\":\"invalid_client\"}","content_type":"application/json"`,
		"token_endpoint_status (status 500)": `"count":1,"status":500`,
	} {
		world.control(t, "faults", `{"operation":"token","kind":"status",`+fault+`}`)
		q := authtest.Person{Transport: world.http.Transport}.Allow(t, world.authorizeURL(t), clientRedirect)
		if q.Get("error") == "" || strings.Contains(q.Encode(), "client") {
			t.Errorf("%s: the client is told %v", reason, q)
		}
		if !strings.Contains(world.log.String(), reason) {
			t.Errorf("operators are not told of %s", reason)
		}
	}
}
