package config

import (
	"fmt"
	"slices"
	"time"
)

// credentialsOf are those that a way to log in can give.
func credentialsOf(auth string) []string {
	switch auth {
	case "oauth":
		return []string{"api-key", "linked", "login", "exchange"}
	case "external":
		return []string{"api-key", "exchange"}
	}
	return []string{"api-key"}
}

// credential is about what the REST API is shown. What only its provider's client can judge is left to that.
func (c *Config) credential(p *problems) {
	const setting = "--clerk-credential (CLERK_CREDENTIAL)"
	if !slices.Contains(credentialsOf(c.Auth), c.ClerkCredential) {
		switch c.ClerkCredential {
		case "linked":
			p.add(setting, "linked needs --auth oauth: people enter their keys on a page of the gateway, after they signed in there")
		case "login":
			p.add(setting, "login needs --auth oauth: only then does the gateway get an access token at sign-in")
		case "exchange":
			p.add(setting, "exchange needs --auth oauth or external: without a login there is no token to exchange")
		default:
			p.add(setting, "%q is not a credential type; set api-key, linked, login or exchange", c.ClerkCredential)
		}
		return
	}
	if c.ClerkCredential != "exchange" {
		return
	}
	if c.ExchangeAudience == "" && c.ExchangeResource == "" {
		p.add("--exchange-audience (GATEWAY_EXCHANGE_AUDIENCE)",
			"or --exchange-resource is required with --clerk-credential exchange: it names the REST API to the provider")
	}
	switch {
	case c.ExchangeClientID == "" && c.Auth == "external":
		p.add("--exchange-client-id (GATEWAY_EXCHANGE_CLIENT_ID)",
			"is required with --auth external: it is the gateway's OAuth client ID at the authorization server")
	case c.ExchangeClientID == "" && c.ExchangeClientSecret != "":
		p.add("--exchange-client-id (GATEWAY_EXCHANGE_CLIENT_ID)", "is missing; --exchange-client-secret is nobody's without it")
	}
}

// Warnings lists what is not a problem and may not be meant: settings that have no effect with the others, so that nobody relies
// on them, and settings that take away what others rely on. Each entry names the flag and its variable.
func (c *Config) Warnings() []string {
	var out []string
	for _, s := range []struct {
		setting   string
		is, works bool
		when      string
	}{
		{"--insecure-no-auth (GATEWAY_INSECURE_NO_AUTH)", c.InsecureNoAuth, c.Auth == "none", "--auth none"},
		{"--allow-any-user (GATEWAY_ALLOW_ANY_USER)", c.AllowAnyUser, c.Auth != "none", "--auth oauth or external"},
		{"--recheck (GATEWAY_RECHECK)", c.Recheck != 0 && c.Recheck != defaultRecheck, c.Auth == "oauth", "--auth oauth"},
		{"--grant-max-age (GATEWAY_GRANT_MAX_AGE)", c.GrantMaxAge != 0 && c.GrantMaxAge != defaultGrantMaxAge, c.Auth == "oauth", "--auth oauth"},
		{"--oidc-issuer (OIDC_ISSUER)", c.OIDCIssuer != "", c.Auth == "oauth", "--auth oauth"},
		{"--oidc-client-id (OIDC_CLIENT_ID)", c.OIDCClientID != "", c.Auth == "oauth", "--auth oauth"},
		{"--oidc-client-secret (OIDC_CLIENT_SECRET)", c.OIDCClientSecret != "", c.Auth == "oauth", "--auth oauth"},
		{clientAuthSetting, c.OIDCClientAuth != "" && c.OIDCClientAuth != defaultClientAuth, c.Auth == "oauth", "--auth oauth"},
		{backchannelSetting, c.OIDCBackchannel != "", c.Auth == "oauth", "--auth oauth"},
		{"--oidc-scopes (OIDC_SCOPES)", len(c.OIDCScopes) > 0, c.Auth == "oauth", "--auth oauth"},
		{"--oidc-params (OIDC_PARAMS)", len(c.OIDCParams) > 0, c.Auth == "oauth", "--auth oauth"},
		{"--oauth-clients (GATEWAY_OAUTH_CLIENTS)", c.OAuthClients != "", c.Auth == "oauth", "--auth oauth"},
		{"--workload-issuers (GATEWAY_WORKLOAD_ISSUERS)", c.WorkloadIssuers != "", c.Auth == "oauth", "--auth oauth"},
		{"--identity-assertion-issuer (GATEWAY_IDENTITY_ASSERTION_ISSUER)", len(c.IdentityAssertionIssuers) > 0, c.Auth == "oauth", "--auth oauth"},
		{"--registration-secret (GATEWAY_REGISTRATION_SECRET)", len(c.RegistrationSecrets) > 0, c.Auth == "oauth", "--auth oauth"},
		{"--token-issuer (GATEWAY_TOKEN_ISSUER)", len(c.TokenIssuers) > 0, c.Auth == "external", "--auth external"},
		{"--token-jwks-url (GATEWAY_TOKEN_JWKS_URL)", len(c.TokenJWKSURLs) > 0, c.Auth == "external", "--auth external"},
		{"--token-audience (GATEWAY_TOKEN_AUDIENCE)", len(c.TokenAudiences) > 0, c.Auth == "external", "--auth external"},
		{"--token-clients (GATEWAY_TOKEN_CLIENTS)", len(c.TokenClients) > 0, c.Auth == "external", "--auth external"},
		{"--token-algorithms (GATEWAY_TOKEN_ALGORITHMS)", len(c.TokenAlgorithms) > 0, c.Auth == "external", "--auth external"},
		{"--token-subject-claim (GATEWAY_TOKEN_SUBJECT_CLAIM)", c.TokenSubjectClaim != "" && c.TokenSubjectClaim != "sub", c.Auth == "external", "--auth external"},
		{"--token-scope-claim (GATEWAY_TOKEN_SCOPE_CLAIM)", !defaultScopeClaims(c.TokenScopeClaims), c.Auth == "external", "--auth external"},
		{"--token-scope-map (GATEWAY_TOKEN_SCOPE_MAP)", len(c.TokenScopeMap) > 0, c.Auth == "external", "--auth external"},
		{"--token-require-type (GATEWAY_TOKEN_REQUIRE_TYPE)", c.TokenRequireType, c.Auth == "external", "--auth external"},
		{"--clerk-api-key (CLERK_API_KEY)", c.ClerkAPIKey != "", c.ClerkCredential == "api-key", "--clerk-credential api-key"},
		{"--exchange-audience (GATEWAY_EXCHANGE_AUDIENCE)", c.ExchangeAudience != "", c.exchanges(), withExchange},
		{"--exchange-resource (GATEWAY_EXCHANGE_RESOURCE)", c.ExchangeResource != "", c.exchanges(), withExchange},
		{"--exchange-scope (GATEWAY_EXCHANGE_SCOPE)", c.ExchangeScope != "", c.exchanges(), withExchange},
		{"--exchange-token-url (GATEWAY_EXCHANGE_TOKEN_URL)", c.ExchangeTokenURL != "", c.exchanges(), withExchange},
		{"--exchange-client-id (GATEWAY_EXCHANGE_CLIENT_ID)", c.ExchangeClientID != "", c.exchanges(), withExchange},
		{"--exchange-client-secret (GATEWAY_EXCHANGE_CLIENT_SECRET)", c.ExchangeClientSecret != "", c.exchanges(), withExchange},
	} {
		if s.is && !s.works {
			out = append(out, fmt.Sprintf("%s: has no effect; it needs %s", s.setting, s.when))
		}
	}
	return append(out, c.risks()...)
}

// The defaults of the fields, of which nobody needs to be told that they have no effect.
const (
	defaultRecheck     = 15 * time.Minute
	defaultGrantMaxAge = 30 * 24 * time.Hour
)

// defaultScopeClaims reports whether nobody chose the claims of scopes.
func defaultScopeClaims(claims []string) bool {
	return len(claims) == 0 || slices.Equal(claims, []string{"scope", "scp"})
}

const withExchange = "--clerk-credential exchange"

func (c *Config) exchanges() bool { return c.ClerkCredential == "exchange" }
