package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/sandbox"
)

// With a key of the workspace nothing but the token is needed for a call. Where the store kept what
// the call is made with, one 401 leads to one sign-in, and not to a call that fails.
func TestATokenWhoseGrantIsLostIsGoodWithAKeyOfTheWorkspaceOnly(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		credential string
		deny       []string
		want       int
	}{
		{"api-key", nil, http.StatusOK},
		{"api-key", []string{"groups=left"}, http.StatusUnauthorized}, // nobody knows any more whether it names the person
		{"linked", nil, http.StatusUnauthorized},
		{"login", nil, http.StatusUnauthorized},
		{"exchange", nil, http.StatusUnauthorized},
	} {
		want := tt.want
		t.Run(strings.Join(append([]string{tt.credential}, tt.deny...), ", "), func(t *testing.T) {
			world := signIn(t, tt.credential, func(c *config.Config) {
				c.DenySignin = tt.deny
				if tt.credential == "exchange" {
					c.ExchangeAudience = c.ClerkURL
				}
			})
			world.key = sandbox.Key
			c := world.register(t)
			c.signIn(t)
			grants, _ := world.redis.Do("KEYS", "gw:g:*").([]any)
			if len(grants) != 1 {
				t.Fatalf("%d grants", len(grants))
			}
			world.redis.Do("DEL", grants[0])
			for range 2 { // each replica
				a := c.post(t, ping)
				if challenged := strings.Contains(a.header.Get("WWW-Authenticate"), `error="invalid_token"`); a.status != want ||
					challenged != (want == http.StatusUnauthorized) {
					t.Errorf("%d %q", a.status, a.header.Get("WWW-Authenticate"))
				}
			}
		})
	}
}
