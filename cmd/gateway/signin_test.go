package main

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/auth"
	"github.com/modelcontextprotocol/go-sdk/mcp"
	"github.com/modelcontextprotocol/go-sdk/oauthex"

	"github.com/clerkchat/mcp-gateway/internal/authserver/authtest"
	"github.com/clerkchat/mcp-gateway/internal/rpctest"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

// signIn connects as a client that registers itself and opens a browser in front of Ann.
func signIn(t *testing.T, url string) *mcp.ClientSession {
	t.Helper()
	const redirect = "http://127.0.0.1:9/callback"
	handler, err := auth.NewAuthorizationCodeHandler(&auth.AuthorizationCodeHandlerConfig{
		RedirectURL: redirect,
		DynamicClientRegistrationConfig: &auth.DynamicClientRegistrationConfig{Metadata: &oauthex.ClientRegistrationMetadata{
			ClientName: "SDK", RedirectURIs: []string{redirect}, TokenEndpointAuthMethod: "none",
		}},
		AuthorizationCodeFetcher: func(_ context.Context, args *auth.AuthorizationArgs) (*auth.AuthorizationResult, error) {
			q := authtest.Person{}.Allow(t, args.URL, redirect)
			return &auth.AuthorizationResult{Code: q.Get("code"), State: q.Get("state"), Iss: q.Get("iss")}, nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	client := mcp.NewClient(&mcp.Implementation{Name: "flow-test", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{
		Endpoint: url, OAuthHandler: handler, DisableStandaloneSSE: true,
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return session
}

// The demo takes any free port, and a client knows this machine by either name.
func TestTheDemoSignsPeopleIn(t *testing.T) {
	demo := start(t, "demo", "--listen", "127.0.0.1:0", "--sandbox-listen", "127.0.0.1:0")
	if a := rpctest.Post(demo.url+"/mcp", rpctest.Method(1, "ping", `{}`)).Do(t); a.Status != http.StatusUnauthorized {
		t.Errorf("without a sign-in: %d", a.Status)
	}
	for i, base := range []string{demo.url, strings.Replace(demo.url, "127.0.0.1", "localhost", 1)} {
		s := signIn(t, base+"/mcp")
		call(t, s, "send_message", map[string]any{"sender": sender, "recipients": []string{"+15559876543"}, "body": "Hi"})
		if sent := demo.sandboxMessages(t); len(sent) != i+1 {
			t.Errorf("at %s: %d messages in all", base, len(sent))
		}
	}
	for _, want := range []string{"Ann Archer", "Ben Brooks", demo.url + "/mcp", "--auth none"} {
		testkit.Eventually(t, "it says "+want, func() bool { return strings.Contains(demo.stderr.String(), want) })
	}
}

func TestTheDemoMayBeReachedUnderAPublicURL(t *testing.T) {
	demo := start(t, "demo", "--listen", "127.0.0.1:0", "--sandbox-listen", "127.0.0.1:0", "--public-url", "https://mcp.example.com")
	var control struct {
		Settings struct {
			RedirectURIs []string `json:"redirect_uris"`
		}
	}
	getJSON(t, demo.ready["sandbox"]+"/_sandbox/oidc", &control)
	if got := control.Settings.RedirectURIs; len(got) != 1 || got[0] != "https://mcp.example.com/oauth/callback" {
		t.Errorf("the simulated sign-in sends people back to %q", got)
	}
}

func TestTheSandboxTellsOfItsSignIn(t *testing.T) {
	sandbox := start(t, "sandbox", "--sandbox-listen", "127.0.0.1:0")
	for _, want := range []string{sandbox.ready["sandbox"] + "/oidc", "client gateway", "sandbox-client-secret", "Ann Archer"} {
		testkit.Eventually(t, "it says "+want, func() bool { return strings.Contains(sandbox.stderr.String(), want) })
	}
}
