package gateway

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/setting"
	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// externalProblems are what only the verifier of tokens, and who uses them, can say about the
// settings of --auth external.
func externalProblems(c *config.Config) []string {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	var p []string
	_, err := newVerifier(ctx, c, nil)
	for _, err := range separate(err) {
		name, text := setting.Auth, "external: "+err.Error()
		if wrong, ok := errors.AsType[*token.OptionError](err); ok {
			name, text = tokenSetting(wrong.Option), wrong.Problem()
		}
		if told := name + ": " + text; !slices.Contains(p, told) {
			p = append(p, told)
		}
	}
	for _, entry := range c.TokenScopeMap {
		_, ours, _ := strings.Cut(entry, "=")
		for scope := range strings.SplitSeq(ours, ",") {
			if scope = strings.TrimSpace(scope); scope != "" && !slices.Contains(mcpadapter.Scopes(), scope) {
				p = append(p, fmt.Sprintf(setting.TokenScopeMap+": %q grants nothing, since %q is not a scope of this gateway; the scopes are %s",
					entry, scope, strings.Join(mcpadapter.Scopes(), ", ")))
			}
		}
	}
	many := func(issuer string) bool { _, ok := identity.TenantTemplate(issuer); return ok }
	if c.ClerkCredential == "exchange" && c.ExchangeTokenURL == "" && (len(c.TokenIssuers) > 1 || slices.ContainsFunc(c.TokenIssuers, many)) {
		p = append(p, setting.ExchangeTokenURL+": is required with several issuers or tenants: "+
			"clients' tokens of all of them are sent there, so it must be one that may see them")
	}
	return p
}

// separate takes apart what [errors.Join] put together.
func separate(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		return joined.Unwrap()
	}
	if err == nil {
		return nil
	}
	return []error{err}
}

// tokenSetting is the setting that an option of the verifier comes from.
func tokenSetting(option string) string {
	return cmp.Or(map[string]string{
		"Issuers": setting.TokenIssuers, "JWKSURLs": setting.TokenJWKSURLs, "Audiences": setting.TokenAudiences,
		"Clients": setting.TokenClients, "Algorithms": setting.TokenAlgorithms, "ScopeMap": setting.TokenScopeMap,
	}[option], setting.Auth)
}
