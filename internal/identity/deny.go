package identity

import (
	"slices"
	"strings"
)

// Deny gives a [Refusal] if a rule names whom the claims describe, else nil. It compares more
// widely than [Rules.Admit]: addresses and their domains in any case and unverified. A claim that
// cannot be compared, such as an object that is not one of roles, denies, and so does one that was
// left out because it is too long for the token (overage): whether the rule names the person is
// unknown, and unknown must not let in whom the operator shut out. A claim that is absent otherwise
// does not.
func (r Rules) Deny(claims map[string]any) error {
	for _, rule := range r.list {
		if !r.concerns(rule, claims) {
			continue
		}
		if why := rule.denies(claims); why != "" {
			return &Refusal{denied: true, failures: []failed{{rule, why}}}
		}
	}
	return nil
}

// concerns reports whether claims may be those of a rule's issuer.
func (r Rules) concerns(rule rule, claims map[string]any) bool {
	return len(r.issuers) < 2 || rule.issuer == "" || claims[claimIssuer] == nil || FromIssuer(rule.issuer, claims)
}

// Lack reports whether the claim of a rule is absent, so that it is worth asking for more claims
// before [Rules.Deny].
func (r Rules) Lack(claims map[string]any) bool {
	return slices.ContainsFunc(r.list, func(rule rule) bool {
		_, found := Claim(claims, rule.source())
		return !found
	})
}

// source is the claim that a rule reads.
func (r rule) source() string {
	if r.claim == claimEmailDomain {
		return claimEmail
	}
	return r.claim
}

// denies says why a rule shuts out, "" if it does not.
func (r rule) denies(claims map[string]any) failure {
	value, found := Claim(claims, r.source())
	if !found {
		switch {
		case leftOut(claims, r.source()):
			return failOverage
		case r.leadsNowhere(claims):
			return failForm
		}
		return ""
	}
	if object, isObject := value.(map[string]any); isObject {
		switch {
		case r.mentioned(object):
			return denyNamed
		case !areRoles(object):
			return failForm
		}
		return ""
	}
	entries, isList := value.([]any)
	if !isList {
		entries = []any{value}
	}
	for _, entry := range entries {
		if entry == nil {
			continue
		}
		if text, readable := asText(entry); !readable {
			return failForm
		} else if r.names(text) || r.is(entry) {
			return denyNamed
		}
	}
	return ""
}

// mentioned reports whether an object has the value anywhere, but for a role that is said not to be
// held.
func (r rule) mentioned(value any) bool {
	switch v := value.(type) {
	case nil:
		return false
	case []any:
		return slices.ContainsFunc(v, r.mentioned)
	case map[string]any:
		for name, inside := range v {
			if r.names(name) && inside != false && inside != nil || r.mentioned(inside) {
				return true
			}
		}
		return false
	}
	text, _ := asText(value)
	return r.names(text)
}

// names compares with one value of the claim.
func (r rule) names(text string) bool {
	switch r.claim {
	case claimEmail:
		return strings.EqualFold(strings.TrimSpace(text), r.value)
	case claimEmailDomain:
		_, domain, _ := cutLast(strings.TrimSpace(text), '@')
		return strings.EqualFold(strings.TrimSuffix(domain, "."), r.value)
	}
	return text == r.value
}

func cutLast(s string, sep byte) (before, after string, found bool) {
	i := strings.LastIndexByte(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+1:], true
}
