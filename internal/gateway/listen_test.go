package gateway_test

import (
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
	"github.com/clerkchat/mcp-gateway/internal/sandbox"
)

func TestAnyFreePortIsKnownBeforeTheGatewayIsWired(t *testing.T) {
	t.Parallel()
	cfg := valid(t)
	cfg.Auth, cfg.AllowAnyUser = "oauth", true
	cfg.OIDCIssuer, cfg.OIDCClientID, cfg.OIDCClientSecret = cfg.ClerkURL+"/oidc", sandbox.ClientID, sandbox.ClientSecret
	base := run(t, cfg) // at 127.0.0.1:0
	var server struct{ Issuer string }
	decode(t, request(t, http.MethodGet, base+"/.well-known/oauth-authorization-server", "").body, &server)
	if server.Issuer != base || strings.HasSuffix(base, ":0") {
		t.Errorf("the issuer is %q, and the gateway is at %q", server.Issuer, base)
	}
}

func TestListeningKeepsTheNameThatWasGiven(t *testing.T) {
	t.Parallel()
	for _, host := range []string{"127.0.0.1", "localhost", ""} {
		cfg := config.Config{Listen: net.JoinHostPort(host, "0"), AdminListen: net.JoinHostPort(host, "0")}
		l, err := gateway.Listen(t.Context(), &cfg)
		if err != nil {
			t.Fatal(err)
		}
		for _, address := range []string{cfg.Listen, cfg.AdminListen} {
			if got, port, err := net.SplitHostPort(address); err != nil || got != host || port == "0" {
				t.Errorf("%q became %q", host, address)
			}
		}
		if _, err := gateway.Listen(t.Context(), &config.Config{Listen: cfg.Listen}); err == nil {
			t.Errorf("%s was free still", cfg.Listen)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestOneAddressThatIsTakenGivesUpTheOther(t *testing.T) {
	t.Parallel()
	listen := func(cfg config.Config) (*gateway.Listeners, config.Config) {
		t.Helper()
		l, err := gateway.Listen(t.Context(), &cfg)
		if err != nil {
			t.Fatal(err)
		}
		return l, cfg
	}
	l, cfg := listen(config.Config{Listen: "127.0.0.1:0", AdminListen: "127.0.0.1:0"})
	free, taken := cfg.Listen, cfg.AdminListen
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	other, _ := listen(config.Config{Listen: taken})
	defer func() { _ = other.Close() }()
	_, err := gateway.Listen(t.Context(), &config.Config{Listen: free, AdminListen: taken})
	if err == nil || !strings.Contains(err.Error(), "--admin-listen") {
		t.Fatalf("a taken address: %v", err)
	}
	again, _ := listen(config.Config{Listen: free})
	_ = again.Close()
}
