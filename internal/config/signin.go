package config

import (
	"errors"
	"slices"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/setting"
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

// admits judges --allow-signin. Without a login there is a condition of its own.
func (c *Config) admits(wrong say) {
	if c.Auth != "oauth" && c.Auth != "external" {
		return
	}
	allow, err := identity.ParseRules(c.AllowSignin, c.issuers()...)
	if err == nil {
		err = allow.Unserved()
	}
	eachLine(wrong, err)
}

// denies judges --deny-signin.
func (c *Config) denies(wrong say) {
	if c.Auth != "oauth" && c.Auth != "external" {
		return
	}
	allow, _ := identity.ParseRules(c.AllowSignin, c.issuers()...)
	deny, err := identity.ParseRules(c.DenySignin, c.issuers()...)
	eachLine(wrong, err)
	for _, both := range deny.Common(allow) {
		wrong("%q is in %s too, and shuts out whom that admits; leave one of them out", both, setting.AllowSigninFlag)
	}
}

// eachLine notes each line of an error.
func eachLine(wrong say, err error) {
	if err == nil {
		return
	}
	for line := range strings.Lines(err.Error()) {
		wrong("%s", strings.TrimSuffix(line, "\n"))
	}
}
