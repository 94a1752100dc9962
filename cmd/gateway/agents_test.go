package main

import (
	"bytes"
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Settings that would let in more than was meant end with exit code 2, and say which.
func TestCheckRefusesAgentsThatAreTooMany(t *testing.T) {
	const (
		rule  = `{"issuers":[{"issuer":"https://ci.example","rules":[{"name":"Nightly",RULE,"scopes":["messages:read"]}]}]}`
		entry = `{"clients":[{"client_id":"bot",ENTRY}]}`
	)
	client := func(members string) string { return strings.Replace(entry, "ENTRY", members, 1) }
	workload := func(members string) string { return strings.Replace(rule, "RULE", members, 1) }
	const secret = `"client_secret":"a-secret-of-the-bot-of-32-letters"`
	for name, tt := range map[string]struct {
		flag, file string
		more       []string
		want       int
		says       string
	}{
		"workload":                     {"--workload-issuers", workload(`"sub_prefix":"repo:acme/app:"`), nil, exitOK, "the configuration works"},
		"prefix without a separator":   {"--workload-issuers", workload(`"sub_prefix":"repo:acme/app"`), nil, exitUsage, `"repo:acme/app-other" would fit too`},
		"nobody in particular":         {"--workload-issuers", workload(`"claims":{"ref":"main"}`), nil, exitUsage, "give sub, sub_prefix or repository_id"},
		"every repository":             {"--workload-issuers", workload(`"sub_prefix":"repo:"`), nil, exitUsage, "fits what anybody at the issuer runs"},
		"where people sign in":         {"--workload-issuers", strings.Replace(workload(`"sub":"a"`), "ci.example", "login.example", 1), nil, exitUsage, "cannot vouch for workloads"},
		"where a company's people are": {"--workload-issuers", workload(`"sub":"a"`), []string{"--identity-assertion-issuer", "https://ci.example"}, exitUsage, "cannot vouch for workloads"},
		"workload, people's keys":      {"--workload-issuers", workload(`"sub":"a"`), []string{"--clerk-credential", "linked"}, exitUsage, "--workload-issuers (GATEWAY_WORKLOAD_ISSUERS)"},
		"software":                     {"--oauth-clients", client(secret + `,"grant_types":["client_credentials"],"scope":"messages:read"`), nil, exitOK, "the configuration works"},
		"software without a scope":     {"--oauth-clients", client(secret + `,"grant_types":["client_credentials"]`), nil, exitUsage, "must have a scope"},
		"software without a secret":    {"--oauth-clients", client(`"grant_types":["client_credentials"],"scope":"messages:read"`), nil, exitUsage, "client_secret or jwks"},
		"software, people's keys": {
			"--oauth-clients", client(secret + `,"grant_types":["client_credentials"],"scope":"messages:read"`), []string{"--clerk-credential", "linked"}, exitUsage,
			"there is no person behind its calls",
		},
		"a company, tokens of a sign-in": {"--identity-assertion-issuer", "", []string{"--clerk-credential", "login"}, exitUsage, "needs --clerk-credential api-key or linked"},
	} {
		t.Run(name, func(t *testing.T) {
			value := "https://id.example"
			if tt.file != "" {
				value = filepath.Join(t.TempDir(), "list.json")
				if err := os.WriteFile(value, []byte(tt.file), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			args := []string{
				"check", "--auth", "oauth", "--public-url", "https://mcp.example", "--redis-url", "redis://127.0.0.1:1", "--secret", rand.Text() + rand.Text(),
				"--oidc-issuer", "https://login.example", "--oidc-client-id", "gateway", "--oidc-client-secret", "secret-of-the-gateway",
				"--clerk-api-key", "key", tt.flag, value,
			}
			if args = append(args, tt.more...); !strings.Contains(strings.Join(tt.more, " "), "--clerk-credential") {
				args = append(args, "--allow-any-user")
			}
			var out, err bytes.Buffer
			if code := run(args, &out, &err); code != tt.want || !strings.Contains(out.String()+err.String(), tt.says) {
				t.Errorf("exit code %d, want %d with %q\n%s%s", code, tt.want, tt.says, &out, &err)
			}
		})
	}
}
