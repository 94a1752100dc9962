package identity_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/clerkchat/mcp-gateway/internal/identity"
)

func TestClaimByPath(t *testing.T) {
	for _, tt := range []struct {
		name, path, claims string
		want               any // nil: not found
	}{
		{"a name", "groups", `{"groups":"a"}`, "a"},
		{"absent", "groups", `{"group":"a"}`, nil},
		{"null", "groups", `{"groups":null}`, nil},
		{"false is there", "contractor", `{"contractor":false}`, false},
		{"in an object", "realm_access.roles", `{"realm_access":{"roles":["a"]}}`, []any{"a"}},
		{"in an object in an object", "a.b.c", `{"a":{"b":{"c":1}}}`, 1.0},
		{"an object itself", "a.b", `{"a":{"b":{"c":1}}}`, map[string]any{"c": 1.0}},
		{"absent in an object", "realm_access.roles", `{"realm_access":{}}`, nil},
		{"null in an object", "realm_access.roles", `{"realm_access":{"roles":null}}`, nil},
		{"in a text", "realm_access.roles", `{"realm_access":"roles"}`, nil},
		{"in a list", "realm_access.roles", `{"realm_access":[{"roles":["a"]}]}`, nil},
		{"a name with dots", "a.b", `{"a.b":"x"}`, "x"},
		{"a name with dots before a path", "a.b", `{"a.b":"x","a":{"b":"y"}}`, "x"},
		{"a path where the name is null", "a.b", `{"a.b":null,"a":{"b":"y"}}`, "y"},
		{"a URL as a name", "https://example.com/groups", `{"https://example.com/groups":["a"]}`, []any{"a"}},
		{"in an object with a URL as its name", "https://example.com/claims.roles", `{"https://example.com/claims":{"roles":"a"}}`, "a"},
		{"in an object whose name has dots", "resource_access.my.client.roles", `{"resource_access":{"my.client":{"roles":"a"}}}`, "a"},
		{"a longer name that leads nowhere", "a.b.c", `{"a.b":{"d":1},"a":{"b":{"c":2}}}`, 2.0},
		{"an empty name", ".a", `{"":{"a":1}}`, 1.0},
		{"no claims", "a.b", `null`, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, found := identity.Claim(decoded(t, tt.claims), tt.path)
			if found != (tt.want != nil) {
				t.Errorf("found %v, want %v", found, tt.want != nil)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func decoded(t *testing.T, text string) (claims map[string]any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}
