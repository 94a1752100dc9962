package identity

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// Deny reports whether a rule names whom the claims describe. It compares more widely than [Rules.Admit]: addresses and
// their domains in any case and unverified, numbers and booleans by their text. A claim that cannot be compared, such as an
// object, denies, and so does one that was left out because it is too long for the token (overage): whether the rule names
// the person is unknown, and unknown must not let in whom the operator shut out. A claim that is absent otherwise does not.
func (r Rules) Deny(claims map[string]any) bool {
	return slices.ContainsFunc(r, func(rule rule) bool { return rule.denies(claims) })
}

// Lack reports whether the claim of a rule is absent, so that it is worth asking for more claims before [Rules.Deny].
func (r Rules) Lack(claims map[string]any) bool {
	return slices.ContainsFunc(r, func(rule rule) bool { return claims[rule.source()] == nil })
}

// source is the claim that a rule reads.
func (r rule) source() string {
	if r.claim == claimEmailDomain {
		return claimEmail
	}
	return r.claim
}

func (r rule) denies(claims map[string]any) bool {
	value := claims[r.source()]
	if value == nil { // absent, or null
		return leftOut(claims, r.source())
	}
	entries, isList := value.([]any)
	if !isList {
		entries = []any{value}
	}
	for _, entry := range entries {
		if entry == nil {
			continue
		}
		if text, readable := asText(entry); !readable || r.names(text) {
			return true
		}
	}
	return false
}

// names compares with one value of the claim.
func (r rule) names(text string) bool {
	switch r.claim {
	case claimEmail:
		return strings.EqualFold(strings.TrimSpace(text), r.value)
	case claimEmailDomain:
		_, domain, _ := cutLast(strings.TrimSpace(text), '@')
		return strings.EqualFold(strings.TrimSuffix(domain, "."), strings.TrimSuffix(r.value, "."))
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

// exactNumber is how far numbers of JSON decode without loss.
const exactNumber = 1 << 53

// asText is a value as a rule would spell it; readable is false for what no rule can spell.
func asText(value any) (text string, readable bool) {
	switch v := value.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), math.Abs(v) < exactNumber
	}
	return "", false
}

// leftOut reports whether the token says that a claim exists elsewhere (OpenID Connect Core §5.6.2), or hides whether it
// does: with more groups than fit, Entra puts a reference in their place, and "hasgroups" where there is no room for that.
func leftOut(claims map[string]any, claim string) bool {
	switch names := claims["_claim_names"].(type) {
	case nil:
	case map[string]any:
		if _, named := names[claim]; named {
			return true
		}
	default:
		return true
	}
	if has, there := claims["hasgroups"]; there && claim == "groups" {
		return has != false && has != "false"
	}
	return false
}
