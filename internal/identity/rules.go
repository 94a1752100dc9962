package identity

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Rules say who is meant, by the claims of a verified token. The same form of rule admits
// ([Rules.Admit]) and shuts out ([Rules.Deny]); the two read a claim that is not as expected in
// opposite ways, each the safe one. The zero value has no rule.
type Rules struct {
	list []rule
	// issuers are those whose tokens are judged; empty where that does not matter.
	issuers []string
}

type rule struct {
	// issuer is whose tokens it is about, "" for every one's.
	issuer       string
	claim, value string
	// number is value as asText would write it, if it is a number; else "".
	number string
}

// The claims that have a meaning here. claimEmailDomain is nobody's claim: it stands for the domain
// of claimEmail, which for admitting must be verified by claimEmailVerified.
const (
	claimEmail         = "email"
	claimEmailVerified = "email_verified"
	claimEmailDomain   = "email_domain"
	claimIssuer        = "iss"
	claimTenant        = "tid"
	claimGroups        = "groups"
)

// String is the rule as it is written.
func (r rule) String() string {
	if r.issuer != "" {
		return r.issuer + " " + r.claim + "=" + r.value
	}
	return r.claim + "=" + r.value
}

// ParseRules reads rules of the form claim=value, or issuer claim=value, several in one text if
// commas separate them: a comma in a value is written \, or the value in double quotes. The claim
// may be a path, see [Claim]. With several issuers each rule names one of them, to the letter. Its
// error names every text that is not a rule, and every rule that cannot fit anybody, a line each.
func ParseRules(texts []string, issuers ...string) (Rules, error) {
	rules := Rules{issuers: issuers}
	var problems []error
	for _, text := range texts {
		parts, err := split(text)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		for i, p := range parts {
			r, err := parseRule(p.text, issuers)
			if err == nil {
				err = rules.refuse(r)
			}
			switch {
			case i > 0 && isRestOfName(parts[:i], p):
				if !isRestOfName(parts[:i-1], parts[i-1]) { // said once
					problems = append(problems, fmt.Errorf("%q and %q look like one LDAP name that was taken apart at its comma; write the whole "+
						`name in double quotes, such as groups="CN=Support,OU=Groups,DC=example,DC=com", and in a shell all of that in single ones`,
						parts[i-1].text, p.text))
				}
			case err != nil:
				problems = append(problems, err)
			default:
				rules.list = append(rules.list, r)
			}
		}
	}
	return rules, errors.Join(problems...)
}

// Empty reports whether there is no rule.
func (r Rules) Empty() bool { return len(r.list) == 0 }

func parseRule(text string, issuers []string) (rule, error) {
	rest := text
	var r rule
	if word, after, ok := cutSpace(text); ok && isURL(word) && (!strings.Contains(word, "=") || slices.Contains(issuers, word)) {
		r.issuer, rest = word, after
	}
	claim, value, ok := strings.Cut(rest, "=")
	r.claim, r.value = strings.TrimSpace(claim), strings.TrimSpace(value)
	if !ok || r.claim == "" || r.value == "" {
		return rule{}, fmt.Errorf("%q is not a rule; write claim=value, such as groups=support or email_domain=example.com", text)
	}
	if r.claim == claimEmailDomain {
		r.value = strings.ToLower(strings.TrimSuffix(strings.TrimPrefix(r.value, "@"), "."))
	}
	r.number = asNumber(r.value)
	return r, nil
}

func cutSpace(s string) (word, rest string, found bool) {
	i := strings.IndexAny(s, " \t\r\n")
	if i < 0 {
		return s, "", false
	}
	return s[:i], strings.TrimSpace(s[i:]), true
}

func isURL(s string) bool { return strings.HasPrefix(s, "https://") || strings.HasPrefix(s, "http://") }

// isRestOfName reports whether a rule is nothing but what comes after a comma in a name of LDAP.
func isRestOfName(before []part, p part) bool {
	claim, _, ok := strings.Cut(p.text, "=")
	if len(before) == 0 || !ok || p.quoted || !isNamePart(claim) {
		return false
	}
	last := before[len(before)-1]
	_, value, _ := strings.Cut(last.text, "=")
	attribute, _, isName := strings.Cut(value, "=")
	return !last.quoted && (isName && isNamePart(attribute) || isRestOfName(before[:len(before)-1], last))
}

// isNamePart knows the attributes that names of LDAP consist of (RFC 4514 §3).
func isNamePart(s string) bool {
	return slices.Contains([]string{"cn", "ou", "dc", "o", "l", "st", "c", "street", "uid"}, strings.ToLower(strings.TrimSpace(s)))
}

// Common gives the rules that are in both lists, as they are written: somebody would be admitted
// and shut out by the same.
func (r Rules) Common(other Rules) []string {
	var both []string
	for _, rule := range r.list {
		if slices.ContainsFunc(other.list, rule.same) {
			both = append(both, rule.String())
		}
	}
	return both
}

func (r rule) same(other rule) bool {
	if r.issuer != "" && other.issuer != "" && r.issuer != other.issuer || r.claim != other.claim {
		return false
	}
	return r.value == other.value || r.claim == claimEmail && strings.EqualFold(r.value, other.value) // as Deny compares addresses
}

// Unserved says of rules that are to admit people which issuers they admit nobody of, a line each;
// without any rule that is only for issuers which need one. An issuer that tenants share needs a
// rule on tid: else whoever has a tenant of their own, which costs nothing, could make themselves
// fit.
func (r Rules) Unserved() error {
	var problems []error
	for _, issuer := range r.issuers {
		some := r.of(issuer)
		switch {
		case SharedByTenants(issuer) && !slices.ContainsFunc(some, rule.isTenant):
			problems = append(problems, fmt.Errorf("the issuer %s gives tokens to people of every tenant: add a rule tid=… with the id of each "+
				"tenant whose people may come in; other rules then choose among them", issuer))
		case len(some) == 0 && !r.Empty():
			problems = append(problems, fmt.Errorf("no rule admits anybody of the issuer %s: add one, such as %s groups=support, or leave the "+
				"issuer out", issuer, issuer))
		}
	}
	return errors.Join(problems...)
}

// isTenant reports whether a rule says of which tenant somebody is.
func (r rule) isTenant() bool { return r.claim == claimTenant }

// of gives the rules about an issuer.
func (r Rules) of(issuer string) []rule {
	return slices.DeleteFunc(slices.Clone(r.list), func(rule rule) bool { return rule.issuer != "" && rule.issuer != issuer })
}
