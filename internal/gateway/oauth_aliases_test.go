package gateway_test

import (
	"net/http"
	"testing"
)

func TestMetadataIsWhereverClientsLook(t *testing.T) {
	t.Parallel()
	world := signIn(t, "api-key", nil)
	for _, path := range []string{
		"/.well-known/oauth-authorization-server", "/.well-known/openid-configuration",
		"/.well-known/oauth-authorization-server/mcp", "/.well-known/openid-configuration/mcp", "/mcp/.well-known/openid-configuration",
		"/.well-known/oauth-authorization-server/mcp/readonly", "/.well-known/openid-configuration/mcp/x/messages,contacts",
		"/mcp/x/messages/readonly/.well-known/openid-configuration", "/mcp/readonly/.well-known/oauth-authorization-server",
	} {
		var m struct {
			Issuer string `json:"issuer"`
			Token  string `json:"token_endpoint"`
		}
		a := world.do(t, http.MethodGet, path, "")
		if a.status != http.StatusOK {
			t.Errorf("%s: %d %s", path, a.status, a.body)
			continue
		}
		if decode(t, a.body, &m); m.Issuer != world.base || m.Token != world.base+"/oauth/token" {
			t.Errorf("%s: %+v", path, m)
		}
	}
	for _, path := range []string{"/.well-known/oauth-authorization-server/other", "/mcp/x/other/.well-known/openid-configuration"} {
		if a := world.do(t, http.MethodGet, path, ""); a.status != http.StatusNotFound {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
}
