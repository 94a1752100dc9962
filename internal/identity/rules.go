package identity

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Rules say who may come in, by the claims of a verified token. Somebody whom one rule fits is admitted; without rules
// nobody is.
type Rules []rule

type rule struct{ claim, value string }

// claimEmailDomain is no claim of anybody: it stands for the domain of "email", if "email_verified" is true.
const claimEmailDomain = "email_domain"

// ParseRules reads rules of the form claim=value. Its error names every one that is none.
func ParseRules(texts []string) (Rules, error) {
	var rules Rules
	var problems []error
	for _, text := range texts {
		claim, value, ok := strings.Cut(text, "=")
		claim, value = strings.TrimSpace(claim), strings.TrimSpace(value)
		if !ok || claim == "" || value == "" {
			problems = append(problems, fmt.Errorf("%q is no rule; write claim=value, such as groups=support or email_domain=example.com", text))
			continue
		}
		if claim == claimEmailDomain {
			value = strings.ToLower(strings.TrimPrefix(value, "@"))
		}
		rules = append(rules, rule{claim, value})
	}
	return rules, errors.Join(problems...)
}

// Admit reports whether a rule fits. The claims are as JSON decodes into any. A claim that is a list fits with one of its
// entries; one that is no text fits nothing.
func (r Rules) Admit(claims map[string]any) bool {
	return slices.ContainsFunc(r, func(rule rule) bool { return rule.fits(claims) })
}

func (r rule) fits(claims map[string]any) bool {
	if r.claim == claimEmailDomain {
		email, _ := claims["email"].(string)
		verified, _ := claims["email_verified"].(bool)
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
