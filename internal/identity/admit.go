package identity

import (
	"slices"
	"strings"
)

// Admit says nil if the rules admit whom the claims describe, else a [Refusal] that says why not;
// without rules nobody is admitted. The claims are as JSON decodes into any.
//
// One rule that fits is enough. Of an issuer that tenants share (see [SharedByTenants]) two are
// needed: one on tid, and one of the others if there are any, since what else such a token says is
// up to whoever runs the tenant.
//
// A claim that is a list fits with one of its entries, an object of roles with the name of one.
// Booleans and numbers fit by their text, unless digits were lost; what is anything else fits
// nothing. An address fits nothing if the provider says that it is not verified, and a domain only
// if it says that it is.
func (r Rules) Admit(claims map[string]any) error {
	issuers := r.issuers
	if len(issuers) == 0 {
		issuers = []string{""}
	}
	why := &Refusal{}
	for _, issuer := range issuers {
		if (len(issuers) > 1 || SharedByTenants(issuer)) && !FromIssuer(issuer, claims) {
			continue
		}
		rules := r.of(issuer)
		if SharedByTenants(issuer) {
			tenants, others := slices.DeleteFunc(slices.Clone(rules), isOther), slices.DeleteFunc(rules, rule.isTenant)
			if !why.anyFits(tenants, claims) {
				why.tenant = true
				continue
			}
			if rules = others; len(others) == 0 {
				return nil
			}
		}
		if why.anyFits(rules, claims) {
			return nil
		}
	}
	return why
}

func isOther(r rule) bool { return !r.isTenant() }

// anyFits reports whether one of some rules fits, and else notes of each why not.
func (e *Refusal) anyFits(rules []rule, claims map[string]any) bool {
	var failures []failed
	for _, rule := range rules {
		f := rule.fits(claims)
		if f == "" {
			return true
		}
		failures = append(failures, failed{rule, f})
	}
	e.failures = append(e.failures, failures...)
	return false
}

// fits says why a rule does not fit, "" if it does.
func (r rule) fits(claims map[string]any) failure {
	if r.claim == claimEmailDomain {
		return r.fitsDomain(claims)
	}
	value, found := Claim(claims, r.claim)
	switch fits, readable := r.isAmong(value); {
	case !found && leftOut(claims, r.claim):
		return failOverage
	case !found && r.leadsNowhere(claims):
		return failForm
	case !found:
		return failAbsent
	case fits && r.claim == claimEmail && knownUnverified(claims):
		return failUnverified
	case fits:
		return ""
	case !readable:
		return failForm
	}
	return failOther
}

// fitsDomain takes an address that the provider says is verified.
func (r rule) fitsDomain(claims map[string]any) failure {
	email, isText := claims[claimEmail].(string)
	local, domain, _ := cutLast(email, '@')
	switch {
	case claims[claimEmail] == nil && leftOut(claims, claimEmail):
		return failOverage
	case claims[claimEmail] == nil:
		return failAbsentEmail
	case !isText:
		return failForm
	case local == "" || !strings.EqualFold(domain, r.value):
		return failOther
	case claims[claimEmailVerified] == nil:
		return failVerifiedAbsent
	case !isTrue(claims[claimEmailVerified]):
		return failUnverified
	}
	return ""
}

// isTrue takes true, and what some providers write for it.
func isTrue(value any) bool { return value == true || value == "true" }

// knownUnverified reports whether the provider says that nobody checked whose the address is: with
// many providers people choose it themselves when they sign up. One that has no such claim at all
// is taken to know its people's addresses.
func knownUnverified(claims map[string]any) bool {
	verified := claims[claimEmailVerified]
	return verified != nil && !isTrue(verified)
}

// leadsNowhere reports whether a path goes into something that is not an object.
func (r rule) leadsNowhere(claims map[string]any) bool {
	for i := strings.LastIndexByte(r.claim, '.'); i >= 0; i = strings.LastIndexByte(r.claim[:i], '.') {
		switch value, _ := Claim(claims, r.claim[:i]); value.(type) {
		case nil, map[string]any:
		default:
			return true
		}
	}
	return false
}
