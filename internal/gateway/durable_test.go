package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

func TestAMetricTellsWhetherRedisKeepsWhatItAcknowledged(t *testing.T) {
	t.Parallel()
	sound := redistest.Start(t, "--appendonly", "yes", "--appendfsync", "always")
	for name, c := range map[string]struct{ url, want string }{
		"it does":               {sound.URL(), "1"},
		"it does not":           {redistest.Start(t).URL(), "0"},
		"it is in this process": {"", "0"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := valid(t)
			cfg.RedisURL, cfg.AdminListen = config.Secret(c.url), testkit.FreeAddress(t)
			base := run(t, cfg)
			want := "\nclerk_gateway_store_durable " + c.want + "\n"
			testkit.Eventually(t, "the metrics have"+want, func() bool {
				return strings.Contains(request(t, http.MethodGet, "http://"+cfg.AdminListen+"/metrics", "").body, want)
			})
			if a := request(t, http.MethodGet, base+"/readyz", ""); a.status != http.StatusOK {
				t.Errorf("/readyz answered %d: readiness does not rest on it", a.status)
			}
		})
	}
}
