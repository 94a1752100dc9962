package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

func TestProbesAreAnsweredUnderAnyName(t *testing.T) {
	t.Parallel()
	base := external(t, tokentest.NewIssuer(t), nil)
	for _, tt := range []struct {
		method, path string
		want         int
	}{
		{http.MethodGet, "/livez", http.StatusOK},
		{http.MethodGet, "/readyz", http.StatusOK},
		{http.MethodHead, "/readyz", http.StatusOK},
		{http.MethodPost, "/livez", http.StatusForbidden},
		{http.MethodGet, "/livez/", http.StatusForbidden},
		{http.MethodGet, "/", http.StatusForbidden},
		{http.MethodPost, "/mcp", http.StatusForbidden},
		{http.MethodGet, "/oauth/jwks", http.StatusForbidden},
		{http.MethodGet, "/.well-known/oauth-authorization-server", http.StatusForbidden},
	} {
		req, err := http.NewRequestWithContext(t.Context(), tt.method, base+tt.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = "gateway-1:8080"
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		if _ = resp.Body.Close(); resp.StatusCode != tt.want {
			t.Errorf("%s %s: %d, want %d", tt.method, tt.path, resp.StatusCode, tt.want)
		}
	}
}

func TestOpenOriginsNeedALogin(t *testing.T) {
	t.Parallel()
	for _, origin := range []string{"*", "https://*", "https://*.com"} {
		for auth, refused := range map[string]bool{"none": true, "oauth": false} {
			cfg := config.Config{Auth: auth, AllowedOrigins: []string{origin}}
			problems := strings.Join(gateway.Problems(&cfg), "\n")
			if strings.Contains(problems, "--allowed-origins") != refused {
				t.Errorf("%s with --auth %s: %s", origin, auth, problems)
			}
		}
	}
}
