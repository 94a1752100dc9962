package gateway_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/config"
)

const (
	oldSecret = "old-secret-0123456789abcdef0123456789"
	newSecret = "new-secret-0123456789abcdef0123456789"
)

// with makes gateways of a list of secrets and one of registration secrets.
func with(secrets, registrations []config.Secret) func(*config.Config) {
	return func(c *config.Config) { c.Secrets, c.RegistrationSecrets = secrets, registrations }
}

// A registration holds its secret for ever, and --secret rotates.
func TestRegisteredClientsAreKnownAsLongAsTheirListHasTheSecret(t *testing.T) {
	t.Parallel()
	c := signIn(t, "api-key", with([]config.Secret{oldSecret}, nil)).register(t)
	for _, tt := range []struct {
		name                   string
		secrets, registrations []config.Secret
		known                  bool
	}{
		{"rotating", []config.Secret{newSecret, oldSecret}, nil, true},
		{"rotated, kept for registrations", []config.Secret{newSecret}, []config.Secret{newSecret, oldSecret}, true},
		{"rotated", []config.Secret{newSecret}, nil, false},
		{"kept, but not for registrations", []config.Secret{oldSecret}, []config.Secret{newSecret}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c.world = signIn(t, "api-key", with(tt.secrets, tt.registrations))
			if tt.known {
				c.signIn(t) // with its client secret
				return
			}
			a := c.token(t, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {"any"}})
			if a.status != http.StatusUnauthorized || !strings.Contains(a.body, `"invalid_client"`) {
				t.Errorf("answered %d %s", a.status, a.body)
			}
		})
	}
}

func TestNewRegistrationsUseTheFirstOfTheirSecrets(t *testing.T) {
	t.Parallel()
	c := signIn(t, "api-key", with([]config.Secret{oldSecret}, []config.Secret{newSecret, oldSecret})).register(t)
	c.world = signIn(t, "api-key", with([]config.Secret{oldSecret}, []config.Secret{newSecret}))
	c.signIn(t)
}

func TestOneClientIsRevokedByTheDenyList(t *testing.T) {
	t.Parallel()
	world := signIn(t, "api-key", nil)
	c, other := world.register(t), world.register(t)
	file := filepath.Join(t.TempDir(), "clients.json")
	if err := os.WriteFile(file, []byte(`{"denied":["`+c.id+`"]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	c.signIn(t)
	refresh := c.refresh
	restarted := signIn(t, "api-key", func(cfg *config.Config) { cfg.OAuthClients, cfg.RedisURL = file, config.Secret(world.redis.URL()) })
	c.world, other.world = restarted, restarted

	a := c.token(t, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}})
	if a.status != http.StatusUnauthorized || !strings.Contains(a.body, `"invalid_client"`) {
		t.Errorf("its refresh token is answered %d %s", a.status, a.body)
	}
	a = restarted.do(t, http.MethodGet, "/oauth/authorize?"+url.Values{
		"response_type": {"code"}, "client_id": {c.id}, "redirect_uri": {clientRedirect}, "code_challenge_method": {"S256"}, "code_challenge": {challenge},
	}.Encode(), "")
	if a.status != http.StatusBadRequest || !strings.Contains(a.body, "blocked") {
		t.Errorf("its sign-in is answered %d", a.status)
	}
	other.signIn(t)
}

func TestAnAccessTokenOfADeniedClientEndsAtOnce(t *testing.T) {
	t.Parallel()
	world := signIn(t, "api-key", nil)
	c, other := world.register(t), world.register(t)
	c.signIn(t)
	other.signIn(t)
	file := filepath.Join(t.TempDir(), "clients.json")
	if err := os.WriteFile(file, []byte(`{"denied":["`+c.id+`"]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	restarted := signIn(t, "api-key", func(cfg *config.Config) {
		cfg.PublicURL, cfg.OAuthClients, cfg.RedisURL = world.base, file, config.Secret(world.redis.URL())
	})
	c.world, other.world = restarted, restarted
	if a := c.post(t, ping); a.status != http.StatusUnauthorized || a.header.Get("WWW-Authenticate") == "" {
		t.Errorf("answered %d %s", a.status, a.body)
	}
	if a := other.post(t, ping); a.status != http.StatusOK {
		t.Errorf("another client is answered %d %s", a.status, a.body)
	}
}
