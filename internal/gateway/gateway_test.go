package gateway_test

import (
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
	"github.com/clerkchat/mcp-gateway/internal/operator"
)

func TestReadinessTellsAndLivenessDoesNotFlap(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	cfg := valid(t)
	cfg.RedisURL = config.Secret(server.URL())
	base := run(t, cfg)
	probe := func(path string, want int) {
		t.Helper()
		if a := request(t, http.MethodGet, base+path, ""); a.status != want {
			t.Errorf("%s answered %d %s, want %d", path, a.status, a.body, want)
		}
	}
	probe("/readyz", http.StatusOK)
	server.Kill()
	probe("/readyz", http.StatusServiceUnavailable)
	probe("/readyz?exclude=store", http.StatusOK)
	probe("/livez", http.StatusOK)
}

func TestABrowserSeesThePageAndAClientDoesNot(t *testing.T) {
	t.Parallel()
	base := run(t, valid(t))
	for _, path := range []string{"/", "/mcp"} {
		page := request(t, http.MethodGet, base+path, "", "Accept", "text/html,application/xhtml+xml")
		if page.status != http.StatusOK || !strings.Contains(page.body, base+"/mcp") || !strings.Contains(page.body, "Claude Code") {
			t.Errorf("%s: %d, and the page does not say how to connect", path, page.status)
		}
		if a := request(t, http.MethodGet, base+path, "", "Accept", "text/event-stream"); a.status != http.StatusMethodNotAllowed {
			t.Errorf("%s: a client's GET answered %d", path, a.status)
		}
	}
	if a := request(t, http.MethodGet, base+"/nothing", ""); a.status != http.StatusNotFound {
		t.Errorf("an unknown path answered %d", a.status)
	}
}

func TestForeignHostsAndOriginsAreRefusedEverywhere(t *testing.T) {
	t.Parallel()
	base := run(t, valid(t))
	for _, path := range []string{"/", "/mcp", "/mcp/readonly", "/nothing"} {
		if a := request(t, http.MethodGet, base+path, "", "Host", "evil.example.net"); a.status != http.StatusForbidden {
			t.Errorf("%s under a foreign name answered %d", path, a.status)
		}
	}
	if a := request(t, http.MethodPost, base+"/mcp", ping, "Content-Type", "application/json", "Origin", "https://evil.example.net"); a.status != http.StatusForbidden {
		t.Errorf("a foreign page was answered %d", a.status)
	}
}

func TestProblemsComeFromEveryPackageThatUsesASetting(t *testing.T) {
	t.Parallel()
	cfg := valid(t)
	cfg.RedisURL = "http://:pa55word@h"
	cfg.AllowedHosts = []string{"a/b"}
	cfg.AllowedOrigins = []string{"b"}
	cfg.Auth, cfg.TokenIssuers, cfg.AllowSignin, cfg.TokenAlgorithms = "external", []string{"https://issuer.example.com"}, []string{"hd"}, nil
	all := strings.Join(gateway.Problems(&cfg), "\n")
	for _, want := range []string{"--redis-url (GATEWAY_REDIS_URL)", "--allowed-hosts", "--allowed-origins", "--allow-signin"} {
		if !strings.Contains(all, want) {
			t.Errorf("the problems do not mention %s:\n%s", want, all)
		}
	}
	if strings.Contains(all, "pa55word") {
		t.Error("a password is quoted")
	}
	if _, err := gateway.New(gateway.Options{Config: cfg, Version: "test", Logger: slog.New(slog.DiscardHandler)}); err == nil {
		t.Error("a gateway was made of it")
	}
}

func TestOperatorsSeeSessionsAndEndThem(t *testing.T) {
	t.Parallel()
	server := startRedis(t)
	cfg := valid(t)
	cfg.RedisURL = config.Secret(server.URL())
	base := run(t, cfg)
	s, err := connect(t, base, "", "2025-11-25")
	if err != nil {
		t.Fatal(err)
	}
	table, closeTable, err := operator.OpenSessions(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = closeTable() }()
	var keys []string
	for e, err := range table.List(t.Context()) {
		if err != nil || e.ClientName != "gateway-test" {
			t.Fatalf("%+v %v", e, err)
		}
		keys = append(keys, e.Key)
	}
	if len(keys) != 1 || strings.Contains(s.ID(), keys[0]) {
		t.Fatalf("keys %q", keys)
	}
	if _, err := table.EndKey(t.Context(), keys[0]); err != nil {
		t.Fatal(err)
	}
	if a := request(t, http.MethodPost, base, ping, "Content-Type", "application/json", "Mcp-Session-Id", s.ID()); a.status != http.StatusNotFound {
		t.Errorf("the ended session was answered %d", a.status)
	}
}
