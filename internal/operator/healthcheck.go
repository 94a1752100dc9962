package operator

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/setting"
)

// Healthcheck asks the gateway that listens on an address of this machine whether it is alive.
func Healthcheck(ctx context.Context, listen string, timeout time.Duration) error {
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return UsageError{fmt.Errorf("%s: %q is not an address; write host:port", setting.Listen, listen)}
	}
	if ip := net.ParseIP(host); host == "" || (ip != nil && ip.IsUnspecified()) {
		host = "127.0.0.1"
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort(host, port)+"/livez", nil)
	if err != nil {
		return UsageError{err}
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("not healthy: %w", err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("not healthy: answered %s", resp.Status)
	}
	return nil
}
