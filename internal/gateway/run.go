package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/internal/web"
)

// ErrDrain says that the deadline for stopping passed with work under way.
var ErrDrain = errors.New("stopped with requests still under way")

// The limits of a connection. Those on reading a body and writing an answer move with what arrives:
// see [web.Pace].
const (
	readHeaderTimeout = 10 * time.Second
	readTimeout       = 20 * time.Second // of a body that nobody reads
	idleTimeout       = 120 * time.Second
	maxHeaderBytes    = token.MaxLength // no token that fits is too long
)

// The limits of a connection of HTTP/2, which proxies speak in clear text by prior knowledge (RFC
// 9113 §3.3). What arrives of bodies before anybody reads them lies in memory.
const (
	maxStreams       = 100
	maxUnreadConn    = 256 << 10
	maxUnreadStream  = 64 << 10
	pingAfterSilence = 30 * time.Second
	pingAnswer       = 15 * time.Second
)

const (
	// maxReserve is what is kept of the deadline for stopping for what follows the requests:
	// storing what they came to.
	maxReserve = 3 * time.Second
	// maxHurry is how long clients may stand still while the process stops, see [web.Pace.Hurry].
	maxHurry = 3 * time.Second
	idlePoll = 20 * time.Millisecond
)

// Run serves the addresses that [Listen] took for its configuration, calls started with the base
// URL, and goes on until ctx ends. Then it turns unready, waits the drain delay, finishes what is
// under way and returns nil, or [ErrDrain] if that took too long. Whatever hangs, it returns when
// drain delay and shutdown timeout have passed. It can be called once.
func (g *Gateway) Run(ctx context.Context, l *Listeners, started func(baseURL string)) error {
	bound := web.NewConnections(connections(&g.cfg))
	main := g.newServer(bound.Handler(g.Handler()))
	main.ConnContext, main.ConnState = bound.Context, bound.State
	servers, listeners := []*http.Server{main}, []net.Listener{bound.Listener(g.pace.Listener(l.main))}
	if l.admin != nil {
		servers = append(servers, g.newServer(g.AdminHandler()))
		listeners = append(listeners, g.pace.Listener(l.admin))
	}
	failed := make(chan error, len(servers))
	for i, s := range servers {
		go func() { failed <- s.Serve(listeners[i]) }()
	}
	g.probeProvider()
	g.logger.Info("accepting requests", "address", l.main.Addr().String(), "auth", g.cfg.Auth, "clerk_url", g.cfg.ClerkURL)
	if started != nil {
		started(g.baseURL())
	}
	select {
	case <-ctx.Done():
		return g.stop(servers)
	case err := <-failed:
		ctx, cancel := context.WithTimeout(context.Background(), g.cfg.ShutdownTimeout)
		defer cancel()
		err = errors.Join(fmt.Errorf("serving: %w", err), closeAll(servers))
		_, closeErr := g.finish(ctx)
		return errors.Join(err, closeErr)
	}
}

func (g *Gateway) newServer(h http.Handler) *http.Server {
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Protocols: &protocols,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: maxStreams, MaxReceiveBufferPerConnection: maxUnreadConn, MaxReceiveBufferPerStream: maxUnreadStream,
			SendPingTimeout: pingAfterSilence, PingTimeout: pingAnswer,
		},
		Handler:           h,
		ReadHeaderTimeout: readHeaderTimeout,
		ReadTimeout:       readTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(g.logger.Handler(), slog.LevelDebug),
	}
}

// stop drains: unready first, so that a balancer looks away; then no new connections; then the
// writes under way, which may outlive the connection of a client that went away; then what works in
// the background. A client that does not read its answer is not waited for.
func (g *Gateway) stop(servers []*http.Server) error {
	g.probes.Drain()
	hurry := min(maxHurry, g.cfg.ShutdownTimeout/4)
	g.pace.Hurry(hurry)
	g.logger.Info("draining", "delay", g.cfg.DrainDelay, "deadline", g.cfg.ShutdownTimeout)
	<-time.After(g.cfg.DrainDelay)
	ctx, cancel := context.WithTimeout(context.Background(), g.cfg.ShutdownTimeout)
	defer cancel()
	requests, cancelRequests := context.WithTimeout(ctx, g.cfg.ShutdownTimeout-min(maxReserve, g.cfg.ShutdownTimeout/5))
	defer cancelRequests()
	g.turns.close() // what has not begun is not begun any more
	g.tools.Stop()
	asked, nothingAsked := context.WithCancel(requests)
	defer nothingAsked()
	go g.whenIdle(asked, hurry, nothingAsked)
	var late bool
	for _, s := range servers {
		late = s.Shutdown(asked) != nil && g.active.Load() > 0 || late
	}
	late = g.tools.Drain(requests) != nil || late
	if late {
		g.logger.Error("the deadline for stopping has passed", "writes_of_unknown_outcome", g.tools.Writing())
	}
	err := closeAll(servers)
	unfinished, closeErr := g.finish(ctx)
	if err = errors.Join(err, closeErr); late || unfinished {
		return errors.Join(ErrDrain, err)
	}
	g.logger.Info("stopped")
	return err
}

// whenIdle ends the wait for connections on which no request is being answered: a client may have
// begun one and not go on.
func (g *Gateway) whenIdle(ctx context.Context, patience time.Duration, end func()) {
	for wait := patience; ctx.Err() == nil; wait = idlePoll {
		select {
		case <-ctx.Done():
		case <-time.After(wait):
			if g.active.Load() == 0 {
				end()
			}
		}
	}
}

// finish releases what New opened, and has what works in the background end. What has not ended
// with ctx is left behind.
func (g *Gateway) finish(ctx context.Context) (late bool, err error) {
	g.finishing = ctx
	ended := make(chan error, 1)
	go func() { ended <- g.close() }()
	select {
	case err := <-ended:
		return false, err
	case <-ctx.Done():
		g.logger.Error("the deadline for stopping has passed; what was still to be stored is given up")
		return true, nil
	}
}

// counted counts the requests that are being answered.
func (g *Gateway) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.active.Add(1)
		defer g.active.Add(-1)
		next.ServeHTTP(w, r)
	})
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
