package authserver_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
)

func parseWorkloads(data string) error {
	_, err := authserver.ParseWorkloads([]byte(data), authserver.WorkloadOptions{
		Scopes: scopeNames, People: map[string]string{
			"https://id.example": "--oidc-issuer", "https://mcp.example": "this gateway", "https://login.example/common/v2.0": "a tenant of the sign-in",
		},
		Keys: func(w authserver.WorkloadIssuer) (authserver.GrantKeys, error) {
			if w.JWKSURL == "bad" {
				return nil, errors.New("no such keys")
			}
			return vouched{}, nil
		},
	})
	return err
}

func issuerWith(rule string) string {
	return `{"issuers":[{"issuer":"` + ciIssuer + `","rules":[{"name":"Nightly",` + rule + `}]}]}`
}

func TestWorkloadsThatAreNamedAreTaken(t *testing.T) {
	for _, who := range []string{
		`"sub":"repo:acme/app:ref:refs/heads/main"`, `"repository_id":"74"`, `"sub_prefix":"repo:acme/app:"`, `"sub_prefix":"repo:acme/"`,
		`"sub_prefix":"system:serviceaccount:prod:"`, `"sub_prefix":"repo:acme@1/app@2:","claims":{"environment":"production"}`,
		`"sub":"system:serviceaccount:prod:reports","repository_id":"74"`,
	} {
		if err := parseWorkloads(issuerWith(who + `,"scopes":["messages:read"]`)); err != nil {
			t.Errorf("%s: %v", who, err)
		}
	}
}

func TestWorkloadsThatAreTooManyAreRefused(t *testing.T) {
	const scope = `,"scopes":["messages:read"]`
	for name, tt := range map[string]struct{ list, want string }{
		"nobody in particular":      {issuerWith(`"claims":{"ref":"refs/heads/main"}` + scope), "give sub, sub_prefix or repository_id"},
		"prefix without separator":  {issuerWith(`"sub_prefix":"repo:acme/app"` + scope), `"repo:acme/app-other" would fit too`},
		"prefix ending in a letter": {issuerWith(`"sub_prefix":"system:serviceaccount:prod"` + scope), "must end at a separator"},
		"prefix ending in a hyphen": {issuerWith(`"sub_prefix":"repo:acme/app-"` + scope), "must end at a separator"},
		"every repository":          {issuerWith(`"sub_prefix":"repo:"` + scope), "fits what anybody at the issuer runs"},
		"separators only":           {issuerWith(`"sub_prefix":"://:"` + scope), "fits what anybody at the issuer runs"},
		"a whole cluster":           {issuerWith(`"sub_prefix":"system:serviceaccount:"` + scope), "fits what anybody at the issuer runs"},
		"a wildcard":                {issuerWith(`"sub":"repo:acme/app:*"` + scope), "no wildcards"},
		"a wildcard at the end":     {issuerWith(`"sub_prefix":"repo:acme/*:"` + scope), "no wildcards"},
		"two ways":                  {issuerWith(`"sub":"a","sub_prefix":"repo:acme/app:"` + scope), "give one of them"},
		"no scopes":                 {issuerWith(`"sub":"a"`), "give its scopes"},
		"an unknown scope":          {issuerWith(`"sub":"a","scopes":["admin"]`), `scope "admin" is not one of`},
		"a claim without value":     {issuerWith(`"sub":"a","claims":{"ref":""}` + scope), "has no value"},
		"a claim that is checked":   {issuerWith(`"sub":"a","claims":{"aud":"x"}` + scope), "not for this place"},
		"where people sign in":      {strings.ReplaceAll(issuerWith(`"sub":"a"`+scope), ciIssuer, "https://id.example"), "it is that of --oidc-issuer"},
		"the same with a slash":     {strings.ReplaceAll(issuerWith(`"sub":"a"`+scope), ciIssuer, "HTTPS://ID.example:443/"), "it is that of --oidc-issuer"},
		"this gateway":              {strings.ReplaceAll(issuerWith(`"sub":"a"`+scope), ciIssuer, "https://mcp.example/"), "it is that of this gateway"},
		"a tenant of people": {strings.ReplaceAll(issuerWith(`"sub":"a"`+scope), ciIssuer,
			"https://login.example/11111111-2222-3333-4444-555555555555/v2.0"), "it is that of a tenant of the sign-in"},
		"no rules":          {`{"issuers":[{"issuer":"` + ciIssuer + `"}]}`, "it has no rules"},
		"no issuers":        {`{}`, "no issuers"},
		"bad keys":          {`{"issuers":[{"issuer":"` + ciIssuer + `","jwks_url":"bad","rules":[{"sub":"a"` + scope + `}]}]}`, "no such keys"},
		"an unknown member": {issuerWith(`"sub":"a","subject":"b"` + scope), "must be a JSON object"},
		"rubbish":           {`[`, "must be a JSON object"},
		"more behind it":    {issuerWith(`"sub":"a"`+scope) + `{}`, "unexpected data"},
		"twice": {
			fmt.Sprintf(`{"issuers":[{"issuer":%[1]q,"rules":[{"sub":"a"%[2]s}]},{"issuer":%[3]q,"rules":[{"sub":"a"%[2]s}]}]}`, ciIssuer, scope, ciIssuer+"/"), "there twice",
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := parseWorkloads(tt.list)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("%v, want %q", err, tt.want)
			}
			if strings.Contains(tt.list, "Nightly") && strings.Contains(tt.list, ciIssuer) && !strings.Contains(err.Error(), "JSON") &&
				!strings.Contains(err.Error(), `issuer 1 ("`+ciIssuer+`"): rule 1 ("Nightly")`) && tt.want != "there twice" {
				t.Errorf("it does not name the entry: %v", err)
			}
		})
	}
}
