package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/observe"
	"github.com/clerkchat/mcp-gateway/internal/sandbox"
)

type sandboxCmd struct {
	SandboxListen string     `name:"sandbox-listen" env:"GATEWAY_SANDBOX_LISTEN" default:"127.0.0.1:8081" placeholder:"ADDR" help:"Address of the simulated Clerk Chat. Port 0 takes any free one."`
	LogLevel      slog.Level `name:"log-level" env:"GATEWAY_LOG_LEVEL" default:"info" placeholder:"LEVEL" help:"debug, info, warn or error."`
	LogFormat     string     `name:"log-format" env:"GATEWAY_LOG_FORMAT" default:"text" enum:"text,json" help:"text or json."`
}

// Run serves until a signal.
func (c *sandboxCmd) Run(ctx context.Context, s streams) error {
	logger := observe.NewLogger(s.err, c.LogLevel, c.LogFormat, nil)
	sb, err := startSandbox(ctx, c.SandboxListen, logger)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.err, "Simulated Clerk Chat on %s, key %s. What was sent: %s/_sandbox/messages\n", sb.url, sandbox.Key, sb.url)
	ready(s.out, "", sb.url)
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

func startSandbox(ctx context.Context, listen string, logger *slog.Logger) (*runningSandbox, error) {
	handler, err := sandbox.New(sandbox.Options{Logger: logger, History: true})
	if err != nil {
		return nil, err
	}
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("--sandbox-listen: %w", err)
	}
	sb := &runningSandbox{
		url:    "http://" + l.Addr().String(),
		server: &http.Server{Handler: handler, ReadHeaderTimeout: sandboxStop},
		failed: make(chan error, 1),
	}
	go func() {
		if err := sb.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			sb.failed <- fmt.Errorf("sandbox: %w", err)
		}
	}()
	return sb, nil
}

func (sb *runningSandbox) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), sandboxStop)
	defer cancel()
	if err := sb.server.Shutdown(ctx); err != nil {
		return errors.Join(fmt.Errorf("sandbox: %w", err), sb.server.Close())
	}
	return nil
}
