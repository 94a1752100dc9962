package observe_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/observe"
	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

func TestACallIsCountedAndLoggedWithoutWhatAClientSmugglesIn(t *testing.T) {
	var log bytes.Buffer
	metrics := observe.NewMetrics("test")
	logger := observe.NewLogger(&log, slog.LevelInfo, "text", func(context.Context) []slog.Attr {
		return []slog.Attr{slog.String("request_id", "R1")}
	})
	ctx := request.With(t.Context(), &request.Request{Client: identity.Client{Name: "claude-code 2 +15551234567\n\"x\""}})
	observe.NewCalls(logger, metrics).Observe(ctx, mcpadapter.Facts{
		Tool: "send_message", Disposition: mcpadapter.DispositionExecuted, Recipients: 2, Segments: 3,
	})

	line := log.String()
	for _, want := range []string{"tool=send_message", "outcome=ok", "request_id=R1", "claude-code"} {
		if !strings.Contains(line, want) {
			t.Errorf("%q lacks %q", line, want)
		}
	}
	if strings.Contains(line, "15551234567") || strings.Count(line, "\n") != 1 {
		t.Errorf("the line is %q", line)
	}
	w := httptest.NewRecorder()
	metrics.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	for _, want := range []string{
		`clerk_gateway_tool_calls_total{outcome="ok",tool="send_message"} 1`, "clerk_gateway_segments_total 6",
		"clerk_gateway_recipients_total 2", `clerk_gateway_creations_total{disposition="executed",tool="send_message"} 1`,
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
}

func TestRecipientsOfAReplayedMessageAreCountedOnce(t *testing.T) {
	metrics := observe.NewMetrics("test")
	calls := observe.NewCalls(slog.New(slog.DiscardHandler), metrics)
	for path, outcome := range map[mcpadapter.Disposition]mcpadapter.Outcome{
		mcpadapter.DispositionNotFoundYet: mcpadapter.OutcomeUnknown, mcpadapter.DispositionReconciled: mcpadapter.OutcomeOK,
		mcpadapter.DispositionReplayed: mcpadapter.OutcomeOK, mcpadapter.DispositionNotExecuted: mcpadapter.OutcomeRefused,
		mcpadapter.DispositionExecuted: mcpadapter.OutcomeFailed, // taken, and failed
	} {
		calls.Observe(t.Context(), mcpadapter.Facts{Tool: "send_message", Outcome: outcome, Disposition: path, Recipients: 2, Segments: 1})
	}
	w := httptest.NewRecorder()
	metrics.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	for _, want := range []string{
		"clerk_gateway_recipients_total 2", `clerk_gateway_creations_total{disposition="replayed",tool="send_message"} 1`,
		`clerk_gateway_creations_total{disposition="not_found_yet",tool="send_message"} 1`,
	} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
}

func TestACallThatTookAsLongAsItMayIsWithinTheHistogram(t *testing.T) {
	metrics := observe.NewMetrics("test")
	observe.NewCalls(slog.New(slog.DiscardHandler), metrics).Observe(t.Context(),
		mcpadapter.Facts{Tool: "send_message", Disposition: mcpadapter.DispositionExecuted, Duration: 90 * time.Second})
	w := httptest.NewRecorder()
	metrics.Handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	within := 0
	for line := range strings.Lines(w.Body.String()) {
		if strings.HasPrefix(line, "clerk_gateway_tool_call_seconds_bucket") && strings.HasSuffix(line, " 1\n") &&
			!strings.Contains(line, `le="+Inf"`) {
			within++
		}
	}
	if within == 0 {
		t.Error("it took longer than anything that is told apart")
	}
}
