package config

import (
	"slices"
	"strings"
	"unicode"
)

// external is about tokens of authorization servers that are not ours. What their verifier can judge is left to it.
func (c *Config) external(p *problems) {
	const issuer, audience, clients = "--token-issuer (GATEWAY_TOKEN_ISSUER)", "--token-audience (GATEWAY_TOKEN_AUDIENCE)",
		"--token-clients (GATEWAY_TOKEN_CLIENTS)"
	if len(c.TokenIssuers) == 0 {
		p.add(issuer, "is required with --auth external")
	}
	p.list(issuer, c.TokenIssuers)
	p.list(audience, c.TokenAudiences)
	p.list(clients, c.TokenClients)
	p.list("--token-jwks-url (GATEWAY_TOKEN_JWKS_URL)", c.TokenJWKSURLs)
	p.list("--token-algorithms (GATEWAY_TOKEN_ALGORITHMS)", c.TokenAlgorithms)
	if c.TokenSubjectClaim != "" {
		p.claims("--token-subject-claim (GATEWAY_TOKEN_SUBJECT_CLAIM)", c.TokenSubjectClaim)
	}
	p.claims("--token-scope-claim (GATEWAY_TOKEN_SCOPE_CLAIM)", c.TokenScopeClaims...)
	if c.PublicURL == "" && !loopback(c.Listen) {
		p.add("--public-url (GATEWAY_PUBLIC_URL)",
			"is required with --auth external on %s: a token is good for one URL, and no request can be trusted to say which", c.Listen)
	}
	for _, entry := range c.TokenScopeMap {
		if theirs, ours, ok := strings.Cut(entry, "="); !ok || theirs == "" || ours == "" {
			p.add("--token-scope-map (GATEWAY_TOKEN_SCOPE_MAP)", "%q is not a mapping; write theirs=ours, such as clerk.read=messages:read", entry)
		}
	}
}

// list names what is empty or there twice in a list of values that are compared to the letter.
func (p *problems) list(setting string, values []string) {
	for i, v := range values {
		switch {
		case strings.TrimSpace(v) == "":
			p.add(setting, "entry %d is empty; take out the comma, or write what was meant there", i+1)
		case v != strings.TrimSpace(v):
			p.add(setting, "%q has a space at its beginning or end, so nothing would equal it; take it out", v)
		case slices.Contains(values[:i], v):
			p.add(setting, "%q is there twice; give it once", v)
		}
	}
}

// claims names claims that no token can have.
func (p *problems) claims(setting string, names ...string) {
	p.list(setting, names)
	for _, name := range names {
		switch {
		case strings.TrimSpace(name) == "" || name != strings.TrimSpace(name): // told already
		case strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".") || strings.Contains(name, ".."):
			p.add(setting, "%q has an empty part and would be in no token; write a claim, or a path such as realm_access.roles", name)
		case strings.ContainsFunc(name, unicode.IsControl):
			p.add(setting, "%q has a control character and would be in no token; copy it again", name)
		}
	}
}

// ScopeMap is --token-scope-map taken apart; nil if it is not set.
func (c *Config) ScopeMap() map[string][]string {
	if len(c.TokenScopeMap) == 0 {
		return nil
	}
	m := map[string][]string{}
	for _, entry := range c.TokenScopeMap {
		theirs, ours, _ := strings.Cut(entry, "=")
		for o := range strings.SplitSeq(ours, ",") {
			m[theirs] = append(m[theirs], strings.TrimSpace(o))
		}
	}
	return m
}
