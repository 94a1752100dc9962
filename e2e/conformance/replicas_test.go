//go:build conformance

package conformance

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/e2e/conformance/fixtures"
	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/endpoint"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
	"github.com/clerkchat/mcp-gateway/internal/redistest"
)

// mounted are the fixtures of all gateways in this process.
var mounted fixtures.Replicas

func TestMain(m *testing.M) {
	endpoint.Mount(mounted.Options, mounted.Add)
	m.Run()
}

// startReplicas runs whole gateways with fixtures until the test ends, and gives the URL of their
// endpoint. Several share a Redis, and each takes its turn at the requests.
func startReplicas(t *testing.T, count int) string {
	t.Helper()
	var targets []*url.URL
	front := httptest.NewUnstartedServer(nil)
	cfg := config.Config{
		Listen: "127.0.0.1:0", Secrets: []config.Secret{"the-secret-of-the-replicas-in-these-tests"}, MaxBody: 1 << 20, SessionMaxAge: time.Hour, SessionIdle: time.Hour, Auth: "none",
		ClerkURL: "http://127.0.0.1:1", ClerkCredential: "api-key", ClerkAPIKey: "unused", ClerkTimeout: time.Minute, CallBudget: time.Minute,
		BatchSize: 100, MaxBatch: 50, MaxAnswer: 2 << 20, SettleTime: time.Second, OnStoreOutage: "refuse", OnStoreLoss: "refuse",
		ShutdownTimeout: 10 * time.Second, MaxContacts: 500, MaxRecipients: 10, WriteTimeout: 10 * time.Second, BodyTimeout: 10 * time.Second,
	}
	if count > 1 {
		cfg.RedisURL = config.Secret(redistest.Start(t).URL())
	}
	for range count {
		targets = append(targets, startReplica(t, cfg))
	}
	if count == 1 {
		return targets[0].String() + "/mcp"
	}
	var turn atomic.Uint64
	front.Config.Handler = &httputil.ReverseProxy{
		FlushInterval: -1,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(targets[turn.Add(1)%uint64(len(targets))])
			r.Out.Host = r.In.Host
		},
	}
	front.Start()
	t.Cleanup(front.Close)
	return front.URL + "/mcp"
}

func startReplica(t *testing.T, cfg config.Config) *url.URL {
	t.Helper()
	listeners, err := gateway.Listen(t.Context(), &cfg)
	if err != nil {
		t.Fatal(err)
	}
	g, err := gateway.New(gateway.Options{Config: cfg, Version: "test", Logger: slog.New(slog.DiscardHandler), StoreTimeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err, listeners.Close())
	}
	ctx, stop := context.WithCancel(context.Background())
	began, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- g.Run(ctx, listeners, func(base string) { began <- base }) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("a gateway ended with %v", err)
		}
	})
	base, err := url.Parse(<-began)
	if err != nil {
		t.Fatal(err)
	}
	return base
}
