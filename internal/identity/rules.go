package identity

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Rules say who is meant, by the claims of a verified token. The same form of rule admits ([Rules.Admit]) and shuts out
// ([Rules.Deny]); the two read a claim that is not as expected in opposite ways, each the safe one.
type Rules []rule

type rule struct{ claim, value string }

// The claims that are about an address. claimEmailDomain is nobody's claim: it stands for the domain of claimEmail, which
// for admitting must be verified by claimEmailVerified.
const (
	claimEmail         = "email"
	claimEmailVerified = "email_verified"
	claimEmailDomain   = "email_domain"
)

// ParseRules reads rules of the form claim=value. Its error names every text that is not one.
func ParseRules(texts []string) (Rules, error) {
	var rules Rules
	var problems []error
	for _, text := range texts {
		claim, value, ok := strings.Cut(text, "=")
		claim, value = strings.TrimSpace(claim), strings.TrimSpace(value)
		if !ok || claim == "" || value == "" {
			problems = append(problems, fmt.Errorf("%q is not a rule; write claim=value, such as groups=support or email_domain=example.com", text))
			continue
		}
		if claim == claimEmailDomain {
			value = strings.ToLower(strings.TrimPrefix(value, "@"))
		}
		rules = append(rules, rule{claim, value})
	}
	return rules, errors.Join(problems...)
}

// Admit reports whether a rule fits; without rules nobody is admitted. The claims are as JSON decodes into any. A claim
// that is a list fits with one of its entries; one that is not text fits nothing. An address fits nothing if the provider says
// that it is not verified.
func (r Rules) Admit(claims map[string]any) bool {
	return slices.ContainsFunc(r, func(rule rule) bool { return rule.fits(claims) })
}

func (r rule) fits(claims map[string]any) bool {
	if r.claim == claimEmail && knownUnverified(claims) {
		return false
	}
	if r.claim == claimEmailDomain {
		email, _ := claims[claimEmail].(string)
		verified, _ := claims[claimEmailVerified].(bool)
		at := strings.LastIndexByte(email, '@')
		return verified && at > 0 && strings.EqualFold(email[at+1:], r.value)
	}
	switch v := claims[r.claim].(type) {
	case string:
		return v == r.value
	case []any:
		return slices.Contains(v, any(r.value))
	}
	return false
}

// knownUnverified reports whether the provider says that nobody checked whose the address is: with many providers people
// choose it themselves when they sign up. One that has no such claim at all is taken to know its people's addresses.
func knownUnverified(claims map[string]any) bool {
	switch verified := claims[claimEmailVerified]; verified {
	case nil, true, "true": // some providers write it as text
		return false
	}
	return true
}

// Common gives the rules that are in both lists, as claim=value: somebody would be admitted and shut out by the same.
func (r Rules) Common(other Rules) []string {
	var both []string
	for _, rule := range r {
		if slices.ContainsFunc(other, rule.same) {
			both = append(both, rule.claim+"="+rule.value)
		}
	}
	return both
}

func (r rule) same(other rule) bool {
	if r.claim == claimEmail { // as Deny compares addresses
		return r.claim == other.claim && strings.EqualFold(r.value, other.value)
	}
	return r == other
}
