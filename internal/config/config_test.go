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
	if p := said(&c); len(p) > 0 {
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
		{"public URL with path", func(c *config.Config) { c.PublicURL = "https://a.example/mcp" }, []string{"--public-url (GATEWAY_PUBLIC_URL)", "set https://a.example"}},
		{"public URL that is none", func(c *config.Config) { c.PublicURL = "a.example" }, []string{"--public-url", "https://"}},
		{"no secret", func(c *config.Config) { c.Secrets = nil }, []string{"--secret (GATEWAY_SECRET)", "gateway secret"}},
		{"short second secret", func(c *config.Config) { c.Secrets = append(c.Secrets, "short") }, []string{"--secret", "secret 2 has 5"}},
		{"short secret of registrations", func(c *config.Config) {
			c.RegistrationSecrets = []config.Secret{"short"}
		}, []string{"--registration-secret (GATEWAY_REGISTRATION_SECRET)", "secret 1 has 5"}},
		{"a secret twice", func(c *config.Config) { c.Secrets = append(c.Secrets, c.Secrets[0]) }, []string{"--secret", "secret 2 is the same"}},
		{"open on an interface", func(c *config.Config) { c.Listen = "192.0.2.1:8080" }, []string{"--insecure-no-auth (GATEWAY_INSECURE_NO_AUTH=true)"}},
		{"no issuer", func(c *config.Config) { c.Auth, c.AllowAnyUser = "external", true }, []string{"--token-issuer (GATEWAY_TOKEN_ISSUER)"}},
		{"no provider", func(c *config.Config) { c.Auth, c.AllowAnyUser, c.OIDCClientID = "oauth", true, "gateway" }, []string{"--oidc-issuer (OIDC_ISSUER)"}},
		{"unknown to the provider", func(c *config.Config) { c.Auth, c.AllowAnyUser, c.OIDCIssuer = "oauth", true, "https://a" }, []string{"--oidc-client-id (OIDC_CLIENT_ID)"}},
		{"a parameter without a value", func(c *config.Config) {
			signsIn(c)
			c.OIDCParams = []string{"access_type"}
		}, []string{"--oidc-params (OIDC_PARAMS)", "name=value"}},
		{"a parameter twice", func(c *config.Config) {
			signsIn(c)
			c.OIDCParams = []string{"a=1", "a=2"}
		}, []string{"--oidc-params (OIDC_PARAMS)", "a is there twice"}},
		{"a mapping of nothing", func(c *config.Config) {
			takesTokens(c)
			c.TokenScopeMap = []string{"read"}
		}, []string{"--token-scope-map (GATEWAY_TOKEN_SCOPE_MAP)", "theirs=ours"}},
		{"backend that is not a URL", func(c *config.Config) { c.ClerkURL = "web-api.clerk.chat" }, []string{"--clerk-url (CLERK_API_URL)"}},
		{"backend with a password", func(c *config.Config) { c.ClerkURL = "https://u:pa55@a.example" }, []string{"--clerk-url", "password"}},
		{"no key", func(c *config.Config) { c.ClerkAPIKey = "" }, []string{"--clerk-api-key (CLERK_API_KEY)"}},
		{"key with a line break", func(c *config.Config) { c.ClerkAPIKey = "pa55\n" }, []string{"--clerk-api-key", "line break"}},
		{"parts that nobody can sort out", func(c *config.Config) { c.BatchSize = 1001 }, []string{"set 1 to 1000"}},
		{"a negative number of recipients", func(c *config.Config) { c.MaxRecipients = -1 }, []string{"--max-recipients (GATEWAY_MAX_RECIPIENTS)", "0: any"}},
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
