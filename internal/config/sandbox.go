package config

import (
	"slices"
	"strings"
)

// The simulated Clerk Chat and its sign-in are known by what they publish. A test of cmd/gateway
// holds these against them.
const (
	SandboxKey          = "sandbox-key"
	SandboxClientSecret = "sandbox-client-secret"
	sandboxIssuerPath   = "/oidc"
)

// simulated tells whether the REST API is certainly not the workspace: it is on this machine, or it
// is the sandbox beside it, whose key no real API takes. What cannot be told is a real one.
func (c *Config) simulated() bool {
	switch reachOfURL(c.ClerkURL) {
	case here:
		return true
	case nearby:
		return c.takesSandboxKey()
	}
	return false
}

// takesSandboxKey tells whether all calls are made with the key of the sandbox, which nothing else
// takes.
func (c *Config) takesSandboxKey() bool {
	return c.ClerkCredential == "api-key" && c.ClerkAPIKey == SandboxKey
}

// SandboxSignsIn tells whether people sign in at the sandbox's own provider, which asks nobody for
// a password.
func (c *Config) SandboxSignsIn() bool {
	switch c.Auth {
	case "oauth":
		return c.OIDCClientSecret == SandboxClientSecret || isSandboxIssuer(c.OIDCIssuer)
	case "external":
		return slices.ContainsFunc(c.TokenIssuers, isSandboxIssuer)
	}
	return false
}

func isSandboxIssuer(issuer string) bool {
	return isPlainHTTP(issuer) && strings.HasSuffix(strings.TrimRight(issuer, "/"), sandboxIssuerPath)
}

// sandboxIssuer is that of the sandbox where people sign in, see [Config.SandboxSignsIn].
func (c *Config) sandboxIssuer() string {
	if c.Auth != "external" {
		return c.OIDCIssuer
	}
	if i := slices.IndexFunc(c.TokenIssuers, isSandboxIssuer); i >= 0 {
		return c.TokenIssuers[i]
	}
	return ""
}

// signsStrangersIn tells whether people come in who prove nothing, to something else than the
// sandbox.
func (c *Config) signsStrangersIn() bool {
	return c.SandboxSignsIn() && !sameOrigin(c.sandboxIssuer(), c.ClerkURL) && (!c.simulated() || !c.takesSandboxKey())
}
