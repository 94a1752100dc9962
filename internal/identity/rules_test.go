package identity_test

import (
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/identity"
)

func TestRulesAdmitByOneThatFits(t *testing.T) {
	rules, err := identity.ParseRules([]string{"hd=example.com", "groups=support", "email_domain=@Example.org"})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		claims map[string]any
		want   bool
	}{
		{"the hosted domain", map[string]any{"hd": "example.com"}, true},
		{"another domain", map[string]any{"hd": "example.com.evil.net"}, false},
		{"a group of several", map[string]any{"groups": []any{"sales", "support"}}, true},
		{"another group", map[string]any{"groups": []any{"supporters"}}, false},
		{"a verified address", map[string]any{"email": "ann@EXAMPLE.org", "email_verified": true}, true},
		{"an address that is not verified", map[string]any{"email": "ann@example.org", "email_verified": false}, false},
		{"an address without a word on it", map[string]any{"email": "ann@example.org"}, false},
		{"verified in words", map[string]any{"email": "ann@example.org", "email_verified": "true"}, true},
		{"an address with two at signs", map[string]any{"email": "a@example.org@evil.net", "email_verified": true}, false},
		{"a domain alone", map[string]any{"email": "@example.org", "email_verified": true}, false},
		{"a claim that somebody calls like our word", map[string]any{"email_domain": "example.org"}, false},
		{"a number", map[string]any{"hd": 1.0}, false},
		{"nothing", nil, false},
	} {
		if got := rules.Admit(tt.claims) == nil; got != tt.want {
			t.Errorf("%s: admitted %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestAnAddressThatIsNotVerifiedAdmitsNobody(t *testing.T) {
	rules, err := identity.ParseRules([]string{"email=ann@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		verified any
		want     bool
	}{
		"verified": {true, true}, "verified in words": {"true", true}, "not said": {nil, true},
		"not verified": {false, false}, "not verified, in words": {"false", false}, "something else": {1.0, false},
	} {
		if got := rules.Admit(map[string]any{"email": "ann@example.com", "email_verified": tt.verified}) == nil; got != tt.want {
			t.Errorf("%s: admitted %v, want %v", name, got, tt.want)
		}
	}
}

func TestWithoutRulesNobodyIsAdmitted(t *testing.T) {
	if (identity.Rules{}).Admit(map[string]any{"hd": "example.com"}) == nil {
		t.Error("admitted")
	}
}

func TestParseRulesReportsEveryOneThatIsNone(t *testing.T) {
	_, err := identity.ParseRules([]string{"hd", "=x", "groups=", "hd=ok"})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{`"hd"`, `"=x"`, `"groups="`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not mention %s", err, want)
		}
	}
}
