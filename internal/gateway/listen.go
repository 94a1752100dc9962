package gateway

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/setting"
)

// Listeners are the addresses of a gateway: taken, and not served yet. Clients that come early
// wait.
type Listeners struct {
	main, admin net.Listener // admin is nil if there is none
}

// Listen takes the addresses of a configuration and completes it: where it said port 0, it names
// the port that was taken. What derives from the address, such as the issuer of tokens, is then
// known before a gateway is made of it.
func Listen(ctx context.Context, cfg *config.Config) (*Listeners, error) {
	var lc net.ListenConfig
	main, err := lc.Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf(setting.ListenFlag+": %w", err)
	}
	l := &Listeners{main: main}
	if cfg.AdminListen != "" {
		if l.admin, err = lc.Listen(ctx, "tcp", cfg.AdminListen); err != nil {
			return nil, errors.Join(fmt.Errorf(setting.AdminListenFlag+": %w", err), main.Close())
		}
		cfg.AdminListen = withPortOf(cfg.AdminListen, l.admin)
	}
	cfg.Listen = withPortOf(cfg.Listen, l.main)
	return l, nil
}

// Close gives up addresses that no gateway serves.
func (l *Listeners) Close() error {
	err := l.main.Close()
	if l.admin != nil {
		err = errors.Join(err, l.admin.Close())
	}
	return err
}

// withPortOf keeps the host as it was written: it is how clients are told to reach the gateway.
func withPortOf(address string, l net.Listener) string {
	host, _, err := net.SplitHostPort(address)
	_, port, boundErr := net.SplitHostPort(l.Addr().String())
	if err != nil || boundErr != nil { // it was listened at
		return address
	}
	return net.JoinHostPort(host, port)
}
