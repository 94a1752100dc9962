package netx_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/netx"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// far is a server that answers with bytes of its own: once first, and then a piece a second until
// its client hangs up.
type far struct{ first, piece string }

// transport reaches the server over pipes.
func (f far) transport(t *testing.T) *http.Transport {
	t.Helper()
	transport := netx.NewTransport()
	transport.DialContext = func(context.Context, string, string) (net.Conn, error) {
		client, server := net.Pipe()
		go f.serve(server)
		return client, nil
	}
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

func (f far) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	gone := make(chan struct{})
	if _, err := conn.Read(make([]byte, 4096)); err != nil { // the request
		return
	}
	go func() {
		defer close(gone)
		_, _ = io.Copy(io.Discard, conn)
	}()
	for s := f.first; ; s = f.piece {
		if _, err := io.WriteString(conn, s); err != nil {
			return
		}
		select {
		case <-gone:
			return
		case <-time.After(time.Second):
		}
	}
}

func get(client *http.Client, t *testing.T) (status int, body string, err error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://far.example/", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(data), err
}

func TestFetchEndsHoweverItIsAnswered(t *testing.T) {
	const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	for name, tt := range map[string]struct {
		far
		want error
		took time.Duration
	}{
		"101":                  {far{"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n", "x"}, netx.ErrSwitched, 0},
		"103 without end":      {far{"", "HTTP/1.1 103 Early Hints\r\n\r\n"}, context.DeadlineExceeded, 10 * time.Second},
		"nothing":              {far{}, context.DeadlineExceeded, 10 * time.Second},
		"headers without end":  {far{"HTTP/1.1 200 OK\r\n", "X: y\r\n"}, context.DeadlineExceeded, 10 * time.Second},
		"a body that dribbles": {far{chunked, "1\r\nx\r\n"}, context.DeadlineExceeded, 10 * time.Second},
		"trailers without end": {far{chunked + "0\r\n", "X: y\r\n"}, context.DeadlineExceeded, 10 * time.Second},
		"a large body":         {far{chunked + "65\r\n" + strings.Repeat("x", 101) + "\r\n", ""}, netx.ErrTooLarge, 0},
		"redirects without end": {far{"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
			"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"}, context.DeadlineExceeded, 10 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				defer synctest.Wait()
				client := netx.NewClient(tt.transport(t), netx.Bounds{
					Timeout: 10 * time.Second, MaxBody: 100,
					CheckRedirect: func(*http.Request, []*http.Request) error { return nil },
				})
				began := time.Now()
				_, _, err := get(client, t)
				var timeout interface{ Timeout() bool }
				late := tt.want == context.DeadlineExceeded && errors.As(err, &timeout) && timeout.Timeout() //nolint:errorlint // what is wanted
				if !errors.Is(err, tt.want) && !late || time.Since(began) > tt.took {
					t.Errorf("%v after %v, want %v within %v", err, time.Since(began), tt.want, tt.took)
				}
			})
		})
	}
}

func TestHeadersOfAnAnswerAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		defer synctest.Wait()
		f := far{"HTTP/1.1 200 OK\r\n" + strings.Repeat("X: "+strings.Repeat("y", 1000)+"\r\n", 100) + "\r\n", ""}
		client := netx.NewClient(f.transport(t), netx.Bounds{Timeout: time.Second, MaxBody: 100})
		if _, _, err := get(client, t); err == nil || !strings.Contains(err.Error(), "header") {
			t.Error(err)
		}
	})
}

func TestAnswerWithinItsBoundsIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		defer synctest.Wait()
		f := far{"HTTP/1.1 404 Not Found\r\nContent-Length: 100\r\n\r\n" + strings.Repeat("x", 100), ""}
		client := netx.NewClient(f.transport(t), netx.Bounds{Timeout: time.Second, MaxBody: 100})
		status, body, err := get(client, t)
		if status != http.StatusNotFound || len(body) != 100 || err != nil {
			t.Errorf("%d %q %v", status, body, err)
		}
	})
}

// deaf is a body whose reads know nothing of deadlines.
type deaf struct{ closed chan struct{} }

func (d deaf) Read([]byte) (int, error) {
	<-d.closed
	return 0, http.ErrBodyReadAfterClose
}

func (d deaf) Close() error {
	select {
	case <-d.closed:
	default:
		close(d.closed)
	}
	return nil
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestDeadlineReachesBodiesOfAnyTransport(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := netx.NewClient(roundTrip(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: deaf{make(chan struct{})}, Request: r}, nil
		}), netx.Bounds{Timeout: time.Second, MaxBody: 100})
		if _, _, err := get(client, t); err == nil {
			t.Error("it ended well")
		}
	})
}
