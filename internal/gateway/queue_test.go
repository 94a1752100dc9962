package gateway

import (
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/config"
)

func TestAFullQueueIsAnsweredBeforeAnythingElse(t *testing.T) {
	t.Parallel()
	g, err := New(Options{Version: "test", Logger: slog.New(slog.DiscardHandler), Config: config.Config{
		Listen: "127.0.0.1:8080", MaxBody: 1 << 20, Secrets: []config.Secret{config.Secret(rand.Text() + rand.Text())},
		SessionMaxAge: time.Hour, SessionIdle: time.Hour, Auth: "oauth", AllowAnyUser: true,
		OIDCIssuer: "https://id.example", OIDCClientID: "id", OIDCClientSecret: "secret",
		ClerkURL: "https://api.example", ClerkAPIKey: "key", ClerkCredential: "api-key", ClerkTimeout: time.Second,
		CallBudget: time.Second, BatchSize: 1, SettleTime: time.Millisecond, OnStoreOutage: "refuse", OnStoreLoss: "refuse",
		AccessTokenLife: time.Hour, RefreshGrace: time.Minute, Recheck: time.Minute, GrantMaxAge: time.Hour, MaxContacts: 1, MaxBatch: 1, MaxAnswer: 1 << 20, WriteTimeout: time.Second, BodyTimeout: time.Second,
		ShutdownTimeout: time.Second, LimitOAuth: 1,
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = g.close() }()
	g.crowded = func() bool { return true }
	h := g.Handler()
	ask := func(method, target string, headers ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), method, "http://127.0.0.1:8080"+target, strings.NewReader("{}"))
		r.Header.Set("Content-Type", "application/json")
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	for _, refused := range []struct{ method, target, says string }{
		{"POST", "/mcp", `{"jsonrpc":"2.0","error":{"code":-32603,"message":"too many requests are waiting`},
		{"POST", "/", `{"jsonrpc":"2.0","error":`},
		{"DELETE", "/mcp/readonly", `{"jsonrpc":"2.0","error":`},
		{"POST", "/oauth/register", `{"error":"temporarily_unavailable"`},
		{"GET", "/oauth/authorize?client_id=x", "<html"},
		{"POST", "/oauth/consent", "<html"},
		{"GET", "/oauth/callback?state=x", "<html"},
	} {
		w := ask(refused.method, refused.target)
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" || !strings.Contains(w.Body.String(), refused.says) {
			t.Errorf("%s %s: %d %v %s", refused.method, refused.target, w.Code, w.Header(), w.Body)
		}
	}
	for _, passes := range []struct{ method, target string }{
		{"POST", "/oauth/token"},
		{"POST", "/oauth/revoke"},
		{"GET", "/livez"},
		{"GET", "/readyz"},
		{"GET", "/.well-known/oauth-authorization-server"},
		{"GET", "/.well-known/oauth-protected-resource/mcp"},
		{"GET", "/oauth/jwks"},
		{"OPTIONS", "/oauth/register"},
		{"GET", "/nothing"},
	} {
		if w := ask(passes.method, passes.target); w.Code == http.StatusServiceUnavailable {
			t.Errorf("%s %s: %s", passes.method, passes.target, w.Body)
		}
	}
	if w := ask("POST", "/mcp", "Origin", "http://127.0.0.1:8080"); w.Header().Get("Access-Control-Allow-Origin") == "" {
		t.Error("a page that may call cannot read the answer")
	}
	w := httptest.NewRecorder()
	g.AdminHandler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	metrics, _ := io.ReadAll(w.Body)
	for _, want := range []string{"clerk_gateway_store_queue_refused_total 8", "clerk_gateway_store_queue_length 0"} {
		if !strings.Contains(string(metrics), want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
}
