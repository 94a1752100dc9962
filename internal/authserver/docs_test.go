package authserver_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/token"
)

var jsonExample = regexp.MustCompile("(?s)```json\n(.*?)```")

// What people copy from the documentation is taken as it stands.
func TestListsInTheDocsAreTaken(t *testing.T) {
	found := map[string]int{}
	for _, page := range []string{"agents-without-people", "enterprise-managed"} {
		text := must(os.ReadFile("../../docs/" + page + ".md"))
		for _, m := range jsonExample.FindAllSubmatch(text, -1) {
			var members map[string]json.RawMessage
			if err := json.Unmarshal(m[1], &members); err != nil {
				t.Errorf("%s: %v in %s", page, err, m[1])
				continue
			}
			var err error
			switch {
			case members["clients"] != nil:
				found["clients"]++
				var list *authserver.ClientList
				if list, err = authserver.ParseClients(m[1]); err == nil {
					err = list.CheckSoftware("https://mcp.example.com", scopeNames)
				}
			case members["issuers"] != nil:
				found["issuers"]++
				_, err = authserver.ParseWorkloads(m[1], authserver.WorkloadOptions{Scopes: scopeNames, Keys: func(w authserver.WorkloadIssuer) (authserver.GrantKeys, error) {
					return token.NewIssuerKeys(t.Context(), token.IssuerKeysOptions{Issuer: w.Issuer, JWKSURL: w.JWKSURL, JWKS: w.JWKS})
				}})
			default:
				t.Errorf("%s: nobody reads this example: %s", page, m[1])
			}
			if err != nil {
				t.Errorf("%s: %v in %s", page, err, m[1])
			}
		}
		if strings.Contains(string(text), "```json") != jsonExample.Match(text) {
			t.Errorf("%s: an example does not end", page)
		}
	}
	if found["clients"] != 2 || found["issuers"] != 2 {
		t.Errorf("examples: %v", found)
	}
}
