package gateway_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
	"github.com/clerkchat/mcp-gateway/internal/outputtest"
	"github.com/clerkchat/mcp-gateway/internal/rpctest"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

// logBuffer is what a gateway logs.
type logBuffer struct{ outputtest.Buffer }

func (l *logBuffer) logger() *slog.Logger { return slog.New(slog.NewTextHandler(&l.Buffer, nil)) }

// stoppable runs a gateway; stop tells it to end and gives what Run returned and how long it took.
func stoppable(t *testing.T, cfg config.Config) (base, admin string, stop func() (time.Duration, error)) {
	t.Helper()
	cfg.AdminListen = "127.0.0.1:0"
	listeners, err := gateway.Listen(t.Context(), &cfg)
	if err != nil {
		t.Fatal(err)
	}
	g, err := gateway.New(gateway.Options{
		Config: cfg, Version: "test", Logger: slog.New(slog.DiscardHandler), StoreTimeout: patience, TurnWait: patience, TurnStall: patience,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx, listeners, nil) }()
	return "http://" + cfg.Listen, "http://" + cfg.AdminListen, func() (time.Duration, error) {
		began := time.Now()
		cancel()
		http.DefaultClient.CloseIdleConnections()
		err := <-ended
		return time.Since(began), err
	}
}

// rawPost writes a request to a connection of its own.
func rawPost(t *testing.T, base string, length int, body io.Reader) *net.TCPConn {
	t.Helper()
	conn := rpctest.Dial(t, base)
	_, err := io.Copy(conn, io.MultiReader(strings.NewReader(rpctest.Head("/mcp", rpctest.Length(length))), body))
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

func TestStoppingWaitsForNoClientThatStandsStill(t *testing.T) {
	t.Parallel()
	cfg := valid(t)
	cfg.MaxBody = 16 << 20
	base, admin, stop := stoppable(t, cfg)
	// An answer of 12 MB, which no socket buffers hold.
	echo := []byte(`{"jsonrpc":"2.0","method":"ping","id":"` + strings.Repeat("x", 12<<20) + `"}`)
	reader := rawPost(t, base, len(echo), bytes.NewReader(echo))
	if _, err := bufio.NewReaderSize(reader, 16).ReadByte(); err != nil {
		t.Fatal(err)
	}
	rawPost(t, base, 1<<20, strings.NewReader(strings.Repeat(" ", 100<<10)))    // a body that stalls
	_, _ = io.WriteString(rpctest.Dial(t, base), "POST /mcp HTTP/1.1\r\nHost:") // headers that stall
	metric(t, admin, "clerk_gateway_requests_in_flight 2")
	if took, err := stop(); err != nil {
		t.Errorf("%v after %v, though nothing was cut off", err, took)
	}
}

func TestStoppingRefusesWhatWaitsAndFinishesWhatRuns(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	cfg := valid(t)
	cfg.ClerkURL, cfg.MaxInFlight = g.url, 1
	base, admin, stop := stoppable(t, cfg)
	answers := make(chan answer, 2)
	for range 2 {
		go func() {
			answers <- request(t, http.MethodPost, base+"/mcp", readMessages, "Content-Type", "application/json")
		}()
	}
	metric(t, admin, "clerk_gateway_requests_waiting 1")
	ended := make(chan error, 1)
	go func() {
		_, err := stop()
		ended <- err
	}()
	refused := <-answers
	if refused.status != http.StatusServiceUnavailable || refused.header.Get("Retry-After") == "" || strings.Contains(refused.body, `"id"`) {
		t.Errorf("what waits: %d %v %s", refused.status, refused.header, refused.body)
	}
	close(g.open)
	if served := <-answers; served.status != http.StatusOK {
		t.Errorf("what runs: %d %s", served.status, served.body)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestStoppingEndsInTimeWhateverHangs(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	cfg := valid(t)
	cfg.ClerkURL, cfg.ClerkTimeout, cfg.ShutdownTimeout = g.url, time.Hour, 500*time.Millisecond
	base, _, stop := stoppable(t, cfg)
	go func() {
		_, _ = rpctest.Post(base+"/mcp", readMessages).Send(t.Context(), http.DefaultClient)
	}()
	testkit.Eventually(t, "the API is asked", func() bool { return g.asked.Load() == 1 })
	if took, err := stop(); !errors.Is(err, gateway.ErrDrain) {
		t.Errorf("%v after %v, though a call was cut off", err, took)
	}
}
