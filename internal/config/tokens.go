package config

import (
	"slices"
	"strings"
	"unicode"
)

// distinct names what is empty or there twice in a list of values that are compared to the letter.
func distinct(wrong say, values []string) {
	for i, v := range values {
		switch {
		case strings.TrimSpace(v) == "":
			wrong("entry %d is empty; take out the comma, or write what was meant there", i+1)
		case v != strings.TrimSpace(v):
			wrong("%q has a space at its beginning or end, so nothing would equal it; take it out", v)
		case slices.Contains(values[:i], v):
			wrong("%q is there twice; give it once", v)
		}
	}
}

// claims names claims that no token can have.
func claims(wrong say, names []string) {
	distinct(wrong, names)
	for _, name := range names {
		switch {
		case strings.TrimSpace(name) == "" || name != strings.TrimSpace(name): // told already
		case strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".") || strings.Contains(name, ".."):
			wrong("%q has an empty part and would be in no token; write a claim, or a path such as realm_access.roles", name)
		case strings.ContainsFunc(name, unicode.IsControl):
			wrong("%q has a control character and would be in no token; copy it again", name)
		}
	}
}

func scopeMap(wrong say, entries []string) {
	for _, entry := range entries {
		if theirs, ours, ok := strings.Cut(entry, "="); !ok || theirs == "" || ours == "" {
			wrong("%q is not a mapping; write theirs=ours, such as clerk.read=messages:read", entry)
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

// ProviderParams are --oidc-params taken apart; nil if there are none.
func (c *Config) ProviderParams() map[string]string {
	if len(c.OIDCParams) == 0 {
		return nil
	}
	params := map[string]string{}
	for _, entry := range c.OIDCParams {
		name, value, _ := strings.Cut(entry, "=")
		params[name] = value
	}
	return params
}
