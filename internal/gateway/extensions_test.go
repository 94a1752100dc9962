package gateway_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/config"
)

// 2026-07-28, Versioning, "Extension Negotiation", and SEP-2133 for initialize.
func TestExtensionsThatAreServedAreDeclared(t *testing.T) {
	t.Parallel()
	const software, enterprise = "io.modelcontextprotocol/oauth-client-credentials", "io.modelcontextprotocol/enterprise-managed-authorization"
	company := newCompany(t)
	for name, tt := range map[string]struct {
		edit func(*config.Config)
		want []string
	}{
		"neither":             {func(*config.Config) {}, nil},
		"software":            {listing(t, reporter), []string{software}},
		"people of companies": {vouching(t, company), []string{enterprise}},
		"both":                {vouching(t, company, listing(t, desk+","+reporter)), []string{enterprise, software}},
	} {
		t.Run(name, func(t *testing.T) {
			world := signIn(t, "api-key", tt.edit)
			for _, version := range []string{"2025-11-25", ""} {
				s := world.connect(t, version)
				var got []string
				for name, settings := range s.InitializeResult().Capabilities.Extensions {
					if m, ok := settings.(map[string]any); !ok || len(m) > 0 {
						t.Errorf("%s: %v", name, settings)
					}
					got = append(got, name)
				}
				if slices.Sort(got); !slices.Equal(got, tt.want) {
					t.Errorf("version %q: %v, want %v", version, got, tt.want)
				}
			}
		})
	}
	t.Run("without a login", func(t *testing.T) {
		base := run(t, valid(t))
		a := request(t, http.MethodPost, base+"/mcp", `{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{`+
			`"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`,
			"Content-Type", "application/json", "Mcp-Protocol-Version", "2026-07-28", "Mcp-Method", "server/discover")
		var m struct {
			Result struct{ Capabilities map[string]any }
		}
		if decode(t, a.body, &m); a.status != http.StatusOK || len(m.Result.Capabilities) != 1 || m.Result.Capabilities["tools"] == nil {
			t.Errorf("%d %s", a.status, a.body)
		}
	})
}
