package operator_test

import (
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/operator"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

func TestConnectAsksIssuersOfAssertions(t *testing.T) {
	there := tokentest.NewIssuer(t)
	for name, tt := range map[string]struct {
		issuer string
		want   finding
	}{
		"there":   {there.URL, finding{result: operator.ResultOK, found: "for signatures"}},
		"nowhere": {"http://" + nowhere, failed("refuses the connection", "")},
		"another": {openID(t, nil) + "/other", failed("404", "")},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := valid(t)
			cfg.Auth, cfg.PublicURL, cfg.OIDCIssuer, cfg.OIDCClientID, cfg.AllowAnyUser = "oauth", "http://127.0.0.1:9", "http://127.0.0.1:2", "gateway", true
			list := written(t, "workloads.json", `{"issuers":[{"issuer":"`+tt.issuer+`","rules":[{"sub":"a:b","scopes":["messages:read"]}]}]}`)
			for check, set := range map[string]func(*config.Config){
				"workload issuer keys":    func(c *config.Config) { c.WorkloadIssuers = list },
				"identity assertion keys": func(c *config.Config) { c.IdentityAssertionIssuers = []string{tt.issuer} },
			} {
				cfg := cfg
				set(&cfg)
				got, asked := probe(t, operator.ConnectOptions{Config: cfg})[check]
				if !asked || got.Result != tt.want.result || !strings.Contains(got.Found, tt.want.found) {
					t.Errorf("%s: %+v, want %+v", check, got, tt.want)
				}
			}
		})
	}
}
