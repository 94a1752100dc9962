package config

import (
	"errors"
	"slices"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/setting"
)

// SigninRules are --allow-signin and --deny-signin taken apart, for the issuers whose tokens are
// taken. Without a rule that admits, everybody may come in. What is wrong with them is an error,
// and named by [Config.Problems].
func (c *Config) SigninRules() (allow, deny identity.Rules, err error) {
	allow, deny, allowErr, denyErr := c.signinRules()
	return allow, deny, errors.Join(allowErr, denyErr)
}

func (c *Config) signinRules() (allow, deny identity.Rules, allowErr, denyErr error) {
	if allow, allowErr = identity.ParseRules(c.AllowSignin, c.issuers()...); allowErr == nil {
		allowErr = allow.Unserved()
	}
	deny, denyErr = identity.ParseRules(c.DenySignin, c.issuers()...)
	return allow, deny, allowErr, denyErr
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

// admits judges --allow-signin, and denies --deny-signin. Without a login there is a condition
// instead.
func (c *Config) admits(wrong say, _ []string) {
	if _, _, err, _ := c.signinRules(); c.login() {
		eachLine(wrong, err)
	}
}

func (c *Config) denies(wrong say, _ []string) {
	if !c.login() {
		return
	}
	allow, deny, _, err := c.signinRules()
	eachLine(wrong, err)
	for _, both := range deny.Common(allow) {
		wrong("%q is in %s too, and shuts out whom that admits; leave one of them out", both, setting.AllowSigninFlag)
	}
}

func (c *Config) login() bool { return c.Auth == "oauth" || c.Auth == "external" }

// eachLine notes each line of an error.
func eachLine(wrong say, err error) {
	if err == nil {
		return
	}
	for line := range strings.Lines(err.Error()) {
		wrong("%s", strings.TrimSuffix(line, "\n"))
	}
}
