package identity

import (
	"fmt"
	"slices"
	"strings"
)

// refuse says why a rule cannot fit anybody, and what to write instead. What could fit with some
// provider passes.
func (r Rules) refuse(rule rule) error {
	for _, say := range []string{r.wrongIssuer(rule), emptySegment(rule), wrongAddress(rule), wrongForm(rule), r.wrongTenant(rule)} {
		if say != "" {
			return fmt.Errorf("%q can never fit: %s", rule, say)
		}
	}
	return nil
}

func (r Rules) wrongIssuer(rule rule) string {
	list := strings.Join(r.issuers, " or ")
	switch {
	case len(r.issuers) == 0:
	case rule.issuer == "" && len(r.issuers) > 1:
		return fmt.Sprintf("there are several issuers, so it must say whose claim it is about; write %s %s", r.issuers[0], rule)
	case rule.issuer != "" && !slices.Contains(r.issuers, rule.issuer):
		return "its issuer is not one of those whose tokens are taken; write " + list
	case rule.claim == claimIssuer && !slices.ContainsFunc(r.about(rule), func(issuer string) bool { return couldIssue(issuer, rule.value) }):
		return "iss is always an issuer whose tokens are taken; write iss=" + strings.Join(r.about(rule), " or iss=")
	}
	return ""
}

// about gives the issuers that a rule is about.
func (r Rules) about(rule rule) []string {
	if rule.issuer != "" {
		return []string{rule.issuer}
	}
	return r.issuers
}

// couldIssue reports whether an iss may be that of an issuer.
func couldIssue(issuer, iss string) bool {
	template := tenantTemplate(issuer)
	if template == "" {
		return iss == issuer
	}
	_, ok := TenantIn(template, iss)
	return ok
}

func emptySegment(rule rule) string {
	if strings.HasPrefix(rule.claim, ".") || strings.HasSuffix(rule.claim, ".") || strings.Contains(rule.claim, "..") {
		return "a part of the claim's path is empty; write a name, or names with one dot between them, such as realm_access.roles"
	}
	return ""
}

// wrongAddress is about what is to be an address or a domain.
func wrongAddress(rule rule) string {
	v := rule.value
	isDomain := v != "" && !strings.ContainsAny(v, "@/*?<> \t\r\n") && !strings.HasPrefix(v, ".") && !strings.Contains(v, "..")
	domain := strings.Trim(v[strings.LastIndexAny(v, "@/*")+1:], ". ")
	if domain == "" || strings.ContainsAny(domain, " \t\r\n<>?") {
		domain = "example.com"
	}
	local, _, hasAt := cutLast(v, '@')
	switch {
	case rule.claim == claimEmailDomain && hasAt && !isDomain:
		return fmt.Sprintf("it is about what comes after the @ alone; write email_domain=%s, or email=… for one address", domain)
	case rule.claim == claimEmailDomain && strings.Contains(v, "*"):
		return fmt.Sprintf("there are no wildcards; write email_domain=%s, and another rule for each domain below it", domain)
	case rule.claim == claimEmailDomain && !isDomain:
		return "it is not a domain; write one, such as email_domain=example.com, and another rule for each further one"
	case rule.claim == "hd" && !isDomain:
		return "hd is a domain; write one, such as hd=example.com"
	case rule.claim == claimEmail && (!hasAt || local == "" || local == "*" || strings.HasSuffix(v, "@")):
		return fmt.Sprintf("it is not the address of one person; write email=ann@%s for one, or email_domain=%s for all of a domain", domain, domain)
	case rule.claim == claimEmail && strings.ContainsAny(v, " \t\r\n<>") && !strings.HasPrefix(v, `"`):
		return "it is more than one address alone; write it without a name, such as email=ann@example.com, and another rule for each further one"
	}
	return ""
}

// Claims whose form the specifications fix (OpenID Connect Core §2, §5.1; RFC 7519 §4.1).
var (
	booleans = []string{claimEmailVerified, "phone_number_verified", "hasgroups"}
	fleeting = []string{"exp", "iat", "nbf", "nonce", "at_hash", "c_hash", "s_hash"}
)

func wrongForm(rule rule) string {
	switch {
	case slices.Contains(booleans, rule.claim) && rule.value != "true" && rule.value != "false":
		return fmt.Sprintf("the claim is true or false; write %s=true", rule.claim)
	case slices.Contains(fleeting, rule.claim):
		return "the claim is another one in every token, and says nothing about a person; name one that does, such as groups or sub"
	}
	return ""
}

// wrongTenant is about the tenants of Entra, whose ids have one form.
func (r Rules) wrongTenant(rule rule) string {
	issuers := r.about(rule)
	if !rule.isTenant() || len(issuers) != 1 || !isEntra(issuers[0]) {
		return ""
	}
	switch own := tenantOf(issuers[0]); {
	case tenantID.MatchString(strings.ToLower(rule.value)) && !tenantID.MatchString(rule.value):
		return "ids of tenants are in lower case; write tid=" + strings.ToLower(rule.value)
	case !tenantID.MatchString(rule.value):
		return "tid is the id of a tenant, not its name; write it as the Entra admin center shows it, such as " +
			"tid=11111111-2222-3333-4444-555555555555"
	case own != "" && own != rule.value:
		return "the issuer is another tenant's; write tid=" + own
	}
	return ""
}
