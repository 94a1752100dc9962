package config_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/config"
)

// secret is one that nobody has read anywhere.
var secret = config.Secret(rand.Text() + rand.Text())

func valid() config.Config {
	return config.Config{
		Listen: "127.0.0.1:8080", MaxBody: 1 << 20, Secrets: []config.Secret{secret},
		SessionMaxAge: time.Hour, SessionIdle: time.Hour, Auth: "none",
		ClerkURL: "https://web-api.clerk.chat", ClerkAPIKey: "key", ClerkCredential: "api-key", ClerkTimeout: time.Second,
		CallBudget: time.Second, BatchSize: 1, MaxBatch: 1, MaxAnswer: 1 << 20, WriteTimeout: time.Second, BodyTimeout: time.Second, SettleTime: time.Millisecond,
		OnStoreOutage: "refuse", OnStoreLoss: "refuse", AccessTokenLife: time.Hour, RefreshGrace: 10 * time.Minute,
		Recheck: 15 * time.Minute, GrantMaxAge: 720 * time.Hour,
		ShutdownTimeout: time.Second,
		MaxContacts:     500, MaxRecipients: 10,
	}
}

// signsIn lets people sign in.
func signsIn(c *config.Config) {
	c.Auth, c.AllowAnyUser, c.OIDCIssuer, c.OIDCClientID = "oauth", true, "https://a", "gateway"
}

func TestAValidConfigurationHasNoProblems(t *testing.T) {
	c := valid()
	if p := c.Problems(); len(p) > 0 {
		t.Error(p)
	}
}

func TestEachProblemNamesItsSettingAndVariable(t *testing.T) {
	for _, tt := range []struct {
		name string
		edit func(*config.Config)
		want []string
	}{
		{"listen without port", func(c *config.Config) { c.Listen = "localhost" }, []string{"--listen (GATEWAY_LISTEN)", "host:port"}},
		{"port out of range", func(c *config.Config) { c.Listen = "127.0.0.1:99999" }, []string{"--listen", "port"}},
		{"admin on the same address", func(c *config.Config) { c.AdminListen = c.Listen }, []string{"--admin-listen (GATEWAY_ADMIN_LISTEN)"}},
		{"public URL with path", func(c *config.Config) { c.PublicURL = "https://a.example/mcp" }, []string{"--public-url (GATEWAY_PUBLIC_URL)", "set https://a.example"}},
		{"public URL that is none", func(c *config.Config) { c.PublicURL = "a.example" }, []string{"--public-url", "https://"}},
		{"body limit of nothing", func(c *config.Config) { c.MaxBody = 10 }, []string{"--max-body (GATEWAY_MAX_BODY)"}},
		{"negative in flight", func(c *config.Config) { c.MaxInFlight = -1 }, []string{"--max-in-flight (GATEWAY_MAX_IN_FLIGHT)"}},
		{"negative share", func(c *config.Config) { c.MaxInFlightPerCaller = -1 }, []string{"--max-in-flight-per-caller (GATEWAY_MAX_IN_FLIGHT_PER_CALLER)"}},
		{"a share of more than all", func(c *config.Config) { c.MaxInFlight, c.MaxInFlightPerCaller = 2, 3 }, []string{"--max-in-flight-per-caller", "at most"}},
		{"answers without room for a page", func(c *config.Config) { c.MaxAnswer = 1<<20 - 1 }, []string{"--max-answer (GATEWAY_MAX_ANSWER)"}},
		{"clients without time to read", func(c *config.Config) { c.WriteTimeout = 0 }, []string{"--write-timeout (GATEWAY_WRITE_TIMEOUT)"}},
		{"clients without time to send", func(c *config.Config) { c.BodyTimeout = 0 }, []string{"--body-timeout (GATEWAY_BODY_TIMEOUT)"}},
		{"batches of nothing", func(c *config.Config) { c.MaxBatch = 0 }, []string{"--max-batch (GATEWAY_MAX_BATCH)"}},
		{"no secret", func(c *config.Config) { c.Secrets = nil }, []string{"--secret (GATEWAY_SECRET)", "gateway secret"}},
		{"short second secret", func(c *config.Config) { c.Secrets = append(c.Secrets, "short") }, []string{"--secret", "secret 2 has 5"}},
		{"short secret of registrations", func(c *config.Config) {
			c.RegistrationSecrets = []config.Secret{"short"}
		}, []string{"--registration-secret (GATEWAY_REGISTRATION_SECRET)", "secret 1 has 5"}},
		{"a secret twice", func(c *config.Config) { c.Secrets = append(c.Secrets, c.Secrets[0]) }, []string{"--secret", "secret 2 is the same"}},
		{"open to everybody", func(c *config.Config) { c.Listen = ":8080" }, []string{"--auth (GATEWAY_AUTH)", "--insecure-no-auth"}},
		{"open on an interface", func(c *config.Config) { c.Listen = "192.0.2.1:8080" }, []string{"--insecure-no-auth (GATEWAY_INSECURE_NO_AUTH=true)"}},
		{"no issuer", func(c *config.Config) { c.Auth, c.AllowAnyUser = "external", true }, []string{"--token-issuer (GATEWAY_TOKEN_ISSUER)"}},
		{"everybody by accident", func(c *config.Config) { c.Auth, c.TokenIssuers = "external", []string{"https://a"} }, []string{"--allow-signin (GATEWAY_ALLOW_SIGNIN)", "--allow-any-user"}},
		{"a contradiction", func(c *config.Config) {
			c.Auth, c.TokenIssuers, c.AllowAnyUser, c.AllowSignin = "external", []string{"https://a"}, true, []string{"hd=a"}
		}, []string{"--allow-any-user (GATEWAY_ALLOW_ANY_USER)"}},
		{"tokens for no URL", func(c *config.Config) {
			c.Auth, c.TokenIssuers, c.AllowAnyUser, c.Listen = "external", []string{"https://a"}, true, ":80"
		}, []string{"--public-url (GATEWAY_PUBLIC_URL)"}},
		{"no provider", func(c *config.Config) { c.Auth, c.AllowAnyUser, c.OIDCClientID = "oauth", true, "gateway" }, []string{"--oidc-issuer (OIDC_ISSUER)"}},
		{"unknown to the provider", func(c *config.Config) { c.Auth, c.AllowAnyUser, c.OIDCIssuer = "oauth", true, "https://a" }, []string{"--oidc-client-id (OIDC_CLIENT_ID)"}},
		{"signing in without https", func(c *config.Config) {
			c.Auth, c.AllowAnyUser, c.OIDCIssuer, c.OIDCClientID, c.PublicURL = "oauth", true, "https://a", "gateway", "http://a.example"
		}, []string{"--public-url (GATEWAY_PUBLIC_URL)", "https"}},
		{"tokens of an issuer without a name", func(c *config.Config) {
			c.Auth, c.AllowAnyUser, c.OIDCIssuer, c.OIDCClientID, c.Listen = "oauth", true, "https://a", "gateway", ":80"
		}, []string{"--public-url (GATEWAY_PUBLIC_URL)"}},
		{"a parameter without a value", func(c *config.Config) {
			c.Auth, c.AllowAnyUser, c.OIDCIssuer, c.OIDCClientID, c.OIDCParams = "oauth", true, "https://a", "gateway", []string{"access_type"}
		}, []string{"--oidc-params (OIDC_PARAMS)", "name=value"}},
		{"a parameter twice", func(c *config.Config) {
			c.Auth, c.AllowAnyUser, c.OIDCIssuer, c.OIDCClientID, c.OIDCParams = "oauth", true, "https://a", "gateway", []string{"a=1", "a=2"}
		}, []string{"--oidc-params (OIDC_PARAMS)", "a is there twice"}},
		{"rules without a login", func(c *config.Config) { c.AllowSignin = []string{"hd=a"} }, []string{"--allow-signin (GATEWAY_ALLOW_SIGNIN)", "keeps nobody out"}},
		{"exclusions without a login", func(c *config.Config) { c.DenySignin = []string{"hd=a"} }, []string{"--deny-signin (GATEWAY_DENY_SIGNIN)", "keeps nobody out"}},
		{"the provider asked all the time", func(c *config.Config) { signsIn(c); c.Recheck = 59 * time.Second }, []string{"--recheck (GATEWAY_RECHECK)", "at least 1m"}},
		{"the provider never asked", func(c *config.Config) { signsIn(c); c.Recheck = 0 }, []string{"--recheck (GATEWAY_RECHECK)", "at least 1m"}},
		{"a login that ends before it is asked about", func(c *config.Config) { signsIn(c); c.GrantMaxAge = c.Recheck }, []string{"--grant-max-age (GATEWAY_GRANT_MAX_AGE)", "longer than --recheck"}},
		{"a mapping of nothing", func(c *config.Config) {
			c.Auth, c.TokenIssuers, c.AllowAnyUser, c.TokenScopeMap = "external", []string{"https://a"}, true, []string{"read"}
		}, []string{"--token-scope-map (GATEWAY_TOKEN_SCOPE_MAP)", "theirs=ours"}},
		{"backend that is not a URL", func(c *config.Config) { c.ClerkURL = "web-api.clerk.chat" }, []string{"--clerk-url (CLERK_API_URL)"}},
		{"backend with a password", func(c *config.Config) { c.ClerkURL = "https://u:pa55@a.example" }, []string{"--clerk-url", "password"}},
		{"no key", func(c *config.Config) { c.ClerkAPIKey = "" }, []string{"--clerk-api-key (CLERK_API_KEY)"}},
		{"key with a line break", func(c *config.Config) { c.ClerkAPIKey = "pa55\n" }, []string{"--clerk-api-key", "line break"}},
		{"a negative wait for Redis", func(c *config.Config) { c.RedisTimeout = -1 }, []string{"--redis-timeout (GATEWAY_REDIS_TIMEOUT)"}},
		{"a wait for Redis beyond the call", func(c *config.Config) { c.RedisTimeout = time.Hour }, []string{"--redis-timeout (GATEWAY_REDIS_TIMEOUT)"}},
		{"no time for a tool call", func(c *config.Config) { c.CallBudget = 0 }, []string{"--call-budget (GATEWAY_CALL_BUDGET)"}},
		{"no time to look", func(c *config.Config) { c.SettleTime = 0 }, []string{"--settle-time (GATEWAY_SETTLE_TIME)"}},
		{"looking beyond the call", func(c *config.Config) { c.SettleTime = time.Second }, []string{"less than --call-budget"}},
		{"empty parts", func(c *config.Config) { c.BatchSize = 0 }, []string{"--batch-size (GATEWAY_BATCH_SIZE)"}},
		{"parts that nobody can sort out", func(c *config.Config) { c.BatchSize = 1001 }, []string{"set 1 to 1000"}},
		{"no time for a call", func(c *config.Config) { c.ClerkTimeout = 0 }, []string{"--clerk-timeout (CLERK_TIMEOUT)"}},
		{"contacts of no number", func(c *config.Config) { c.MaxContacts = 0 }, []string{"--max-contacts (GATEWAY_MAX_CONTACTS)", "set 1 to"}},
		{"more contacts than an answer takes", func(c *config.Config) { c.MaxContacts = 100_001 }, []string{"--max-contacts", "set 1 to 100000"}},
		{"a negative number of recipients", func(c *config.Config) { c.MaxRecipients = -1 }, []string{"--max-recipients (GATEWAY_MAX_RECIPIENTS)", "0: any"}},
		{"a negative limit of calls", func(c *config.Config) { c.LimitCalls = -1 }, []string{"--limit-calls (GATEWAY_LIMIT_CALLS)"}},
		{"a negative limit of messages", func(c *config.Config) { c.LimitMessages = -1 }, []string{"--limit-messages (GATEWAY_LIMIT_MESSAGES)"}},
		{"a negative limit of sign-ins", func(c *config.Config) { c.LimitOAuth = -1 }, []string{"--limit-oauth (GATEWAY_LIMIT_OAUTH)"}},
		{"negative delay", func(c *config.Config) { c.DrainDelay = -1 }, []string{"--drain-delay (GATEWAY_DRAIN_DELAY)"}},
		{"no time to stop", func(c *config.Config) { c.ShutdownTimeout = 0 }, []string{"--shutdown-timeout (GATEWAY_SHUTDOWN_TIMEOUT)"}},
		{"sessions of no length", func(c *config.Config) { c.SessionMaxAge = 0 }, []string{"--session-max-age (GATEWAY_SESSION_MAX_AGE)"}},
		{"records of no length", func(c *config.Config) { c.SessionIdle = 0 }, []string{"--session-idle (GATEWAY_SESSION_IDLE)"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := valid()
			tt.edit(&c)
			p := c.Problems()
			if len(p) != 1 {
				t.Fatalf("%d problems, want one: %q", len(p), p)
			}
			for _, want := range tt.want {
				if !strings.Contains(p[0], want) {
					t.Errorf("%q does not say %q", p[0], want)
				}
			}
			if strings.Contains(p[0], "pa55") {
				t.Errorf("%q quotes a secret", p[0])
			}
		})
	}
}

func TestEveryProblemIsReportedAtOnce(t *testing.T) {
	c := config.Config{Auth: "none"}
	if p := c.Problems(); len(p) < 6 {
		t.Errorf("only %d problems of an empty configuration: %q", len(p), p)
	}
}

func TestLoopbackNeedsNoFurtherWord(t *testing.T) {
	for _, addr := range []string{"127.0.0.1:0", "127.5.5.5:80", "[::1]:8080", "localhost:8080"} {
		c := valid()
		c.Listen = addr
		if p := c.Problems(); len(p) > 0 {
			t.Errorf("%s: %q", addr, p)
		}
	}
}

func TestASecretIsNeverPrinted(t *testing.T) {
	c := valid()
	c.RedisURL = "redis://:pa55word@h"
	c.ClerkAPIKey = "pa55word"
	c.Secrets, c.RegistrationSecrets = []config.Secret{"pa55word"}, []config.Secret{"pa55word"}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "config", c, "secret", c.ClerkAPIKey)
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{fmt.Sprint(c), fmt.Sprintf("%+v %#v %s", c, c, c.ClerkAPIKey), log.String(), string(data)} {
		if strings.Contains(s, "pa55word") {
			t.Errorf("printed: %s", s)
		}
	}
}
