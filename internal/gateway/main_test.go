package gateway_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
	"github.com/clerkchat/mcp-gateway/internal/rpctest"
	"github.com/clerkchat/mcp-gateway/internal/sandbox"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

// patience is longer than anything takes on a machine that is busy with other things: only what
// hangs exceeds it.
const patience = 5 * time.Minute

// TestMain has more tests run side by side than there are cores: those that are parallel wait for
// Redis most of their time.
func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f.Value.String() == fmt.Sprint(runtime.GOMAXPROCS(0)) {
		_ = f.Value.Set("12")
	}
	testkit.Main(m)
}

// signingKey is what every provider of these tests signs with: to make one takes longer than most
// of them.
var signingKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// valid is a configuration in front of a sandbox.
func valid(t *testing.T) config.Config {
	t.Helper()
	sb, err := sandbox.New(sandbox.Options{SigningKey: signingKey()})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(sb)
	t.Cleanup(srv.Close)
	return config.Config{
		Listen: "127.0.0.1:0", MaxBody: 1 << 20, Secrets: []config.Secret{"0123456789abcdef0123456789abcdef"},
		SessionMaxAge: time.Hour, SessionIdle: time.Hour, Auth: "none", TokenSubjectClaim: "sub", TokenScopeClaims: []string{"scope", "scp"},
		ClerkURL: srv.URL, ClerkAPIKey: sandbox.Key, ClerkCredential: "api-key", ClerkTimeout: patience,
		CallBudget: 3 * patience, BatchSize: 100, MaxBatch: 50, MaxAnswer: 8 << 20, WriteTimeout: patience, BodyTimeout: patience, SettleTime: time.Second, RedisTimeout: patience,
		OnStoreOutage: "refuse", OnStoreLoss: "refuse", AccessTokenLife: time.Hour, RefreshGrace: 10 * time.Minute,
		Recheck: 15 * time.Minute, GrantMaxAge: 720 * time.Hour,
		ShutdownTimeout: patience,
		MaxContacts:     500, MaxRecipients: 10,
	}
}

// run runs a gateway until the test ends and returns its base URL.
func run(t *testing.T, cfg config.Config) string {
	t.Helper()
	return runAt(t, cfg)
}

// runAt runs a gateway on a free port, whatever its public URL is, and returns where.
func runAt(t *testing.T, cfg config.Config, edit ...func(*gateway.Options)) string {
	t.Helper()
	cfg.Listen = "127.0.0.1:0"
	listeners, err := gateway.Listen(t.Context(), &cfg)
	if err != nil {
		t.Fatal(err)
	}
	opts := gateway.Options{
		Config: cfg, Version: "test", Logger: slog.New(slog.DiscardHandler), StoreTimeout: patience, TokenPatience: patience, SignInPatience: patience,
		TurnWait: patience, TurnStall: patience, CheckTime: patience, ClientDocuments: documents{},
	}
	for _, e := range edit {
		e(&opts)
	}
	g, err := gateway.New(opts)
	if err != nil {
		_ = listeners.Close()
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	started, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- g.Run(ctx, listeners, func(string) { started <- "http://" + cfg.Listen }) }()
	t.Cleanup(func() {
		cancel()
		http.DefaultClient.CloseIdleConnections()
		if err := <-ended; err != nil {
			t.Errorf("the gateway ended with %v", err)
		}
	})
	select {
	case base := <-started:
		return base
	case err := <-ended:
		ended <- nil
		t.Fatal(err)
		return ""
	}
}

// documentURL is a client that is known by its metadata document.
const documentURL = "https://client.example/metadata.json"

// documents are the clients' web sites.
type documents struct{}

func (documents) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	if r.URL.String() != documentURL {
		w.WriteHeader(http.StatusNotFound)
		return w.Result(), nil
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"client_id":"`+documentURL+`","client_name":"By document","token_endpoint_auth_method":"none",`+
		`"grant_types":["authorization_code","refresh_token"],"redirect_uris":["`+clientRedirect+`"]}`)
	return w.Result(), nil
}

type answer struct {
	status int
	header http.Header
	body   string
}

func received(a rpctest.Answer) answer { return answer{a.Status, a.Header, a.Body} }

func request(t *testing.T, method, url, body string, headers ...string) answer {
	t.Helper()
	return received(rpctest.Request{Method: method, URL: url, Body: body, Header: headers}.Do(t))
}

// bearer sends an access token with every request.
type bearer struct{ token string }

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if b.token != "" {
		r.Header.Set("Authorization", "Bearer "+b.token)
	}
	return http.DefaultTransport.RoundTrip(r)
}

func connect(t *testing.T, url, token, version string) (*mcp.ClientSession, error) {
	t.Helper()
	client := mcp.NewClient(&mcp.Implementation{Name: "gateway-test", Version: "1"}, nil)
	s, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{
		Endpoint: url, DisableStandaloneSSE: true, HTTPClient: &http.Client{Transport: bearer{token}},
	}, &mcp.ClientSessionOptions{ProtocolVersion: version})
	if err == nil {
		t.Cleanup(func() { _ = s.Close() })
	}
	return s, err
}

func decode(t *testing.T, body string, v any) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), v); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
}
