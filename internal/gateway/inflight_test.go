package gateway_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/gateway"
	"github.com/clerkchat/mcp-gateway/internal/rpctest"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

// gate is an API whose reads wait until they are let go.
type gate struct {
	url    string
	asked  atomic.Int32
	atOnce atomic.Int32
	most   atomic.Int32
	open   chan struct{}
}

func newGate(t *testing.T) *gate {
	t.Helper()
	g := &gate{open: make(chan struct{})}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g.asked.Add(1)
		now := g.atOnce.Add(1)
		defer g.atOnce.Add(-1)
		for most := g.most.Load(); now > most && !g.most.CompareAndSwap(most, now); most = g.most.Load() {
		}
		select {
		case <-g.open:
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte(`{"data":[],"total":0,"page":1,"limit":50,"links":{}}`))
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(func() {
		srv.CloseClientConnections()
		srv.Close()
	})
	g.url = srv.URL
	return g
}

const readMessages = `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"get_messages","arguments":{}}}`

// metric waits until a metric has a value.
func metric(t *testing.T, admin, line string) {
	t.Helper()
	testkit.Eventually(t, line, func() bool {
		return strings.Contains(request(t, http.MethodGet, admin+"/metrics", "").body, "\n"+line+"\n")
	})
}

// inFlight runs a gateway that tells addresses apart, and gives its URL and that of its metrics.
func inFlight(t *testing.T, g *gate, all, each int) (base, admin string) {
	t.Helper()
	cfg := valid(t)
	cfg.ClerkURL, cfg.AdminListen, cfg.TrustedProxies = g.url, "127.0.0.1:0", []string{"127.0.0.1"}
	cfg.MaxInFlight, cfg.MaxInFlightPerCaller = all, each
	base = runAt(t, cfg, func(o *gateway.Options) { admin = "http://" + o.Config.AdminListen })
	return base, admin
}

func TestRequestsInFlightAreBoundedPerCaller(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	base, admin := inFlight(t, g, 4, 2)
	var calls sync.WaitGroup
	call := func(from string) {
		calls.Go(func() {
			a := request(t, http.MethodPost, base+"/mcp", readMessages, "Content-Type", "application/json", "X-Forwarded-For", from)
			if a.status != http.StatusOK || strings.Contains(a.body, `"isError":true`) {
				t.Errorf("%s: %d %s", from, a.status, a.body)
			}
		})
	}
	for range 6 {
		call("192.0.2.1")
	}
	metric(t, admin, "clerk_gateway_requests_waiting 4")
	call("192.0.2.2")
	call("2001:db8::1")
	testkit.Eventually(t, "others get their turn", func() bool { return g.asked.Load() == 4 })
	call("2001:db8::2") // the same network, as far as anybody can tell
	metric(t, admin, "clerk_gateway_requests_waiting 5")
	metric(t, admin, "clerk_gateway_requests_in_flight 4")
	if a := request(t, http.MethodGet, base+"/mcp", "", "Accept", "text/html"); a.status != http.StatusOK {
		t.Errorf("a page waits for a turn: %d", a.status)
	}
	close(g.open)
	calls.Wait()
	if g.asked.Load() != 9 || g.most.Load() != 4 {
		t.Errorf("%d requests of the API, %d at once", g.asked.Load(), g.most.Load())
	}
	metric(t, admin, "clerk_gateway_requests_in_flight 0")
}

func TestRequestThatWaitsLeavesWithItsClient(t *testing.T) {
	t.Parallel()
	g := newGate(t)
	base, admin := inFlight(t, g, 1, 1)
	var calls sync.WaitGroup
	defer calls.Wait()
	defer close(g.open)
	calls.Go(func() { request(t, http.MethodPost, base+"/mcp", readMessages, "Content-Type", "application/json") })
	metric(t, admin, "clerk_gateway_requests_in_flight 1")
	ctx, cancel := context.WithCancel(t.Context())
	calls.Go(func() {
		if _, err := rpctest.Post(base+"/mcp", readMessages).Send(ctx, http.DefaultClient); err == nil {
			t.Error("it was answered")
		}
	})
	metric(t, admin, "clerk_gateway_requests_waiting 1")
	cancel()
	metric(t, admin, "clerk_gateway_requests_waiting 0")
}

func TestBatchBoundIsConfigured(t *testing.T) {
	t.Parallel()
	cfg := valid(t)
	cfg.MaxBatch = 3
	base := run(t, cfg)
	for n, want := range map[int]int{3: http.StatusOK, 4: http.StatusBadRequest} {
		all := make([]string, n)
		for i := range all {
			all[i] = fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"ping"}`, i)
		}
		a := request(t, http.MethodPost, base+"/mcp", "["+strings.Join(all, ",")+"]", "Content-Type", "application/json")
		if a.status != want {
			t.Errorf("%d messages: %d %s", n, a.status, a.body)
		}
	}
}

// One result is small, so the bound is for the results of a batch together.
func TestAnswerBoundIsConfigured(t *testing.T) {
	t.Parallel()
	const at = "2026-01-02T03:04:05Z"
	messages := make([]string, 50)
	for i := range messages {
		messages[i] = fmt.Sprintf(`{"id":%d,"body":%q,"conversationId":"c","inbound":false,"members":["+15551234567"],`+
			`"sender":"+15551234567","senderType":"user","status":"sent","created":%q,"updated":%q,"timestamp":%q,"seen":false,"segments":1}`,
			i, strings.Repeat("x", 900), at, at, at)
	}
	page := `{"total":50,"data":[` + strings.Join(messages, ",") + `]}`
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, page)
	}))
	t.Cleanup(api.Close)
	calls := make([]string, 30)
	for i := range calls {
		calls[i] = strings.Replace(readCall, `"id":8`, fmt.Sprintf(`"id":%d`, 100+i), 1)
	}
	batch := "[" + strings.Join(calls, ",") + "]"
	for most, refused := range map[int64]bool{1 << 20: true, 8 << 20: false} {
		cfg := valid(t)
		cfg.ClerkURL, cfg.MaxAnswer = api.URL, most
		a := request(t, http.MethodPost, run(t, cfg)+"/mcp", batch, "Content-Type", "application/json")
		if said := strings.Contains(a.body, "larger than this server sends"); said != refused || !refused && len(a.body) < 1<<20 {
			t.Errorf("at most %d bytes: %d, %d bytes, %.300s", most, a.status, len(a.body), a.body)
		}
	}
}

func TestWithoutAnythingToTellClientsApartTheLogSaysSo(t *testing.T) {
	t.Parallel()
	for _, proxies := range [][]string{nil, {"127.0.0.1"}} {
		var log logBuffer
		cfg := valid(t)
		cfg.TrustedProxies = proxies
		runAt(t, cfg, func(o *gateway.Options) { o.Logger = log.logger() })
		if said := strings.Contains(log.String(), "all clients share one part of --max-in-flight"); said != (proxies == nil) {
			t.Errorf("trusted proxies %v: %s", proxies, log.String())
		}
	}
}
