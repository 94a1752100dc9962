package operator_test

import (
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/operator"
	"github.com/clerkchat/mcp-gateway/internal/redistest"
)

func TestStoreWarningsNameTheFlagAndNoAddress(t *testing.T) {
	t.Parallel()
	lossy := redistest.Start(t)
	sound := redistest.Start(t, "--appendonly", "yes", "--appendfsync", "always")
	down := redistest.Start(t)
	down.Kill()
	for name, c := range map[string]struct {
		url  string
		want []string
	}{
		"none":  {want: []string{"is not set"}},
		"lossy": {url: lossy.URL(), want: []string{"appendfsync is not always", "appendonly is not yes"}},
		"sound": {url: sound.URL()},
		"down":  {url: down.URL(), want: []string{"not known"}},
	} {
		t.Run(name, func(t *testing.T) {
			got := operator.StoreWarnings(t.Context(), &config.Config{RedisURL: config.Secret(c.url)})
			if len(got) != len(c.want) {
				t.Fatalf("%q, want %q", got, c.want)
			}
			for i, w := range got {
				if !strings.HasPrefix(w, "--redis-url (GATEWAY_REDIS_URL): ") || !strings.Contains(w, c.want[i]) || strings.Contains(w, "127.0.0.1") {
					t.Errorf("%q, want %q", w, c.want[i])
				}
			}
		})
	}
}

func TestGrantsAreNotOpenedWithoutASecret(t *testing.T) {
	t.Parallel()
	for _, secrets := range [][]config.Secret{nil, {"short"}} {
		if _, _, err := operator.OpenGrants("redis://127.0.0.1:1", secrets); err == nil {
			t.Errorf("%d secrets are taken", len(secrets))
		}
	}
	if _, _, err := operator.OpenGrants("nonsense", []config.Secret{"0123456789abcdef0123456789abcdef"}); err == nil {
		t.Error("a URL that is none is taken")
	}
}
