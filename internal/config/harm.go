package config

import (
	"slices"
	"strings"
)

// The simulated Clerk Chat and its sign-in are known by what they publish. A test of cmd/gateway holds these against them.
const (
	SandboxKey          = "sandbox-key"
	SandboxClientSecret = "sandbox-client-secret"
	sandboxIssuerPath   = "/oidc"
)

// simulated tells whether the REST API is certainly not the workspace: it is on this machine, or it is the sandbox beside it,
// whose key no real API takes. What cannot be told is a real one.
func (c *Config) simulated() bool {
	switch reachOfURL(c.ClerkURL) {
	case here:
		return true
	case nearby:
		return c.takesSandboxKey()
	}
	return false
}

// takesSandboxKey tells whether all calls are made with the key of the sandbox, which nothing else takes.
func (c *Config) takesSandboxKey() bool {
	return c.ClerkCredential == "api-key" && c.ClerkAPIKey == SandboxKey
}

// SandboxSignsIn tells whether people sign in at the sandbox's own provider, which asks nobody for a password.
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

// harm finds settings that work and would hurt: people come in who prove nothing, keys travel in the clear, or everybody may
// say what only a proxy should.
func (c *Config) harm(p *problems) {
	if c.SandboxSignsIn() && !sameOrigin(c.sandboxIssuer(), c.ClerkURL) && (!c.simulated() || !c.takesSandboxKey()) {
		p.add("--clerk-url (CLERK_API_URL)",
			"is not the sandbox, but people sign in at the sandbox, which asks nobody for a password: set --oidc-issuer or "+
				"--token-issuer to a real provider")
	}
	if !c.simulated() {
		for _, s := range c.weakSecrets() {
			p.add(s, "is published or easy to guess, so that anybody could make tokens for this gateway: make one with gateway secret")
		}
	}
	if isPlainHTTP(c.ClerkURL) && reachOfURL(c.ClerkURL) == faraway {
		p.add("--clerk-url (CLERK_API_URL)",
			"is http, so keys and texts would travel in the clear: use https; http is for this machine and for private networks, whose names "+
				"have no dot or end like clerk.apps.svc or clerk.internal")
	}
	if listensInPublic(c.AdminListen) {
		p.add("--admin-listen (GATEWAY_ADMIN_LISTEN)",
			"is a public address, and metrics are not protected: listen on a loopback or private address")
	}
	if u := c.Public(); c.Auth == "external" && u != nil && u.Scheme == "http" && reachOf(u.Hostname()) != here {
		p.add("--public-url (GATEWAY_PUBLIC_URL)", "must be https with --auth external, or tokens travel in the clear")
	}
}

// weakSecrets names the secrets that are weak, as settings.
func (c *Config) weakSecrets() []string {
	var out []string
	if slices.ContainsFunc(c.Secrets, Secret.weak) {
		out = append(out, "--secret (GATEWAY_SECRET)")
	}
	if slices.ContainsFunc(c.RegistrationSecrets, Secret.weak) {
		out = append(out, "--registration-secret (GATEWAY_REGISTRATION_SECRET)")
	}
	return out
}

// weak is said of a secret that is long enough; a shorter one is reported for that.
func (s Secret) weak() bool { return len(s) >= MinSecretLength && weak(string(s)) }
