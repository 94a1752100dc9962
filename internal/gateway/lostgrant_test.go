package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/sandbox"
)

// With a key of the workspace nothing but the token is needed for a call. Where the store kept what the call is made with, one
// 401 leads to one sign-in, and not to a call that fails.
func TestATokenWhoseGrantIsLostIsGoodWithAKeyOfTheWorkspaceOnly(t *testing.T) {
	for credential, want := range map[string]int{
		"api-key": http.StatusOK, "linked": http.StatusUnauthorized, "login": http.StatusUnauthorized, "exchange": http.StatusUnauthorized,
	} {
		t.Run(credential, func(t *testing.T) {
			world := signIn(t, credential, nil)
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
