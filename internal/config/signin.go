package config

import (
	"errors"
	"slices"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/identity"
)

const (
	allowSignin = "--allow-signin (GATEWAY_ALLOW_SIGNIN)"
	denySignin  = "--deny-signin (GATEWAY_DENY_SIGNIN)"
)

// SigninRules are --allow-signin and --deny-signin taken apart, for the issuers whose tokens are taken. Without a rule that
// admits, everybody may come in. What is wrong with them is an error, and named by [Config.Problems].
func (c *Config) SigninRules() (allow, deny identity.Rules, err error) {
	allow, allowErr := identity.ParseRules(c.AllowSignin, c.issuers()...)
	deny, denyErr := identity.ParseRules(c.DenySignin, c.issuers()...)
	return allow, deny, errors.Join(allowErr, denyErr, allow.Unserved())
}

// issuers are those whose tokens are taken, none without a login.
func (c *Config) issuers() []string {
	var all []string
	switch c.Auth {
	case "external":
		all = c.TokenIssuers
	case "oauth":
		all = append([]string{c.OIDCIssuer}, c.IdentityAssertionIssuers...)
	}
	var issuers []string
	for _, issuer := range all {
		if issuer != "" && !slices.Contains(issuers, issuer) {
			issuers = append(issuers, issuer)
		}
	}
	return issuers
}

// admission is about who may come in with a login.
func (c *Config) admission(p *problems) {
	allow, err := identity.ParseRules(c.AllowSignin, c.issuers()...)
	p.addLines(allowSignin, err)
	if err == nil {
		p.addLines(allowSignin, allow.Unserved())
	}
	deny, err := identity.ParseRules(c.DenySignin, c.issuers()...)
	p.addLines(denySignin, err)
	for _, both := range deny.Common(allow) {
		p.add(denySignin, "%q is in --allow-signin too, and shuts out whom that admits; leave one of them out", both)
	}
	given := strings.TrimSpace(strings.Join(c.AllowSignin, "")) != "" // an empty variable says nothing
	switch {
	case c.ClerkCredential != "api-key":
	case given && c.AllowAnyUser:
		p.add("--allow-any-user (GATEWAY_ALLOW_ANY_USER)", "contradicts --allow-signin; leave one of them out")
	case !given && !c.AllowAnyUser:
		p.add(allowSignin,
			"or --allow-any-user is required with one API key for everybody: else all whom the authorization server knows "+
				"could send messages from the workspace")
	}
}

// addLines notes each line of an error as a problem of a setting.
func (p *problems) addLines(setting string, err error) {
	if err == nil {
		return
	}
	for line := range strings.Lines(err.Error()) {
		p.add(setting, "%s", strings.TrimSuffix(line, "\n"))
	}
}
