package endpoint_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/endpoint"
	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
	"github.com/clerkchat/mcp-gateway/pkg/session/sessiontest"
)

// One call of a tool that does nothing, without the network: what the protocol costs.
func BenchmarkCall(b *testing.B) {
	keys, err := seal.New([]byte(secret))
	if err != nil {
		b.Fatal(err)
	}
	table, err := session.NewTable(session.Options{Sealer: keys.Sealer("session id"), Records: sessiontest.NewMemory()})
	if err != nil {
		b.Fatal(err)
	}
	e, err := endpoint.New(endpoint.Options{
		Tools: &tools{}, Sessions: table, Name: "bench", Version: "1", Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	s, err := table.Create(b.Context(), session.Info{Version: "2025-11-25", ClientName: "bench"})
	if err != nil {
		b.Fatal(err)
	}
	for name, call := range map[string]struct {
		body    string
		headers []string
	}{
		"legacy": {callProbe, []string{"Mcp-Session-Id", s.ID, "Mcp-Protocol-Version", "2025-11-25"}},
		"modern": {callProbeModern, modernHeaders},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/mcp", strings.NewReader(call.body))
				r.Header.Set("Content-Type", "application/json")
				for i := 0; i < len(call.headers); i += 2 {
					r.Header.Set(call.headers[i], call.headers[i+1])
				}
				w := httptest.NewRecorder()
				e.ServeHTTP(w, r)
				if w.Code != http.StatusOK {
					body, _ := io.ReadAll(w.Body)
					b.Fatalf("%d %s", w.Code, body)
				}
			}
		})
	}
}
