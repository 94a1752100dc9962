package identity_test

import (
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/identity"
)

const (
	company  = "https://login.example.com"
	partner  = "https://id.partner.example"
	tenantA  = "aaaaaaaa-1111-2222-3333-444444444444"
	tenantB  = "bbbbbbbb-1111-2222-3333-444444444444"
	entra    = "https://login.microsoftonline.com/"
	template = entra + "{tenantid}/v2.0"
	common   = entra + "common/v2.0"
)

func TestIssuersSharedByTenants(t *testing.T) {
	for issuer, want := range map[string]bool{
		template: true, common: true, entra + "organizations/v2.0": true, "https://sts.windows.net/{tenantid}/": true,
		entra + tenantA + "/v2.0": false, company: false, "https://common.example.com/v2.0": false, "": false,
	} {
		if got := identity.SharedByTenants(issuer); got != want {
			t.Errorf("%s: %v, want %v", issuer, got, want)
		}
	}
}

func TestTokensComeFromAnIssuer(t *testing.T) {
	for _, tt := range []struct {
		name, issuer, claims string
		want                 bool
	}{
		{"the same", company, `{"iss":"` + company + `"}`, true},
		{"another slash", company, `{"iss":"` + company + `/"}`, false},
		{"absent", company, `{}`, false},
		{"not text", company, `{"iss":["` + company + `"]}`, false},
		{"none at all", "", `{"iss":""}`, false},
		{"a tenant's", template, `{"iss":"` + entra + tenantA + `/v2.0","tid":"` + tenantA + `"}`, true},
		{"a tenant's, of common", common, `{"iss":"` + entra + tenantA + `/v2.0","tid":"` + tenantA + `"}`, true},
		{"a tenant's, version 1", "https://sts.windows.net/{tenantid}/", `{"iss":"https://sts.windows.net/` + tenantA + `/","tid":"` + tenantA + `"}`, true},
		{"another tenant's", common, `{"iss":"` + entra + tenantA + `/v2.0","tid":"` + tenantB + `"}`, false},
		{"no tenant's", common, `{"iss":"` + entra + tenantA + `/v2.0"}`, false},
		{"common itself", common, `{"iss":"` + common + `","tid":"` + tenantA + `"}`, false},
		{"the template itself", template, `{"iss":"` + template + `","tid":"{tenantid}"}`, false},
		{"an empty tenant", template, `{"iss":"` + entra + `/v2.0","tid":""}`, false},
		{"a tenant that is a path", template, `{"iss":"` + entra + `a/../b/v2.0","tid":"a/../b"}`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := identity.FromIssuer(tt.issuer, decoded(t, tt.claims)); got != tt.want {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
}

func TestRulesOfSeveralIssuers(t *testing.T) {
	rules := parsed(t, company+" groups=texter,"+partner+" https://example.com/groups=a b, "+partner+` "groups=c,d"`, company, partner)
	for name, tt := range map[string]struct {
		claims string
		want   bool
	}{
		"a rule of its issuer":          {`{"iss":"` + company + `","groups":"texter"}`, true},
		"a claim with a URL as a name":  {`{"iss":"` + partner + `","https://example.com/groups":"a b"}`, true},
		"a value in quotes":             {`{"iss":"` + partner + `","groups":"c,d"}`, true},
		"a rule of another issuer":      {`{"iss":"` + partner + `","groups":"texter"}`, false},
		"an issuer that nobody knows":   {`{"iss":"https://evil.example","groups":"texter"}`, false},
		"a token that names no issuer":  {`{"groups":"texter"}`, false},
		"an issuer with another ending": {`{"iss":"` + company + `/","groups":"texter"}`, false},
	} {
		t.Run(name, func(t *testing.T) {
			if err := rules.Admit(decoded(t, tt.claims)); (err == nil) != tt.want {
				t.Errorf("%v, want %v", err, tt.want)
			}
		})
	}
	for claims, want := range map[string]bool{
		`{"iss":"` + company + `","groups":"texter"}`: true, `{"iss":"` + partner + `","groups":"texter"}`: false,
		`{"groups":"texter"}`: true, // whose it is nobody can say
	} {
		if err := rules.Deny(decoded(t, claims)); (err != nil) != want {
			t.Errorf("%s shut out: %v, want %v", claims, err, want)
		}
	}
}

// Whoever has a tenant of their own says what is in its tokens, but for the tenant.
func TestATenantsWordAdmitsNobodyOfAnother(t *testing.T) {
	token := func(tenant, more string) string {
		return `{"iss":"` + entra + tenant + `/v2.0","tid":"` + tenant + `","email":"ann@example.com","email_verified":true` + more + `}`
	}
	for name, tt := range map[string]struct {
		rules, claims, why string
	}{
		"the tenant alone":             {"tid=" + tenantA, token(tenantA, ""), ""},
		"the tenant and a role":        {"roles=texter,tid=" + tenantA, token(tenantA, `,"roles":["texter"]`), ""},
		"one of two tenants":           {"tid=" + tenantB + ",roles=texter,tid=" + tenantA, token(tenantA, `,"roles":["texter"]`), ""},
		"the tenant without the role":  {"roles=texter,tid=" + tenantA, token(tenantA, ""), "no rule of --allow-signin fits: roles=texter (the claim is absent)"},
		"another tenant":               {"tid=" + tenantA, token(tenantB, ""), "no tid= rule of --allow-signin fits: tid=" + tenantA},
		"another tenant with the role": {"roles=texter,tid=" + tenantA, token(tenantB, `,"roles":["texter"]`), "no tid= rule"},
		"another tenant's address":     {"email_domain=example.com,tid=" + tenantA, token(tenantB, ""), "no tid= rule"},
		"a tenant in another's issuer": {
			"tid=" + tenantA, `{"iss":"` + entra + tenantB + `/v2.0","tid":"` + tenantA + `"}`, "is about the token's issuer",
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, issuer := range []string{common, template, entra + "organizations/v2.0"} {
				err := parsed(t, tt.rules, issuer).Admit(decoded(t, tt.claims))
				if (err == nil) != (tt.why == "") || err != nil && !strings.Contains(err.Error(), tt.why) {
					t.Errorf("%s: %v, want %q", issuer, err, tt.why)
				}
			}
		})
	}
	t.Run("beside an issuer of its own", func(t *testing.T) {
		rules := parsed(t, company+" groups=texter,"+common+" tid="+tenantA+","+common+" roles=texter", company, common)
		for claims, want := range map[string]bool{
			token(tenantA, `,"roles":["texter"]`): true, token(tenantA, `,"groups":["texter"]`): false,
			token(tenantB, `,"roles":["texter"]`): false, `{"iss":"` + company + `","groups":["texter"]}`: true,
		} {
			if err := rules.Admit(decoded(t, claims)); (err == nil) != want {
				t.Errorf("%s: %v, want %v", claims, err, want)
			}
		}
	})
}

func TestIssuersThatNobodyIsAdmittedOf(t *testing.T) {
	for name, tt := range map[string]struct {
		rules   string
		issuers []string
		want    string
	}{
		"one issuer":                     {"groups=a", []string{company}, ""},
		"no rules":                       {"", []string{company}, ""},
		"each has one":                   {company + " groups=a," + partner + " groups=b", []string{company, partner}, ""},
		"one has none":                   {company + " groups=a", []string{company, partner}, "no rule admits anybody of the issuer " + partner},
		"tenants without a rule on them": {"groups=a", []string{common}, "add a rule tid="},
		"tenants without any rule":       {"", []string{template}, "add a rule tid="},
		"tenants with a rule on one":     {"tid=" + tenantA, []string{common}, ""},
		"tenants of another issuer's":    {company + " tid=" + tenantA, []string{company, common}, "add a rule tid="},
	} {
		t.Run(name, func(t *testing.T) {
			err := parsed(t, tt.rules, tt.issuers...).Unserved()
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}
