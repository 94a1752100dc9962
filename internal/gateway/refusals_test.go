package gateway_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
	"github.com/clerkchat/mcp-gateway/internal/rpctest"
)

// secretWord stands in what clients send and must not stand in a log.
const secretWord = "hush-hush-secret"

// refusing is a gateway with a login, its log and its counters.
type refusing struct {
	gateway *gateway.Gateway
	handler http.Handler
	log     syncedLog
}

func newRefusing(t *testing.T, edit func(*config.Config)) *refusing {
	t.Helper()
	cfg := valid(t)
	cfg.Auth, cfg.PublicURL, cfg.OIDCIssuer, cfg.OIDCClientID = "oauth", "https://mcp.example.com", cfg.ClerkURL+"/oidc", "gateway"
	cfg.AllowSignin = []string{"email_domain=example.com"}
	if edit != nil {
		edit(&cfg)
	}
	listeners, err := gateway.Listen(t.Context(), &cfg)
	if err != nil {
		t.Fatal(err)
	}
	f := &refusing{}
	f.gateway, err = gateway.New(gateway.Options{Config: cfg, Version: "test", StoreTimeout: patience, TokenPatience: patience,
		ClientDocuments: documents{}, Logger: slog.New(slog.NewTextHandler(&f.log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		t.Fatal(err)
	}
	f.handler = f.gateway.Handler()
	ctx, cancel := context.WithCancel(context.Background())
	started, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- f.gateway.Run(ctx, listeners, func(at string) { started <- at }) }()
	t.Cleanup(func() {
		cancel()
		http.DefaultClient.CloseIdleConnections()
		if err := <-ended; err != nil {
			t.Errorf("the gateway ended with %v", err)
		}
	})
	<-started
	return f
}

// ask sends a request and gives the answer with the lines that it left.
func (f *refusing) ask(method, target, body string, headers ...string) (answer *httptest.ResponseRecorder, lines string) {
	before := len(f.log.String())
	w := httptest.NewRecorder()
	f.handler.ServeHTTP(w, rpctest.Request{Method: method, URL: "https://mcp.example.com" + target, Body: body, Header: headers}.Incoming(context.Background()))
	return w, f.log.String()[before:]
}

func (f *refusing) metrics() string {
	w := httptest.NewRecorder()
	f.gateway.AdminHandler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return w.Body.String()
}

func TestEachRefusalLeavesOneLineAndOneCount(t *testing.T) {
	t.Parallel()
	const form, jsonBody = "application/x-www-form-urlencoded", "application/json"
	f := newRefusing(t, nil)
	registered, _ := f.ask(http.MethodPost, "/oauth/register", `{"redirect_uris":["http://127.0.0.1:9/callback"],"token_endpoint_auth_method":"none"}`, "Content-Type", jsonBody)
	id := regexp.MustCompile(`"client_id":"([^"]+)"`).FindStringSubmatch(registered.Body.String())
	if id == nil {
		t.Fatalf("registration answered %d %s", registered.Code, registered.Body)
	}
	known := "/oauth/authorize?client_id=" + id[1] + "&state=" + secretWord + "&redirect_uri=http://127.0.0.1:9/callback"
	for _, tt := range []struct {
		name, method, target, body string
		headers                    []string
		endpoint, reason, level    string
	}{
		{"foreign host", "POST", "/mcp", "{}", []string{"Host", "gw.internal"}, "mcp", "host_not_allowed", "INFO"},
		{"foreign origin", "POST", "/mcp", "{}", []string{"Origin", "https://app.example"}, "mcp", "origin_not_allowed", "INFO"},
		{"no token", "POST", "/mcp", "{}", nil, "mcp", "no_token", "DEBUG"},
		{"bad token", "POST", "/mcp", "{}", []string{"Authorization", "Bearer " + secretWord}, "mcp", "invalid_token", "DEBUG"},
		{"no path", "GET", "/nothing?x=" + secretWord, "", nil, "none", "not_found", "DEBUG"},
		{"wrong method at token", "GET", "/oauth/token", "", nil, "token", "method_not_allowed", "DEBUG"},
		{"wrong method at authorize", "DELETE", "/oauth/authorize", "", nil, "authorize", "method_not_allowed", "DEBUG"},
		{"token as JSON", "POST", "/oauth/token", "{}", []string{"Content-Type", jsonBody}, "token", "content_type", "DEBUG"},
		{"unknown grant type", "POST", "/token", "grant_type=password", []string{"Content-Type", form}, "token", "unsupported", "DEBUG"},
		{"unknown client at token", "POST", "/oauth/token", "grant_type=refresh_token&refresh_token=" + secretWord + "&client_id=x",
			[]string{"Content-Type", form}, "token", "unknown_client", "DEBUG"},
		{"unknown refresh token", "POST", "/oauth/token", "grant_type=refresh_token&refresh_token=" + secretWord + "&client_id=" + id[1],
			[]string{"Content-Type", form}, "token", "invalid_grant", "DEBUG"},
		{"revocation without a token", "POST", "/oauth/revoke", "client_id=" + id[1], []string{"Content-Type", form}, "revoke", "invalid_request", "DEBUG"},
		{"registration that is none", "POST", "/oauth/register", "[", []string{"Content-Type", jsonBody}, "register", "invalid_client_metadata", "DEBUG"},
		{"registration of a bad redirect", "POST", "/oauth/register", `{"redirect_uris":["javascript:1"]}`, []string{"Content-Type", jsonBody},
			"register", "invalid_redirect_uri", "DEBUG"},
		{"unknown client", "GET", "/oauth/authorize?client_id=x", "", nil, "authorize", "unknown_client", "DEBUG"},
		{"other redirect", "GET", "/oauth/authorize?client_id=" + id[1] + "&redirect_uri=https://evil.example/", "", nil, "authorize", "redirect_mismatch", "DEBUG"},
		{"no PKCE", "GET", known + "&response_type=code", "", nil, "authorize", "pkce", "DEBUG"},
		{"no response type", "GET", known, "", nil, "authorize", "invalid_request", "DEBUG"},
		{"prompt none", "GET", known + "&response_type=code&code_challenge_method=S256&prompt=none&code_challenge=" + strings.Repeat("A", 43), "", nil,
			"authorize", "unsupported", "DEBUG"},
		{"foreign resource", "GET", known + "&response_type=code&code_challenge_method=S256&resource=https://other.example/&code_challenge=" +
			strings.Repeat("A", 43), "", nil, "authorize", "invalid_target", "DEBUG"},
		{"form of another site", "POST", "/oauth/consent", "x=1", []string{"Content-Type", form, "Origin", "https://evil.example"}, "consent", "foreign_form", "DEBUG"},
		{"form without a cookie", "POST", "/oauth/consent", "csrf=" + secretWord, []string{"Content-Type", form}, "consent", "page_expired", "DEBUG"},
		{"callback in another browser", "GET", "/oauth/callback?code=" + secretWord + "&state=" + secretWord, "", nil, "callback", "sign_in_not_pending", "DEBUG"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			counter := `clerk_gateway_requests_rejected_total{endpoint="` + tt.endpoint + `",reason="` + tt.reason + `"} `
			count := func() string { return regexp.MustCompile(regexp.QuoteMeta(counter) + `(\d+)`).FindString(f.metrics()) }
			before := count()
			a, lines := f.ask(tt.method, tt.target, tt.body, tt.headers...)
			if strings.Count(lines, `msg="request refused"`) != 1 {
				t.Fatalf("answered %d %s and told %q", a.Code, a.Body, lines)
			}
			for _, want := range []string{"level=" + tt.level, "endpoint=" + tt.endpoint, "reason=" + tt.reason, "mend=\"", "status="} {
				if !strings.Contains(lines, want) {
					t.Errorf("no %s in %s", want, lines)
				}
			}
			if after := count(); after == "" || after == before {
				t.Errorf("counted %q, before %q", after, before)
			}
			if a.Header().Get("X-Request-Id") == "" {
				t.Error("the answer has no request id")
			}
			if strings.Contains(a.Header().Get("Content-Type"), "text/html") && !strings.Contains(a.Body.String(), a.Header().Get("X-Request-Id")) {
				t.Errorf("the page does not show the error id: %s", a.Body)
			}
		})
	}
	if strings.Contains(f.log.String(), secretWord) {
		t.Errorf("the log has a secret: %s", f.log.String())
	}
}

func TestProbeThatFailsIsNoRefusal(t *testing.T) {
	t.Parallel()
	f := newRefusing(t, nil)
	if _, lines := f.ask(http.MethodGet, "/readyz", "", "Host", "gateway-1:8080"); strings.Contains(lines, "request refused") {
		t.Errorf("told %s", lines)
	}
}

func TestWhatIsCalledOnAnEndpointIsRefusedWithALine(t *testing.T) {
	t.Parallel()
	f := newRefusing(t, func(c *config.Config) {
		c.Auth, c.PublicURL, c.OIDCIssuer, c.OIDCClientID, c.AllowSignin, c.AllowedHosts = "none", "", "", "", nil, []string{"mcp.example.com"}
		c.RequireSession = true
	})
	for _, tt := range []struct {
		name, method, body string
		headers            []string
		reason             string
	}{
		{"content type", "POST", "{}", []string{"Content-Type", "text/plain"}, "content_type"},
		{"method", "PUT", "{}", nil, "method_not_allowed"},
		{"body", "POST", "{", nil, "bad_request"},
		{"large body", "POST", strings.Repeat(" ", 1<<20+1), nil, "too_large"},
		{"protocol version", "POST", "{}", []string{"Mcp-Protocol-Version", "2025-01-01"}, "protocol_version"},
		{"unknown session", "POST", readCall, []string{"Mcp-Session-Id", secretWord}, "session_not_found"},
		{"no session", "DELETE", "", nil, "session_missing"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			headers := append([]string{"Content-Type", "application/json", "Accept", "application/json, text/event-stream"}, tt.headers...)
			a, lines := f.ask(tt.method, "/mcp", tt.body, headers...)
			if strings.Count(lines, "request refused") != 1 || !strings.Contains(lines, "reason="+tt.reason+" ") {
				t.Errorf("answered %d %s and told %s", a.Code, a.Body, lines)
			}
		})
	}
	if strings.Contains(f.log.String(), secretWord) {
		t.Errorf("the log has a secret: %s", f.log.String())
	}
}
