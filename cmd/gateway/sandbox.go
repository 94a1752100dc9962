package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/observe"
	"github.com/clerkchat/mcp-gateway/internal/operator"
	"github.com/clerkchat/mcp-gateway/internal/sandbox"
	"github.com/clerkchat/mcp-gateway/internal/setting"
	"github.com/clerkchat/mcp-gateway/internal/web"
)

type sandboxCmd struct {
	SandboxListen string     `name:"sandbox-listen" env:"GATEWAY_SANDBOX_LISTEN" default:"127.0.0.1:8081" placeholder:"ADDR" help:"Address of the simulated Clerk Chat. Port 0 takes any free one."`
	AllowedHosts  []string   `name:"allowed-hosts" env:"GATEWAY_SANDBOX_ALLOWED_HOSTS" placeholder:"NAME" help:"Host names to answer for besides addresses and loopback names, such as that of its container."`
	Lenient       bool       `name:"lenient" env:"GATEWAY_SANDBOX_LENIENT" help:"Take what carriers would refuse, such as recipients that are not numbers."`
	LogLevel      slog.Level `name:"log-level" help:"debug, info, warn or error."`
	LogFormat     string     `name:"log-format" help:"text or json."`
}

// Run serves until a signal.
func (c *sandboxCmd) Run(ctx context.Context, s streams) error {
	logger := observe.NewLogger(s.Err, c.LogLevel, c.LogFormat, nil)
	sb, err := startSandbox(ctx, c.SandboxListen, c.AllowedHosts, sandbox.Options{Logger: logger, History: true, Lenient: c.Lenient})
	if err != nil {
		return err
	}
	howToUse(s.Err, sb.url)
	ready(s.Out, "", sb.url)
	select {
	case <-ctx.Done():
		return sb.stop()
	case err := <-sb.failed:
		return err
	}
}

// runningSandbox is a simulated Clerk Chat on an address of its own.
type runningSandbox struct {
	url    string
	server *http.Server
	failed chan error
}

// sandboxStop bounds how long requests under way may take when the sandbox stops.
const sandboxStop = 5 * time.Second

// startSandbox answers for addresses, loopback names and the host names given: it asks for no
// password, so a web page must not reach it by a name of its own (DNS rebinding).
func startSandbox(ctx context.Context, listen string, hosts []string, opts sandbox.Options) (*runningSandbox, error) {
	handler, err := sandbox.New(opts)
	if err != nil {
		return nil, err
	}
	guard, err := web.NewGuard(nil, hosts, nil)
	if err != nil {
		return nil, operator.Usage(fmt.Errorf(setting.AllowedHostsFlag+": %w", err))
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("--sandbox-listen: %w", err)
	}
	sb := &runningSandbox{
		url:    "http://" + reachable(l.Addr().String()),
		server: &http.Server{Handler: guard.Hosts(handler), ReadHeaderTimeout: sandboxStop},
		failed: make(chan error, 1),
	}
	go func() {
		if err := sb.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			sb.failed <- fmt.Errorf("sandbox: %w", err)
		}
	}()
	return sb, nil
}

// reachable is an address on which this machine reaches a listener.
func reachable(address string) string {
	host, port, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err == nil && ip.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", port)
	}
	return address
}

// howToUse is for the person at the terminal.
func howToUse(w io.Writer, url string) {
	fmt.Fprintf(w, "\nSimulated Clerk Chat: messages reach nobody.\n\n  REST API       %s, key %s\n  Sent messages  %s/_sandbox/messages\n"+
		"  Sign-in        %s (OpenID Connect), client %s, secret %s, for %s\n\n",
		url, sandbox.Key, url, signInAt(url), sandbox.ClientID, sandbox.ClientSecret, strings.Join(sandbox.People(), " and "))
}

// signInAt is the issuer of a sandbox's sign-in.
func signInAt(sandboxURL string) string { return sandboxURL + "/oidc" }

func (sb *runningSandbox) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), sandboxStop)
	defer cancel()
	if err := sb.server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("sandbox: %w", err), sb.server.Close())
	}
	return nil
}
