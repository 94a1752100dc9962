package config_test

import (
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/config"
)

func TestTokenListsThatCannotWorkAreNamed(t *testing.T) {
	const a = "https://a.example"
	for _, tt := range []struct {
		name string
		edit func(*config.Config)
		want string // "" if it is fine
	}{
		{"several of each", func(c *config.Config) {
			c.TokenIssuers, c.TokenClients = []string{a, "https://b.example/"}, []string{"a", "b"}
			c.TokenScopeClaims, c.TokenSubjectClaim = []string{"scp", "realm_access.roles", "https://a.example/roles", "urn:a:roles"}, "oid"
		}, ""},
		{"an issuer twice", func(c *config.Config) { c.TokenIssuers = []string{a, a} }, "--token-issuer (GATEWAY_TOKEN_ISSUER): \"https://a.example\" is there twice"},
		{"an empty issuer", func(c *config.Config) { c.TokenIssuers = []string{a, ""} }, "--token-issuer (GATEWAY_TOKEN_ISSUER): entry 2 is empty"},
		{"an audience twice", func(c *config.Config) { c.TokenAudiences = []string{"x", "y", "x"} }, "--token-audience (GATEWAY_TOKEN_AUDIENCE): \"x\" is there twice"},
		{"a client of nothing", func(c *config.Config) { c.TokenClients = []string{"a", " "} }, "--token-clients (GATEWAY_TOKEN_CLIENTS): entry 2 is empty"},
		{"a client with a space", func(c *config.Config) { c.TokenClients = []string{"a", " b"} }, "--token-clients (GATEWAY_TOKEN_CLIENTS): \" b\" has a space"},
		{"an algorithm twice", func(c *config.Config) { c.TokenAlgorithms = []string{"RS256", "RS256"} }, "--token-algorithms (GATEWAY_TOKEN_ALGORITHMS)"},
		{"an empty part", func(c *config.Config) { c.TokenScopeClaims = []string{"a..b"} }, "--token-scope-claim (GATEWAY_TOKEN_SCOPE_CLAIM): \"a..b\" has an empty part"},
		{"a dot in front", func(c *config.Config) { c.TokenScopeClaims = []string{".roles"} }, "--token-scope-claim (GATEWAY_TOKEN_SCOPE_CLAIM)"},
		{"a dot behind", func(c *config.Config) { c.TokenSubjectClaim = "sub." }, "--token-subject-claim (GATEWAY_TOKEN_SUBJECT_CLAIM)"},
		{"a claim twice", func(c *config.Config) { c.TokenScopeClaims = []string{"scp", "scp"} }, "--token-scope-claim (GATEWAY_TOKEN_SCOPE_CLAIM): \"scp\" is there twice"},
		{"a claim of two lines", func(c *config.Config) { c.TokenScopeClaims = []string{"a\nb"} }, "--token-scope-claim (GATEWAY_TOKEN_SCOPE_CLAIM): \"a\\nb\" has a control"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := with("external", "api-key")
			c.TokenIssuers = []string{a}
			tt.edit(&c)
			p := c.Problems()
			if tt.want == "" && len(p) > 0 || tt.want != "" && (len(p) != 1 || !strings.HasPrefix(p[0], tt.want)) {
				t.Errorf("%q, want %q", p, tt.want)
			}
		})
	}
}
