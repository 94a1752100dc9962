package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// ErrDrain says that the deadline for stopping passed with work under way.
var ErrDrain = errors.New("stopped with requests still under way")

// The limits of a connection. There is none on writing an answer: a call's own deadline bounds that.
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 60 * time.Second // a body of some MiB over a slow line
	idleTimeout       = 120 * time.Second
	maxHeaderBytes    = 64 << 10
)

// Run serves the addresses that [Listen] took for its configuration, calls started with the base URL, and goes on until
// ctx ends. Then it turns unready, waits the drain delay, finishes what is under way and returns nil, or [ErrDrain] if that
// took too long. It can be called once.
func (g *Gateway) Run(ctx context.Context, l *Listeners, started func(baseURL string)) (err error) {
	defer func() { err = errors.Join(err, g.close()) }()

	servers := []*http.Server{g.newServer(g.Handler())}
	listeners := []net.Listener{l.main}
	if l.admin != nil {
		servers = append(servers, g.newServer(g.AdminHandler()))
		listeners = append(listeners, l.admin)
	}
	failed := make(chan error, len(servers))
	for i, s := range servers {
		go func() { failed <- s.Serve(listeners[i]) }()
	}
	g.logger.Info("accepting requests", "address", l.main.Addr().String(), "auth", g.cfg.Auth, "clerk_url", g.cfg.ClerkURL)
	if started != nil {
		started(g.baseURL())
	}
	select {
	case <-ctx.Done():
		return g.stop(servers)
	case err := <-failed:
		return errors.Join(fmt.Errorf("serving: %w", err), closeAll(servers))
	}
}

func (g *Gateway) newServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(g.logger.Handler(), slog.LevelDebug),
	}
}

// stop drains: unready first, so that a balancer looks away; then no new connections; then the writes under way, which
// may outlive the connection of a client that went away.
func (g *Gateway) stop(servers []*http.Server) error {
	g.state.draining.Store(true)
	g.logger.Info("draining", "delay", g.cfg.DrainDelay, "deadline", g.cfg.ShutdownTimeout)
	<-time.After(g.cfg.DrainDelay)
	ctx, cancel := context.WithTimeout(context.Background(), g.cfg.ShutdownTimeout)
	defer cancel()
	var late bool
	for _, s := range servers {
		late = s.Shutdown(ctx) != nil || late
	}
	late = g.tools.Drain(ctx) != nil || late
	if late {
		g.logger.Error("the deadline for stopping has passed", "writes_of_unknown_outcome", g.tools.Writing())
		return errors.Join(ErrDrain, closeAll(servers))
	}
	g.logger.Info("stopped")
	return nil
}

func closeAll(servers []*http.Server) error {
	var errs []error
	for _, s := range servers {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

// baseURL is where clients reach the gateway, without a path.
func (g *Gateway) baseURL() string {
	if g.cfg.PublicURL != "" {
		return g.cfg.PublicURL
	}
	host, port, err := net.SplitHostPort(g.cfg.Listen)
	if err != nil { // it was listened at
		return "http://" + g.cfg.Listen
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, port)
}
