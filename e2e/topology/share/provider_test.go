//go:build unix

package share_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

// providerTime is the most that a request may wait for a provider or for somebody's keys.
const providerTime = 10 * time.Second

// What waits for the provider ends as well, and is not told that its sign-in is worth nothing.
func TestRequestsEndThoughTheProviderDoesNot(t *testing.T) {
	t.Parallel()
	waits := []struct {
		name  string
		flags func(provider string) []string
		ask   func(t *testing.T, gateway *process, provider string) func() answer
	}{
		{
			"for a sign-in",
			func(provider string) []string {
				return []string{"--auth", "oauth", "--oidc-issuer", provider, "--oidc-client-id", "gateway", "--oidc-client-secret", "s"}
			},
			func(t *testing.T, gateway *process, _ string) func() answer {
				p := newProgram(t, gateway)
				p.http.Timeout = providerTime + 2*tooLate // that it takes too long is not in doubt then
				return func() answer { return p.approve("s") }
			},
		},
		{
			"for the keys of tokens",
			func(provider string) []string { return []string{"--auth", "external", "--token-issuer", provider} },
			func(t *testing.T, gateway *process, provider string) func() answer {
				c := newCaller(t, gateway.url)
				c.http.Timeout = providerTime + 2*tooLate
				c.token = tokenOf(provider, gateway)
				return func() answer { return c.post(reading(0)) }
			},
		},
	}
	for _, wait := range waits {
		for _, way := range endless[:size(3, 1)] {
			t.Run(wait.name+", "+way.name, func(t *testing.T) {
				t.Parallel()
				redis, provider := redistest.Start(t), newHostile(t, way.reply)
				start := func() (*process, func() answer) {
					gateway := serve(t, append(wait.flags(provider.url), "--redis-url", redis.URL(), "--clerk-url", provider.url, "--allow-any-user",
						"--drain-delay", drain.String(), "--shutdown-timeout", shutdown.String())...)
					return gateway, wait.ask(t, gateway, provider.url)
				}
				_, ask := start()
				a := ask()
				if a.err != nil || a.took > providerTime+tooLate {
					t.Errorf("it took %v of %v: %s", a.took.Round(time.Millisecond), providerTime, a.text())
				}
				if a.err == nil && (a.status < http.StatusInternalServerError || provider.asked.Load() == 0) {
					t.Errorf("the provider was asked %d times: %s", provider.asked.Load(), a.text())
				}

				asked := provider.asked.Load() // a gateway that starts asks too, and requests wait for the same answer
				gateway, ask := start()
				var waiting sync.WaitGroup
				waiting.Go(func() { flood(5, upTo(5), func(int) answer { return ask() }) })
				if !testkit.Reached(func() bool { return provider.asked.Load() > asked }) {
					t.Error("nothing waited for the provider")
				}
				_, ending := gateway.terminate(drain + shutdown)
				waiting.Wait()
				figure(t, "it ended after %v with %s; SIGTERM: ended after %v of %v",
					a.took.Round(10*time.Millisecond), a.kind(), ending.Round(10*time.Millisecond), drain+shutdown)
			})
		}
	}
}

// tokenOf is an access token that may be good, as far as can be seen without keys.
func tokenOf(issuer string, gateway *process) string {
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"RS256","kid":"k","typ":"at+jwt"}`)) + "." +
		encode(fmt.Appendf(nil, `{"iss":%q,"sub":"ann","aud":%q,"exp":%d}`, issuer, gateway.url+"/mcp", time.Now().Add(time.Hour).Unix())) + "." +
		encode([]byte("signature"))
}
