package gateway_test

import (
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/gateway"
)

func TestAParameterThatTheProtocolNeedsIsAProblem(t *testing.T) {
	t.Parallel()
	cfg := valid(t)
	cfg.Auth, cfg.OIDCIssuer, cfg.OIDCClientID, cfg.AllowAnyUser = "oauth", "https://login.example.com", "gateway", true
	cfg.OIDCParams = []string{"access_type=offline", "prompt=consent"}
	if p := gateway.Problems(&cfg); len(p) > 0 {
		t.Fatalf("parameters of a provider's own: %q", p)
	}
	cfg.OIDCParams = append(cfg.OIDCParams, "state=fixed")
	if p := gateway.Problems(&cfg); len(p) != 1 || !strings.Contains(p[0], "parameter state") {
		t.Errorf("a parameter of the protocol: %q", p)
	}
}
