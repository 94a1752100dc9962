package config_test

import (
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/config"
)

func TestClientAuthenticationAtTheProvider(t *testing.T) {
	const setting = "--oidc-client-auth (OIDC_CLIENT_AUTH): "
	for _, tt := range []struct {
		name, method string
		secret       config.Secret
		want         string // "" if it is fine
	}{
		{"auto", "auto", "s", ""},
		{"auto, a public client", "auto", "", ""},
		{"basic", "client_secret_basic", "s", ""},
		{"post", "client_secret_post", "s", ""},
		{"none", "none", "", ""},
		{"basic without a secret", "client_secret_basic", "", setting + "client_secret_basic needs a secret"},
		{"post without a secret", "client_secret_post", "", setting + "client_secret_post needs a secret"},
		{"none with a secret", "none", "s", setting + "is none, so that --oidc-client-secret"},
		{"another method", "private_key_jwt", "s", setting + `"private_key_jwt" is not one of its values`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := valid()
			signsIn(&c)
			c.OIDCClientAuth, c.OIDCClientSecret = tt.method, tt.secret
			wantProblem(t, &c, tt.want)
		})
	}
}

func TestBackchannelAddresses(t *testing.T) {
	const setting = "--oidc-backchannel-url (OIDC_BACKCHANNEL_URL): "
	for _, tt := range []struct{ name, address, want string }{
		{"https", "https://login.example.com", ""},
		{"a name without a dot", "http://keycloak:8080", ""},
		{"a service of Kubernetes", "http://keycloak.login.svc", ""},
		{"a private address", "http://10.0.0.5:8080/auth", ""},
		{"this machine", "http://127.0.0.1:8080", ""},
		{"http on the internet", "http://login.example.com", setting + "is http, so the gateway's secret and people's tokens would travel in the clear"},
		{"http at a public address", "http://192.88.0.1", setting + "is http"},
		{"no URL", "keycloak:8080", setting},
		{"a query", "https://login.example.com/?a=b", setting + "must have no query"},
		{"a fragment", "https://login.example.com/#a", setting + "must have no query and no fragment"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := valid()
			signsIn(&c)
			c.OIDCBackchannel = tt.address
			wantProblem(t, &c, tt.want)
		})
	}
}

// wantProblem wants one problem that begins so, or none.
func wantProblem(t *testing.T, c *config.Config, want string) {
	t.Helper()
	p := c.Problems()
	if want == "" && len(p) > 0 || want != "" && (len(p) != 1 || !strings.HasPrefix(p[0], want)) {
		t.Errorf("%q, want %q", p, want)
	}
}

func TestBackchannelOverHTTPIsWarnedOf(t *testing.T) {
	for address, want := range map[string]bool{"http://keycloak:8080": true, "https://keycloak:8443": false, "http://127.0.0.1:8080": false, "": false} {
		c := valid()
		signsIn(&c)
		c.OIDCBackchannel = address
		warned := strings.Contains(strings.Join(c.Warnings(), "\n"), "--oidc-backchannel-url (OIDC_BACKCHANNEL_URL)")
		if warned != want {
			t.Errorf("%s: warned %v, want %v", address, warned, want)
		}
	}
}
