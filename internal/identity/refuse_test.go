package identity_test

import (
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/identity"
)

func TestRulesThatCanNeverFit(t *testing.T) {
	one := entra + tenantA + "/v2.0"
	for _, tt := range []struct {
		name, rule string
		issuers    []string
		want       string // "" if it could fit
	}{
		{"an empty part of a path", "realm_access..roles=a", nil, "a part of the claim's path is empty"},
		{"a dot at the end", "realm_access.=a", nil, "a part of the claim's path is empty"},
		{"an address for a domain", "email_domain=ann@example.com", nil, "write email_domain=example.com, or email=…"},
		{"a domain with its at sign", "email_domain=@example.com", nil, ""},
		{"a wildcard", "email_domain=*.example.com", nil, "there are no wildcards"},
		{"a URL for a domain", "hd=https://example.com", nil, "write one, such as hd=example.com"},
		{"a domain for an address", "email=example.com", nil, "email_domain=example.com for all of a domain"},
		{"everybody's address", "email=*@example.com", nil, "email_domain=example.com for all of a domain"},
		{"an address with a name", "email=Ann <ann@example.com>", nil, "more than one address alone"},
		{"a boolean claim that says yes", "email_verified=yes", nil, "write email_verified=true"},
		{"a claim that is another one in every token", "nonce=a", nil, "says nothing about a person"},
		{"an issuer that no token has", "iss=https://other.example", []string{company}, "write iss=" + company},
		{"a rule of another issuer", "https://other.example groups=a", []string{company}, "write " + company},
		{"of several issuers none is named", "groups=a", []string{company, partner}, "write " + company + " groups=a"},
		{"a tenant in capitals", "tid=" + strings.ToUpper(tenantA), []string{common}, "write tid=" + tenantA},
		{"a tenant by its name", "tid=example.onmicrosoft.com", []string{common}, "is the id of a tenant, not its name"},
		{"a tenant of another issuer", "tid=" + tenantB, []string{one}, "write tid=" + tenantA},
		{"the issuer's own tenant", "tid=" + tenantA, []string{one}, ""},
		{"a tenant of whom nobody knows the form", "tid=acme", []string{company}, ""},
		{"an issuer of one tenant", "iss=" + one, []string{common}, ""},
		{"a template's issuer of no tenant", "iss=" + common, []string{common}, "iss is always an issuer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := identity.ParseRules([]string{tt.rule}, tt.issuers...)
			if (err == nil) != (tt.want == "") || err != nil && (!strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "can never fit")) {
				t.Errorf("%v, want %q", err, tt.want)
			}
		})
	}
}

// A name that a comma takes apart would otherwise be rules about claims such as OU, which admit or
// shut out nobody, or anybody.
func TestQuotedCommasInRules(t *testing.T) {
	const apart, open = "look like one LDAP name that was taken apart at its comma", "a double quote that is not closed"
	for _, tt := range []struct{ name, rules, want string }{
		{"in quotes", `groups="CN=Texters,OU=Groups,DC=example",hd=example.com`, ""},
		{"all of the rule in quotes", `"groups=CN=Texters,OU=Groups",hd=example.com`, ""},
		{"with backslashes", `groups=CN=Texters\,OU=Groups,hd=example.com`, ""},
		{"neither", `groups=CN=Texters,OU=Groups,DC=example`, apart},
		{"neither, behind another rule", `hd=example.com,groups=cn=Texters,ou=Groups`, apart},
		{"not closed", `groups="CN=Texters,OU=Groups`, open},
		{"closed too early", `groups="CN=Texters",OU=Groups`, ""}, // whoever quotes says where a value ends
		{"several rules", `hd=example.com,groups=texters`, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rules, err := identity.ParseRules([]string{tt.rules})
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("%v, want %q", err, tt.want)
			}
			if err != nil && rules.Admit(map[string]any{"OU": "Groups", "ou": "Groups", "DC": "example"}) == nil {
				t.Error("a part of the name admits somebody")
			}
		})
	}
}
