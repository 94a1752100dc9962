package config_test

import (
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/config"
)

// signedInAtSandbox is in front of a REST API, with the sandbox's sign-in.
func signedInAtSandbox(c *config.Config) {
	c.Auth, c.AllowAnyUser, c.OIDCClientID = "oauth", true, "gateway"
	c.OIDCIssuer, c.OIDCClientSecret = "http://127.0.0.1:8081/oidc", config.SandboxClientSecret
}

func TestSettingsThatWouldHurtAreRefused(t *testing.T) {
	weak := config.Secret(strings.Repeat("a", 38))
	for _, tt := range []struct {
		name string
		edit func(*config.Config)
		want string // "": it is fine
	}{
		{"a sign-in without a password", signedInAtSandbox, "--clerk-url (CLERK_API_URL): is not the sandbox"},
		{"the same, told by the issuer", func(c *config.Config) { signedInAtSandbox(c); c.OIDCClientSecret = "" }, "is not the sandbox"},
		{"the same, told by the secret", func(c *config.Config) { signedInAtSandbox(c); c.OIDCIssuer = "https://sandbox.example.com" }, "is not the sandbox"},
		{"the same with people's own keys", func(c *config.Config) { signedInAtSandbox(c); c.ClerkCredential, c.ClerkAPIKey = "linked", "" }, "is not the sandbox"},
		{"the same with the sandbox's key far away", func(c *config.Config) { signedInAtSandbox(c); c.ClerkAPIKey = config.SandboxKey }, "is not the sandbox"},
		{"the same with tokens of the sandbox", func(c *config.Config) {
			c.Auth, c.AllowAnyUser, c.TokenIssuers = "external", true, []string{"http://localhost:8081/oidc"}
		}, "is not the sandbox"},
		{"a tunnel on this machine", func(c *config.Config) { signedInAtSandbox(c); c.ClerkURL = "http://127.0.0.1:9000" }, "is not the sandbox"},
		{"the sandbox itself", func(c *config.Config) { signedInAtSandbox(c); c.ClerkURL = "http://localhost:8081" }, ""},
		{"the sandbox on a network of one's own", func(c *config.Config) {
			signedInAtSandbox(c)
			c.ClerkURL, c.ClerkAPIKey = "http://sandbox:8081", config.SandboxKey
		}, ""},
		{"a secret of a guesser", func(c *config.Config) { c.Secrets = []config.Secret{weak} }, "--secret (GATEWAY_SECRET): is published"},
		{"beside a good one", func(c *config.Config) { c.Secrets = append(c.Secrets, weak) }, "--secret (GATEWAY_SECRET): is published"},
		{"for registrations", func(c *config.Config) { c.RegistrationSecrets = []config.Secret{weak} }, "--registration-secret (GATEWAY_REGISTRATION_SECRET): is published"},
		{"of a guesser, for a private name", func(c *config.Config) { c.Secrets, c.ClerkURL = []config.Secret{weak}, "https://clerk" }, "--secret"},
		{"of a guesser, for this machine", func(c *config.Config) { c.Secrets, c.ClerkURL = []config.Secret{weak}, "http://127.0.0.1:1" }, ""},
		{"http to the internet", func(c *config.Config) { c.ClerkURL = "http://web-api.clerk.chat" }, "--clerk-url (CLERK_API_URL): is http"},
		{"http in capitals", func(c *config.Config) { c.ClerkURL = "HTTP://web-api.clerk.chat" }, "--clerk-url (CLERK_API_URL): is http"},
		{"http to a private network", func(c *config.Config) { c.ClerkURL = "http://10.1.2.3:8080" }, ""},
		{"metrics for everybody", func(c *config.Config) { c.AdminListen = "8.8.8.8:9090" }, "--admin-listen (GATEWAY_ADMIN_LISTEN): is a public"},
		{"metrics for all of IPv6", func(c *config.Config) { c.AdminListen = "[2001:4860:4860::8888]:9090" }, "--admin-listen"},
		{"metrics for a container's network", func(c *config.Config) { c.AdminListen = "0.0.0.0:9090" }, ""},
		{"tokens in the clear", func(c *config.Config) {
			c.Auth, c.AllowAnyUser, c.TokenIssuers, c.PublicURL = "external", true, []string{"https://a"}, "http://mcp.example.com"
		}, "--public-url (GATEWAY_PUBLIC_URL): must be https"},
		{"tokens in the clear of a network", func(c *config.Config) {
			c.Auth, c.AllowAnyUser, c.TokenIssuers, c.PublicURL = "external", true, []string{"https://a"}, "http://10.0.0.1"
		}, "--public-url (GATEWAY_PUBLIC_URL): must be https"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := valid()
			tt.edit(&c)
			p := c.Problems()
			switch {
			case tt.want == "" && len(p) > 0:
				t.Errorf("it is refused: %q", p)
			case tt.want != "" && (len(p) != 1 || !strings.Contains(p[0], tt.want)):
				t.Errorf("%q, want one that says %q", p, tt.want)
			}
		})
	}
}
