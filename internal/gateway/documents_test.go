package gateway_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
)

func TestEgressProxyIsCheckedAtStartAndNeverQuoted(t *testing.T) {
	t.Parallel()
	for proxy, wrong := range map[config.Secret]bool{
		"": false, "http://gateway:hunter2@proxy.example:3128": false, "gateway:hunter2@proxy.example": true, "ftp://gateway:hunter2@proxy.example": true,
		"http://gateway:hunter2@proxy.example:port": true,
	} {
		c := valid(t)
		c.Auth, c.EgressProxy = "oauth", proxy
		problems := strings.Join(gateway.Problems(&c), "\n")
		if strings.Contains(problems, "--egress-proxy (GATEWAY_EGRESS_PROXY): ") != wrong || strings.Contains(problems, "hunter2") {
			t.Errorf("%q: %s", proxy.Reveal(), problems)
		}
	}
}

// away is a network in which nothing is reached.
type away struct{}

func (away) RoundTrip(*http.Request) (*http.Response, error) { return nil, errors.New("unreachable") }

// Metadata and pages of a gateway follow its settings.
func TestClientDocumentsFollowTheSettings(t *testing.T) {
	t.Parallel()
	for mode, want := range map[string]int{"on": http.StatusOK, "builtin": http.StatusOK, "off": http.StatusBadRequest} {
		world := signIn(t, "login", func(c *config.Config) { c.ClientDocuments = mode }, func(o *gateway.Options) { o.ClientDocuments = away{} })
		a := world.do(t, http.MethodGet, "/oauth/authorize?response_type=code&client_id=https%3A%2F%2Fclaude.ai%2Foauth%2Fclaude-code-client-metadata"+
			"&redirect_uri=http%3A%2F%2Flocalhost%3A3118%2Fcallback&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256", "")
		if a.status != want {
			t.Errorf("%s: %d %s", mode, a.status, a.body)
		}
		metadata := world.do(t, http.MethodGet, "/.well-known/oauth-authorization-server", "")
		if announced := strings.Contains(metadata.body, `"client_id_metadata_document_supported":true`); announced != (mode != "off") {
			t.Errorf("%s: %s", mode, metadata.body)
		}
	}
}
