package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/config"
)

// behindPath is a gateway with a login whose public URL has a path. origin is without it.
func behindPath(t *testing.T, credential string) (world *signedIn, origin string) {
	t.Helper()
	world = signIn(t, credential, func(c *config.Config) { c.PublicURL += "/apps/gw" })
	origin = world.base
	world.base += "/apps/gw"
	return world, origin
}

func TestTheSDKSignsInBelowAPath(t *testing.T) {
	t.Parallel()
	for name, version := range map[string]string{"legacy": "2025-11-25", "modern": ""} {
		t.Run(name, func(t *testing.T) {
			world, _ := behindPath(t, "api-key")
			session := world.connect(t, version)
			if result, err := session.CallTool(t.Context(), send()); err != nil || result.IsError {
				t.Fatalf("%+v %v", result, err)
			}
		})
	}
}

func TestAKeyIsEnteredBelowAPath(t *testing.T) {
	t.Parallel()
	world, _ := behindPath(t, "linked")
	world.key = "sandbox-key"
	session := world.connect(t, "2025-11-25")
	if result, err := session.CallTool(t.Context(), send()); err != nil || result.IsError {
		t.Fatalf("%+v %v", result, err)
	}
}

func TestEverythingButProbesIsBelowThePath(t *testing.T) {
	t.Parallel()
	world, origin := behindPath(t, "api-key")
	base := world.base
	world.base = origin
	for path, want := range map[string]int{
		"/livez":                            http.StatusOK,
		"/readyz":                           http.StatusOK,
		"/apps/gw/livez":                    http.StatusOK,
		"/":                                 http.StatusNotFound,
		"/mcp":                              http.StatusNotFound,
		"/apps":                             http.StatusNotFound,
		"/apps/gwx/mcp":                     http.StatusNotFound,
		"/apps/gw//mcp":                     http.StatusNotFound,
		"/apps/gw/%2e%2e/mcp":               http.StatusNotFound,
		"/oauth/jwks":                       http.StatusNotFound,
		"/.well-known/openid-configuration": http.StatusNotFound,
		"/.well-known/oauth-protected-resource/mcp": http.StatusNotFound,
		"/apps/gw/oauth/jwks":                       http.StatusOK,
		"/apps/gw":                                  http.StatusUnauthorized,
		"/apps/gw/":                                 http.StatusUnauthorized,
		"/apps/gw/mcp":                              http.StatusUnauthorized,
		"/apps/gw/mcp/x/messages":                   http.StatusUnauthorized,
		"/apps/gw/mcp/x/nothing":                    http.StatusNotFound,
		"/.well-known/oauth-authorization-server/apps/gw":     http.StatusOK,
		"/.well-known/oauth-authorization-server/apps/gw/mcp": http.StatusOK,
		"/.well-known/openid-configuration/apps/gw":           http.StatusOK,
		"/apps/gw/.well-known/openid-configuration":           http.StatusOK,
		"/apps/gw/mcp/.well-known/openid-configuration":       http.StatusOK,
		"/apps/gw/.well-known/oauth-protected-resource/mcp":   http.StatusOK,
	} {
		if a := world.do(t, http.MethodGet, path, ""); a.status != want {
			t.Errorf("%s: %d, want %d", path, a.status, want)
		}
	}
	for _, spelled := range []string{"", "/", "/mcp", "/mcp/", "/mcp/readonly"} {
		metadata := origin + "/.well-known/oauth-protected-resource/apps/gw" + spelled
		a := world.do(t, http.MethodPost, "/apps/gw"+spelled, ping, "Content-Type", "application/json")
		if c := a.header.Get("WWW-Authenticate"); !strings.Contains(c, `resource_metadata="`+metadata+`"`) {
			t.Errorf("%q: challenge %q", spelled, c)
		}
		var m struct {
			Resource string   `json:"resource"`
			Servers  []string `json:"authorization_servers"`
		}
		decode(t, world.do(t, http.MethodGet, strings.TrimPrefix(metadata, origin), "").body, &m)
		if m.Resource != base+spelled || len(m.Servers) != 1 || m.Servers[0] != base {
			t.Errorf("%q: %+v", spelled, m)
		}
	}
	if a := world.do(t, http.MethodGet, "/apps/gw", "", "Accept", "text/html"); !strings.Contains(a.body, base+"/mcp") {
		t.Errorf("the page does not show %s/mcp: %d", base, a.status)
	}
}

func TestCookiesHaveThePath(t *testing.T) {
	t.Parallel()
	world, _ := behindPath(t, "api-key")
	a := world.do(t, http.MethodGet, strings.TrimPrefix(world.authorizeURL(t), world.base), "")
	if cookie := a.header.Get("Set-Cookie"); !strings.Contains(cookie, "; Path=/apps/gw;") {
		t.Errorf("%d with cookie %q", a.status, cookie)
	}
	if !strings.Contains(a.body, `action="/apps/gw/oauth/consent"`) {
		t.Errorf("the form goes elsewhere: %d", a.status)
	}
}
