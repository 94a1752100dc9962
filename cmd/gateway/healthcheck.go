package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/setting"
)

type healthcheckCmd struct {
	Listen  string        `name:"listen" help:"The address that the gateway listens on."`
	Timeout time.Duration `name:"timeout" env:"GATEWAY_HEALTHCHECK_TIMEOUT" default:"2s" placeholder:"DURATION" help:"How long to wait for an answer."`
}

// Run asks /livez. It talks to this machine only.
func (c *healthcheckCmd) Run(ctx context.Context, s streams) error {
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return usageError{fmt.Errorf("%s: %q is not an address; write host:port", setting.Listen, c.Listen)}
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/livez", nil)
	if err != nil {
		return usageError{err}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("not healthy: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("not healthy: answered %s", resp.Status)
	}
	fmt.Fprintln(s.out, "healthy")
	return nil
}
