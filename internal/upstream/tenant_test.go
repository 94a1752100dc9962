package upstream

import (
	"errors"
	"net/url"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/identity"
)

const (
	tenantHere  = "aaaaaaaa-1111-2222-3333-444444444444"
	tenantThere = "bbbbbbbb-1111-2222-3333-444444444444"
)

// sharedIDP is a provider whose tenants share keys and metadata, and a person of tenantHere.
func sharedIDP(t *testing.T) (i *idp, iss func(tenant string) string) {
	t.Helper()
	i = newIDP(t)
	i.path = "/organizations/v2.0"
	i.metadata = map[string]any{"issuer": i.URL + "/{tenantid}/v2.0"}
	iss = func(tenant string) string { return i.URL + "/" + tenant + "/v2.0" }
	i.claims = map[string]any{"iss": iss(tenantHere), "tid": tenantHere, "roles": []string{"texters"}}
	return i, iss
}

func TestPeopleOfManyTenants(t *testing.T) {
	for _, tt := range []struct {
		name   string
		rules  string
		put    func(i *idp, iss func(string) string, answer url.Values)
		reason Reason // "" if they sign in, "rules" if they may not
	}{
		{"a tenant with a rule", "tid=" + tenantHere, nil, ""},
		{"a tenant with a rule, by a role", "tid=" + tenantHere + ",roles=texters", nil, ""},
		{"a tenant without a rule", "tid=" + tenantThere + ",roles=texters", nil, "rules"},
		{"another tenant's issuer", "tid=" + tenantHere, func(i *idp, iss func(string) string, _ url.Values) { i.claims["iss"] = iss(tenantThere) }, ReasonIssuer},
		{"another tenant's id", "tid=" + tenantHere, func(i *idp, _ func(string) string, _ url.Values) { i.claims["tid"] = tenantThere }, ReasonIssuer},
		{"no tenant", "tid=" + tenantHere, func(i *idp, _ func(string) string, _ url.Values) { i.claims["tid"] = nil }, ReasonIssuer},
		{"the template itself", "tid=" + tenantHere, func(i *idp, iss func(string) string, _ url.Values) {
			i.claims["tid"], i.claims["iss"] = "{tenantid}", iss("{tenantid}")
		}, ReasonIssuer},
		{"a tenant that is a path", "tid=" + tenantHere, func(i *idp, iss func(string) string, _ url.Values) {
			i.claims["tid"], i.claims["iss"] = "../"+tenantHere, iss("../"+tenantHere)
		}, ReasonIssuer},
		{"a key of the same tenant", "tid=" + tenantHere, func(i *idp, iss func(string) string, _ url.Values) {
			i.keyMembers = map[string]any{"issuer": iss(tenantHere)}
		}, ""},
		{"a key of every tenant", "tid=" + tenantHere, func(i *idp, iss func(string) string, _ url.Values) {
			i.keyMembers = map[string]any{"issuer": iss("{tenantid}")}
		}, ""},
		{"a key of another tenant", "tid=" + tenantHere, func(i *idp, iss func(string) string, _ url.Values) {
			i.keyMembers = map[string]any{"issuer": iss(tenantThere)}
		}, ReasonKey},
		{"an answer of the same tenant", "tid=" + tenantHere, func(_ *idp, iss func(string) string, a url.Values) { a.Set("iss", iss(tenantHere)) }, ""},
		{"an answer of another tenant", "tid=" + tenantHere, func(_ *idp, iss func(string) string, a url.Values) { a.Set("iss", iss(tenantThere)) }, ReasonIssuer},
	} {
		t.Run(tt.name, func(t *testing.T) {
			i, iss := sharedIDP(t)
			rules, err := identity.ParseRules([]string{tt.rules}, i.URL+i.path)
			if err != nil {
				t.Fatal(err)
			}
			p := i.provider(t, func(o *ProviderOptions) { o.Allow = rules.Admit })
			answer, kept := i.begin(t, p)
			if tt.put != nil {
				i.set(func() { tt.put(i, iss, answer) })
			}
			person, err := p.Finish(t.Context(), answer, kept)
			switch tt.reason {
			case "":
				if err != nil || person.Subject != iss(tenantHere)+"#ann" {
					t.Errorf("%q, %v", person.Subject, err)
				}
			case "rules":
				if !errors.Is(err, ErrNotAllowed) {
					t.Error(err)
				}
			default:
				says(t, err, string(tt.reason), true)
			}
		})
	}
}
