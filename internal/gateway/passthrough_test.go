package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

// MCP security best practices, token passthrough: what a client shows the gateway, and what the
// gateway was shown at the sign-in, goes nowhere but where it is meant for.
func TestAClientsTokenGoesNoFurther(t *testing.T) {
	t.Parallel()
	for _, credential := range []string{"api-key", "login"} {
		t.Run("oauth "+credential, func(t *testing.T) {
			var shown *recorder
			world := signIn(t, credential, through(t, &shown))
			c := world.register(t)
			c.signIn(t)
			if a := c.post(t, sendCall); a.status != http.StatusOK || world.sent(t) != 1 {
				t.Fatalf("%d %s", a.status, a.body)
			}
			shown.wantNone(t, c.access, c.refresh, c.secret)
		})
	}
	t.Run("external", func(t *testing.T) {
		var shown *recorder
		issuer := tokentest.NewIssuer(t)
		base := external(t, issuer, through(t, &shown))
		token := issuer.Sign(claims(issuer, base+"/mcp", "messages:send"))
		a := request(t, http.MethodPost, base+"/mcp", sendCall, "Content-Type", "application/json", "Authorization", "Bearer "+token)
		if a.status != http.StatusOK {
			t.Fatalf("%d %s", a.status, a.body)
		}
		shown.wantNone(t, token)
	})
}

// wantNone checks that the REST API was asked, and shown none of some secrets.
func (r *recorder) wantNone(t *testing.T, secrets ...string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.bearers)+len(r.keys) == 0 {
		t.Error("the REST API was shown no credential")
	}
	for _, secret := range secrets {
		if secret == "" || strings.Contains(r.heard.String(), secret) {
			t.Errorf("the REST API was shown a secret of %d characters that is not meant for it", len(secret))
		}
	}
}
