package e2e

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
	"github.com/clerkchat/mcp-gateway/internal/sandbox"
)

// What makes a process of the tests' binary a replica, see [TestMain], and what it is told.
const (
	replicaVariable = "E2E_REPLICA" // the address to listen on
	replicaPublic   = "E2E_REPLICA_PUBLIC_URL"
	replicaRedis    = "E2E_REPLICA_REDIS_URL"
	replicaSandbox  = "E2E_REPLICA_SANDBOX_URL"
	replicaLife     = "E2E_REPLICA_ACCESS_TOKEN_LIFE"
)

// serveReplica is a gateway like that of the binary, but for access tokens that end while a test
// waits. It runs until the process is interrupted or killed, and returns the exit code.
func serveReplica() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	life, err := time.ParseDuration(os.Getenv(replicaLife))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	sandboxURL := os.Getenv(replicaSandbox)
	cfg := config.Config{
		Listen: os.Getenv(replicaVariable), PublicURL: os.Getenv(replicaPublic), TrustedProxies: []string{"127.0.0.1"}, MaxBody: 1 << 20,
		Secrets: []config.Secret{replicaSecret}, RedisURL: config.Secret(os.Getenv(replicaRedis)),
		SessionMaxAge: time.Hour, SessionIdle: time.Hour, Auth: "oauth", AllowAnyUser: true,
		TokenSubjectClaim: "sub", TokenScopeClaims: []string{"scope", "scp"},
		OIDCIssuer: sandboxURL + "/oidc", OIDCClientID: sandbox.ClientID, OIDCClientSecret: sandbox.ClientSecret,
		ClerkURL: sandboxURL, ClerkAPIKey: sandbox.Key, ClerkCredential: "api-key",
		ClerkTimeout: 30 * time.Second, CallBudget: 55 * time.Second, BatchSize: 100, MaxBatch: 50, MaxAnswer: 2 << 20,
		SettleTime: 5 * time.Second, OnStoreOutage: "refuse", OnStoreLoss: "refuse", ShutdownTimeout: time.Minute,
		MaxContacts: 500, MaxRecipients: 10, WriteTimeout: time.Minute, BodyTimeout: time.Minute, AccessTokenLife: time.Hour, RefreshGrace: min(10*time.Minute, life/2),
		Recheck: 15 * time.Minute, GrantMaxAge: 720 * time.Hour, ClientDocuments: "on",
	}
	listeners, err := gateway.Listen(ctx, &cfg)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	g, err := gateway.New(gateway.Options{
		Config: cfg, Version: "test", AccessTokenLife: life, ClientDocuments: noInternet{}, TurnWait: time.Minute, TurnStall: time.Minute,
		Logger: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err == nil {
		err = g.Run(ctx, listeners, func(string) { fmt.Println("ready") })
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// noInternet lets no metadata document of a client be fetched: tests go nowhere but to this
// machine, and what is built in has to do.
type noInternet struct{}

// RoundTrip is of [http.RoundTripper].
func (noInternet) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("there is no internet here")
}
