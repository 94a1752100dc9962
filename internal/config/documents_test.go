package config_test

import (
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/config"
)

func TestClientDocumentHosts(t *testing.T) {
	for name, tc := range map[string]struct {
		mode  string
		hosts []string
		want  string // "" if it is fine
	}{
		"none":             {"on", nil, ""},
		"some":             {"on", []string{"client.example.com", "other.example"}, ""},
		"every":            {"on", []string{"*"}, ""},
		"every and one":    {"on", []string{"*", "client.example.com"}, "* allows every host"},
		"wildcard":         {"on", []string{"*.example.com"}, "has a wildcard in it"},
		"URL":              {"on", []string{"https://client.example.com"}, "write its name alone"},
		"port":             {"on", []string{"client.example.com:443"}, "write its name alone"},
		"dot at its end":   {"on", []string{"client.example.com."}, "write its name alone"},
		"empty":            {"on", []string{""}, "write its name alone"},
		"nothing fetched":  {"builtin", []string{"client.example.com"}, "has no effect with --client-documents builtin"},
		"documents of off": {"off", []string{"client.example.com"}, "has no effect with --client-documents off"},
	} {
		t.Run(name, func(t *testing.T) {
			c := config.Config{Auth: "oauth", ClientDocuments: tc.mode, ClientDocumentHosts: tc.hosts}
			const setting = "--client-document-hosts (GATEWAY_CLIENT_DOCUMENT_HOSTS): "
			var found []string
			for _, p := range c.Problems() {
				if strings.HasPrefix(p, setting) {
					found = append(found, p)
				}
			}
			if tc.want == "" && len(found) > 0 || tc.want != "" && (len(found) != 1 || !strings.Contains(found[0], tc.want)) {
				t.Errorf("%q", found)
			}
		})
	}
}
