package identity_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/identity"
)

func parsed(t *testing.T, text string, issuers ...string) identity.Rules {
	t.Helper()
	rules, err := identity.ParseRules([]string{text}, issuers...)
	if err != nil {
		t.Fatal(err)
	}
	return rules
}

const (
	keycloakToken = `{"sub":"f1","realm_access":{"roles":["offline_access","texter"]},"resource_access":{"account.ui":{"roles":["view"]}}}`
	zitadelToken  = `{"sub":"2","urn:zitadel:iam:org:project:roles":{"texter":{"1234":"example.zitadel.cloud"},"none":{}}}`
	auth0Token    = `{"sub":"auth0|1","https://example.com/groups":["texter"],"https://example.com/app":{"roles":["texter"]}}`
	adfsToken     = `{"groups":["CN=Support,OU=Groups,DC=example,DC=com","CN=Smith\\, Ann,DC=example"]}`
	overageToken  = `{"_claim_names":{"groups":"src1"},"_claim_sources":{"src1":{"endpoint":"https://graph.example.com/groups"}}}`
)

// What providers put into tokens, and which rules admit by it and shut out by it.
func TestShapesOfClaimsInRules(t *testing.T) {
	const other, absent = "has another value", "the claim is absent"
	for _, tt := range []struct {
		name, rule, claims string
		why                string // why it does not admit; "" if it does
		denies             bool
	}{
		{"Keycloak, a role of the realm", "realm_access.roles=texter", keycloakToken, "", true},
		{"Keycloak, another role", "realm_access.roles=text", keycloakToken, other, false},
		{"Keycloak, a role of a client with a dot", "resource_access.account.ui.roles=view", keycloakToken, "", true},
		{"Keycloak, a client without roles", "resource_access.app.roles=view", keycloakToken, absent, false},
		{"a path into a text", "realm_access.roles=texter", `{"realm_access":"roles"}`, "cannot be compared", true},
		{"a path into a list", "realm_access.roles=texter", `{"realm_access":[{"roles":["texter"]}]}`, "cannot be compared", true},
		{"a path to null", "realm_access.roles=texter", `{"realm_access":{"roles":null}}`, absent, false},
		{"Zitadel, a role", "urn:zitadel:iam:org:project:roles=texter", zitadelToken, "", true},
		{"Zitadel, another role", "urn:zitadel:iam:org:project:roles=text", zitadelToken, other, false},
		{"Zitadel, a role in no organization", "urn:zitadel:iam:org:project:roles=none", zitadelToken, other, true},
		{"an object of true and false, true", "roles=texter", `{"roles":{"texter":true,"left":false}}`, "", true},
		{"an object of true and false, false", "roles=left", `{"roles":{"texter":true,"left":false}}`, other, false},
		{"an object that describes one thing", "roles=texter", `{"roles":{"name":"texter"}}`, "cannot be compared", true},
		{"an object that describes another thing", "roles=texter", `{"roles":{"name":"other"}}`, "cannot be compared", true},
		{"the name of a member of such an object", "roles=name", `{"roles":{"name":"other"}}`, "cannot be compared", true},
		{"the value deep inside of an object", "roles=left", `{"roles":{"a":{"names":["left"]}}}`, other, true},
		{"a claim with a URL as its name", "https://example.com/groups=texter", auth0Token, "", true},
		{"a path behind a URL", "https://example.com/app.roles=texter", auth0Token, "", true},
		{"an LDAP name in quotes", `groups="CN=Support,OU=Groups,DC=example,DC=com"`, adfsToken, "", true},
		{"an LDAP name with backslashes", `groups=CN=Support\,OU=Groups\,DC=example\,DC=com`, adfsToken, "", true},
		{"an LDAP name with a comma of its own", `groups="CN=Smith\, Ann,DC=example"`, adfsToken, "", true},
		{"a boolean", "contractor=false", `{"contractor":false}`, "", true},
		{"the other boolean", "contractor=false", `{"contractor":true}`, other, false},
		{"a boolean in a list", "flags=true", `{"flags":[true]}`, "", true},
		{"a number", "level=1", `{"level":1}`, "", true},
		{"a number with a fraction of nothing", "level=1", `{"level":1.0}`, "", true},
		{"a rule with a fraction of nothing", "level=1.0", `{"level":1}`, "", true},
		{"a rule with an exponent", "level=1e2", `{"level":100}`, "", true},
		{"a fraction", "level=0.5", `{"level":0.5}`, "", true},
		{"a negative number", "level=-1", `{"level":-1}`, "", true},
		{"another number", "level=1", `{"level":10}`, other, false},
		{"numbers in text are compared to the letter", "level=1.0", `{"level":"1"}`, other, false},
		{"a number in a list", "levels=2", `{"levels":[1,2]}`, "", true},
		{"the last exact number", "id=9007199254740991", `{"id":9007199254740991}`, "", true},
		{"a number beyond", "id=9007199254740992", `{"id":9007199254740992}`, "cannot be compared", true},
		{"null", "groups=texter", `{"groups":null}`, absent, false},
		{"an empty list", "groups=texter", `{"groups":[]}`, other, false},
		{"overage", "groups=texter", overageToken, "assigned to the application, see docs/providers.md", true},
		{"overage without a reference", "groups=texter", `{"hasgroups":"true"}`, "left out the claim", true},
		{"overage of the root of a path", "groups.names=texter", overageToken, "left out the claim", true},
		{"overage of another claim", "roles=texter", overageToken, absent, false},
		{"a value with an equals sign", "name=a=b", `{"name":"a=b"}`, "", true},
		{"a value with a quote", `name=5\" pipe`, `{"name":"5\" pipe"}`, "", true},
		{"a value with a quote in quotes", `name="5"" pipe"`, `{"name":"5\" pipe"}`, "", true},
		{"a value with backslashes", `name=EXAMPLE\ann`, `{"name":"EXAMPLE\\ann"}`, "", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rules, claims := parsed(t, tt.rule), decoded(t, tt.claims)
			switch err := rules.Admit(claims); {
			case (err == nil) != (tt.why == ""):
				t.Errorf("admitting: %v, want %q", err, tt.why)
			case err != nil && !strings.Contains(err.Error(), tt.why):
				t.Errorf("%q does not say %q", err, tt.why)
			}
			if err := rules.Deny(claims); (err != nil) != tt.denies {
				t.Errorf("shutting out: %v, want %v", err, tt.denies)
			}
		})
	}
}

func TestVerifiedAddressesInRules(t *testing.T) {
	for _, tt := range []struct {
		name, verified, domain, address string // why not, "" if admitted
	}{
		{"true", `true`, "", ""},
		{"true as text", `"true"`, "", ""},
		{"absent", `null`, "use tid= instead", ""},
		{"false", `false`, "is not verified", "is not verified"},
		{"false as text", `"false"`, "is not verified", "is not verified"},
		{"another spelling of true", `"True"`, "is not verified", "is not verified"},
		{"yes", `"yes"`, "is not verified", "is not verified"},
		{"a number", `1`, "is not verified", "is not verified"},
		{"a list", `[true]`, "is not verified", "is not verified"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			claims := decoded(t, `{"email":"ann@example.com","email_verified":`+tt.verified+`}`)
			for rule, want := range map[string]string{"email_domain=example.com": tt.domain, "email=ann@example.com": tt.address} {
				err := parsed(t, rule).Admit(claims)
				if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
					t.Errorf("%s: %v, want %q", rule, err, want)
				}
			}
		})
	}
}

func TestRefusalsExplainThemselves(t *testing.T) {
	const allow = "groups=texter,email_domain=example.com,level=3"
	for name, tt := range map[string]struct{ allow, deny, claims, rule, reason string }{
		"a deny rule": {allow, "groups=left", `{"groups":["left"]}`, "groups=left", "a rule of --deny-signin shuts out: groups=left (the claim has this value)"},
		"a deny rule and overage": {
			allow, "hd=a.example,groups=left", overageToken, "groups=left",
			"a rule of --deny-signin shuts out: groups=left (the provider left out the claim because it has too many values; use app roles or " +
				"groups assigned to the application, see docs/providers.md)",
		},
		"a deny rule that cannot be compared": {
			allow, "groups=left", `{"groups":[{"id":1}]}`, "groups=left",
			"a rule of --deny-signin shuts out: groups=left (the claim has a form that cannot be compared)",
		},
		"no allow rule": {
			allow, "groups=left", `{"groups":"s3cret","email":"s3cret@example.com"}`, "",
			"no rule of --allow-signin fits: groups=texter (the claim has another value); email_domain=example.com (email_verified is absent, so " +
				"the address does not count as verified; with a provider that never sends it, such as Entra, use tid= instead); level=3 (the claim " +
				"is absent)",
		},
		"no address": {
			"email_domain=example.com", "groups=left", `{}`, "", "no rule of --allow-signin fits: email_domain=example.com (the claim email is absent)",
		},
		"many rules": {
			strings.Repeat("groups=a,", 10), "groups=left", `{}`, "",
			"no rule of --allow-signin fits: " + strings.Repeat("groups=a (the claim is absent); ", 8) + "and 2 more",
		},
		"nobody": {"", "groups=left", `{}`, "", "no rule of --allow-signin is about the token's issuer"},
	} {
		t.Run(name, func(t *testing.T) {
			claims := decoded(t, tt.claims)
			err := parsed(t, tt.deny).Deny(claims)
			if err == nil {
				err = parsed(t, tt.allow).Admit(claims)
			}
			refusal, ok := errors.AsType[*identity.Refusal](err)
			if !ok {
				t.Fatalf("%v", err)
			}
			if got := refusal.LogReason(); got != tt.reason {
				t.Errorf("got  %s\nwant %s", got, tt.reason)
			}
			if got := refusal.Rule(); got != tt.rule {
				t.Errorf("rule %q, want %q", got, tt.rule)
			}
			if strings.Contains(err.Error(), "s3cret") {
				t.Error("the value of a claim is told")
			}
		})
	}
}
