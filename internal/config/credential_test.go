package config_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/config"
)

// with is a valid configuration of a way to log in and a credential.
func with(auth, credential string) config.Config {
	c := valid()
	c.Auth, c.ClerkCredential = auth, credential
	switch auth {
	case "oauth":
		c.OIDCIssuer, c.OIDCClientID = "https://login.example.com", "gateway"
	case "external":
		c.TokenIssuers = []string{"https://login.example.com"}
	}
	if auth != "none" && credential == "api-key" {
		c.AllowAnyUser = true
	}
	if credential != "api-key" {
		c.ClerkAPIKey = ""
	}
	if credential == "exchange" {
		c.ExchangeAudience = "clerk"
		if auth == "external" {
			c.ExchangeClientID, c.ExchangeClientSecret = "gateway", "pa55"
		}
	}
	return c
}

func TestEachLoginHasItsCredentials(t *testing.T) {
	for auth, allowed := range map[string][]string{
		"none": {"api-key"}, "external": {"api-key", "exchange"}, "oauth": {"api-key", "linked", "login", "exchange"},
	} {
		for _, credential := range []string{"api-key", "linked", "login", "exchange", "guessing"} {
			c := with(auth, credential)
			p := c.Problems()
			if slices.Contains(allowed, credential) {
				if len(p) > 0 || len(c.Warnings()) > 0 {
					t.Errorf("%s, %s: %q %q", auth, credential, p, c.Warnings())
				}
				continue
			}
			if len(p) != 1 || !strings.HasPrefix(p[0], "--clerk-credential (CLERK_CREDENTIAL): ") || !strings.Contains(p[0], credential) {
				t.Errorf("%s, %s: %q", auth, credential, p)
			}
		}
	}
}

func TestSettingsThatHaveNoEffectAreNamed(t *testing.T) {
	for name, tt := range map[string]struct {
		auth, credential string
		edit             func(*config.Config)
		want             []string
	}{
		"a provider without a login": {"none", "api-key",
			func(c *config.Config) {
				c.OIDCIssuer, c.OIDCClientID, c.OIDCClientSecret, c.AllowAnyUser = "https://a", "gateway", "pa55", true
			},
			[]string{"--allow-any-user", "--oidc-issuer", "--oidc-client-id", "--oidc-client-secret"}},
		"two logins": {"oauth", "api-key",
			func(c *config.Config) {
				c.TokenIssuers, c.TokenSubjectClaim, c.InsecureNoAuth = []string{"https://a"}, "email", true
			},
			[]string{"--insecure-no-auth", "--token-issuer", "--token-subject-claim"}},
		"the other two": {"external", "api-key",
			func(c *config.Config) {
				c.OIDCIssuer, c.OAuthClients, c.TokenScopeClaims = "https://a", "file", []string{"scope", "scp"}
				c.OIDCScopes, c.OIDCParams = []string{"email"}, []string{"prompt=consent"}
				c.RegistrationSecrets = []config.Secret{"pa55"}
			},
			[]string{"--oidc-issuer", "--oidc-scopes", "--oidc-params", "--oauth-clients", "--registration-secret"}},
		"questions to no provider": {"external", "api-key",
			func(c *config.Config) { c.Recheck, c.GrantMaxAge = time.Hour, 2*time.Hour }, []string{"--recheck", "--grant-max-age"}},
		"a key for nobody": {"oauth", "linked",
			func(c *config.Config) { c.ClerkAPIKey = "pa55" }, []string{"--clerk-api-key"}},
		"an exchange of nothing": {"oauth", "login",
			func(c *config.Config) { c.ExchangeAudience, c.ExchangeClientSecret = "clerk", "pa55" },
			[]string{"--exchange-audience", "--exchange-client-secret"}},
	} {
		c := with(tt.auth, tt.credential)
		tt.edit(&c)
		got := c.Warnings()
		if len(got) != len(tt.want) {
			t.Errorf("%s: %q", name, got)
			continue
		}
		for i, want := range tt.want {
			if !strings.HasPrefix(got[i], want+" (") || !strings.Contains(got[i], "has no effect") || strings.Contains(got[i], "pa55") {
				t.Errorf("%s: %q, want %s", name, got[i], want)
			}
		}
	}
}
