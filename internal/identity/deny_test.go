package identity_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/identity"
)

func TestDenyRules(t *testing.T) {
	for _, tt := range []struct {
		name, rule, claims string
		want               bool
	}{
		{"the value", "groups=left", `{"groups":"left"}`, true},
		{"one of a list", "groups=left", `{"groups":["a","left"]}`, true},
		{"another value", "groups=left", `{"groups":["a","leftovers"]}`, false},
		{"case of other claims counts", "groups=left", `{"groups":["Left"]}`, false},
		{"absent", "groups=left", `{}`, false},
		{"null", "groups=left", `{"groups":null}`, false},
		{"an empty list", "groups=left", `{"groups":[]}`, false},
		{"absent by overage", "groups=left", `{"_claim_names":{"groups":"src1"}}`, true},
		{"overage of another claim", "groups=left", `{"_claim_names":{"roles":"src1"}}`, false},
		{"overage that cannot be read", "groups=left", `{"_claim_names":"groups"}`, true},
		{"overage without room for a reference", "groups=left", `{"hasgroups":true}`, true},
		{"no such overage", "groups=left", `{"hasgroups":false}`, false},
		{"supplied in spite of overage", "groups=left", `{"groups":["a"],"_claim_names":{"groups":"src1"}}`, false},
		{"an object", "groups=left", `{"groups":{"a":1}}`, true},
		{"an object in a list", "groups=left", `{"groups":["a",{"name":"left"}]}`, true},
		{"a list in a list", "groups=left", `{"groups":[["left"]]}`, true},
		{"a number", "level=3", `{"level":3}`, true},
		{"another number", "level=3", `{"level":30}`, false},
		{"a number that lost digits", "id=1", `{"id":90071992547409931}`, true},
		{"a boolean", "contractor=true", `{"contractor":true}`, true},
		{"another boolean", "contractor=true", `{"contractor":false}`, false},
		{"an address in another case", "email=Ann@example.com", `{"email":"aNN@EXAMPLE.com"}`, true},
		{"another address", "email=ann@example.com", `{"email":"joann@example.com"}`, false},
		{"a domain that nobody verified", "email_domain=@Example.com", `{"email":"ann@EXAMPLE.com","email_verified":false}`, true},
		{"a domain with its dot", "email_domain=example.com", `{"email":"ann@example.com."}`, true},
		{"a domain below it", "email_domain=example.com", `{"email":"ann@mail.example.com"}`, false},
		{"a domain of several addresses", "email_domain=example.com", `{"email":["a@b.c","ann@example.com"]}`, true},
		{"an address that is an object", "email_domain=example.com", `{"email":{"value":"ann@other.com"}}`, true},
		{"a domain absent by overage", "email_domain=example.com", `{"_claim_names":{"email":"src1"}}`, true},
		{"a claim that has our word's name", "email_domain=example.com", `{"email_domain":"example.com"}`, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rules, err := identity.ParseRules([]string{tt.rule})
			if err != nil {
				t.Fatal(err)
			}
			var claims map[string]any
			if err := json.Unmarshal([]byte(tt.claims), &claims); err != nil {
				t.Fatal(err)
			}
			if got := rules.Deny(claims) != nil; got != tt.want {
				t.Errorf("denied %v, want %v", got, tt.want)
			}
		})
	}
	if (identity.Rules{}).Deny(map[string]any{"groups": map[string]any{}}) != nil {
		t.Error("no rules deny somebody")
	}
}

func TestRulesLackAClaimThatIsAbsent(t *testing.T) {
	rules, err := identity.ParseRules([]string{"groups=left", "email_domain=example.com"})
	if err != nil {
		t.Fatal(err)
	}
	for want, claims := range map[bool]map[string]any{
		true: {"groups": []any{"a"}}, false: {"groups": []any{"a"}, "email": "ann@example.com"},
	} {
		if got := rules.Lack(claims); got != want {
			t.Errorf("%v: %v", claims, got)
		}
	}
}

func TestRulesInBothListsAreFound(t *testing.T) {
	allow, err1 := identity.ParseRules([]string{"groups=a", "email=ann@example.com", "email_domain=example.com"})
	deny, err2 := identity.ParseRules([]string{"groups=A", "email=Ann@Example.com", " email_domain = @EXAMPLE.com "})
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	if got := deny.Common(allow); !slices.Equal(got, []string{"email=Ann@Example.com", "email_domain=example.com"}) {
		t.Errorf("%q", got)
	}
}
