package gateway_test

import (
	"context"
	"testing"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

func TestAClientHearsOfTheProgressOfABatch(t *testing.T) {
	t.Parallel()
	for name, version := range map[string]string{"legacy": "2025-11-25", "modern": ""} {
		t.Run(name, func(t *testing.T) {
			cfg := valid(t)
			cfg.BatchSize = 1
			base := run(t, cfg)
			heard := make(chan *mcp.ProgressNotificationParams, 3)
			client := mcp.NewClient(&mcp.Implementation{Name: "gateway-test", Version: "1"}, &mcp.ClientOptions{
				ProgressNotificationHandler: func(_ context.Context, req *mcp.ProgressNotificationClientRequest) { heard <- req.Params },
			})
			s, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{Endpoint: base + "/mcp", DisableStandaloneSSE: true},
				&mcp.ClientSessionOptions{ProtocolVersion: version})
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = s.Close() }()
			params := &mcp.CallToolParams{Name: "create_contacts_batch", Arguments: map[string]any{"contacts": []map[string]any{
				{"name": "A", "phone": "+15550000001"}, {"name": "B", "phone": "+15550000002"}, {"name": "C", "phone": "+15550000003"},
			}}}
			params.SetProgressToken(7)
			if result, err := s.CallTool(t.Context(), params); err != nil || result.IsError {
				t.Fatalf("%+v %v", result, err)
			}
			last := 0.0
			for last < 3 { // the last one is never left out; the test hangs if it is
				p := <-heard
				if p.Progress <= last || p.Total != 3 || p.ProgressToken != 7.0 {
					t.Fatalf("%+v after %v", p, last)
				}
				last = p.Progress
			}
		})
	}
}
