//go:build unix

package e2e

import (
	"bufio"
	"context"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

// cluster is three replicas that sign people in at the provider and use their tokens, behind one
// public URL where nobody listens.
type cluster struct {
	provider  *identityProvider
	redis     *redistest.Server
	base      string
	addresses []string
	processes []*gatewayProcess // where they are processes
}

const (
	replicaSecret = "the-secret-of-the-replicas-in-these-tests"
	gatewaySecret = "the secret of gateway" // at the provider
)

func newCluster(t *testing.T) *cluster {
	t.Helper()
	c := &cluster{base: "http://" + testkit.FreeAddress(t)}
	c.provider = startProvider(t, c.base+"/oauth/callback")
	c.redis = redistest.Start(t)
	for range 3 {
		c.addresses = append(c.addresses, testkit.FreeAddress(t))
	}
	return c
}

// startProcesses runs the replicas as processes, which can be killed. They wait for Redis as short
// as in earnest, so on a busy machine calls may be answered 503.
func startProcesses(t *testing.T) *cluster {
	t.Helper()
	c := newCluster(t)
	api := newAPI(t, c.provider)
	var starting sync.WaitGroup
	for _, address := range c.addresses {
		r := &gatewayProcess{address: address, ended: make(chan struct{})}
		c.processes = append(c.processes, r)
		starting.Go(func() {
			r.start(t, "GATEWAY_LISTEN="+address, "GATEWAY_PUBLIC_URL="+c.base, "GATEWAY_REDIS_URL="+c.redis.URL(),
				"GATEWAY_SECRET="+replicaSecret, "GATEWAY_AUTH=oauth", "GATEWAY_DRAIN_DELAY=0s",
				"OIDC_ISSUER="+c.provider.issuer, "OIDC_CLIENT_ID=gateway", "OIDC_CLIENT_SECRET="+gatewaySecret,
				"CLERK_API_URL="+api, "CLERK_CREDENTIAL=login")
		})
	}
	starting.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return c
}

// startGateways runs the replicas within this process, patient with Redis: these tests say that no
// call fails, and on a busy machine a call would where nothing else is wrong.
func startGateways(t *testing.T) *cluster {
	t.Helper()
	c := newCluster(t)
	api := newAPI(t, c.provider)
	for _, address := range c.addresses {
		cfg := config.Config{
			Listen: address, PublicURL: c.base, MaxBody: 1 << 20,
			Secrets: []config.Secret{replicaSecret}, RedisURL: config.Secret(c.redis.URL()),
			SessionMaxAge: time.Hour, SessionIdle: time.Hour, Auth: "oauth", TokenSubjectClaim: "sub", TokenScopeClaims: []string{"scope", "scp"},
			OIDCIssuer: c.provider.issuer, OIDCClientID: "gateway", OIDCClientSecret: gatewaySecret,
			OIDCScopes: []string{"email"}, OIDCParams: []string{"login_hint=ann@acme.example", "ui_locales=en"},
			AllowSignin: []string{"email_domain=acme.example"},
			ClerkURL:    api, ClerkCredential: "login", ClerkTimeout: time.Minute, CallBudget: time.Minute, BatchSize: 100, MaxBatch: 50, MaxAnswer: 2 << 20,
			SettleTime: time.Second, OnStoreOutage: "refuse", OnStoreLoss: "refuse", ShutdownTimeout: time.Minute,
			MaxContacts: 500, MaxRecipients: 10, WriteTimeout: time.Minute, BodyTimeout: time.Minute,
			AccessTokenLife: time.Hour, RefreshGrace: 10 * time.Minute,
			Recheck: 15 * time.Minute, GrantMaxAge: 720 * time.Hour, ClientDocuments: "on",
		}
		runGateway(t, cfg)
	}
	return c
}

func runGateway(t *testing.T, cfg config.Config) {
	t.Helper()
	listeners, err := gateway.Listen(t.Context(), &cfg)
	if err != nil {
		t.Fatal(err)
	}
	g, err := gateway.New(gateway.Options{
		Config: cfg, Version: "test", Logger: slog.New(slog.DiscardHandler), StoreTimeout: time.Minute, TokenPatience: time.Minute,
		SignInPatience: time.Minute, TurnWait: time.Minute, TurnStall: time.Minute, CheckTime: time.Minute,
	})
	if err != nil {
		t.Fatal(err, listeners.Close())
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx, listeners, nil) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("a gateway ended with %v", err)
		}
	})
}

// gatewayProcess is a replica.
type gatewayProcess struct {
	address string
	cmd     *exec.Cmd
	ended   chan struct{}
}

func (r *gatewayProcess) start(t *testing.T, env ...string) {
	binary, err := gatewayBinary()
	if err != nil {
		t.Errorf("building the gateway: %v", err)
		return
	}
	r.cmd = exec.Command(binary, "serve", "--log-level", "error")
	r.cmd.Env = append([]string{"PATH=" + os.Getenv("PATH")}, env...)
	r.cmd.Stderr = t.Output()
	stdout, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Error(err)
		return
	}
	if err := r.cmd.Start(); err != nil {
		t.Error(err)
		return
	}
	t.Cleanup(r.kill)
	lines := bufio.NewScanner(stdout)
	ready := lines.Scan() && strings.HasPrefix(lines.Text(), "ready ")
	go func() {
		_ = r.cmd.Wait()
		close(r.ended)
	}()
	if !ready {
		t.Error("a replica ended before it was ready")
	}
}

// kill ends the process without notice. One that has ended stays so.
func (r *gatewayProcess) kill() {
	_ = r.cmd.Process.Kill()
	<-r.ended
}

// listens tells whether the process takes connections.
func (r *gatewayProcess) listens() bool {
	conn, err := net.Dial("tcp", r.address)
	if err != nil {
		return false
	}
	_ = conn.Close()
	return true
}
