package gateway

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/web"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

type silentObserver struct{}

func (silentObserver) Observe(context.Context, mcpadapter.Facts) {}

func TestUnrecognizableCallsAreWarnedOfOnceAnHour(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	now := time.Unix(0, 0)
	u := &unrecognizable{
		Observer: silentObserver{}, logger: slog.New(slog.NewTextHandler(&log, nil)), now: func() time.Time { return now },
	}
	proxies, err := web.NewProxies([]string{"10.0.0.0/8"})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/mcp", nil)
	r.RemoteAddr = "10.0.0.1:1"
	proxies.Identify(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		for _, step := range []struct {
			after        time.Duration
			recognizable bool
			want         int
		}{{0, true, 0}, {0, false, 1}, {time.Hour - time.Second, false, 1}, {time.Second, true, 1}, {0, false, 2}, {time.Minute, false, 2}} {
			now = now.Add(step.after)
			u.Observe(r.Context(), mcpadapter.Facts{Tool: "send_message", Unrecognizable: !step.recognizable})
			if n := strings.Count(log.String(), "level=WARN"); n != step.want {
				t.Errorf("at %v: %d warnings; want %d", now.Sub(time.Unix(0, 0)), n, step.want)
			}
		}
	})).ServeHTTP(httptest.NewRecorder(), r)
}
