package gateway

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/observe"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

// settings is a Redis whose settings change.
type settings struct {
	mu  sync.Mutex
	now redisstore.Durability
	err error
}

func (s *settings) Durability(context.Context) (redisstore.Durability, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now, s.err
}

func (s *settings) set(d redisstore.Durability, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now, s.err = d, err
}

func TestWhatRedisMayLoseIsSaidWheneverItChanges(t *testing.T) {
	t.Parallel()
	evicts := redisstore.Durability{Violations: []string{"maxmemory-policy is not noeviction"}}
	silent := redisstore.Durability{Unchecked: []string{"appendfsync"}}
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		g := &Gateway{metrics: observe.NewMetrics("test"), logger: slog.New(slog.NewTextHandler(&log, nil))}
		store := &settings{err: errors.New("away")}
		ctx, cancel := context.WithCancel(t.Context())
		go g.watchDurability(ctx, store)
		for _, step := range []struct {
			what   string
			now    redisstore.Durability
			err    error
			wait   time.Duration
			metric string
			says   string // "" for nothing
		}{
			{what: "it is away", err: errors.New("away"), metric: "-1"},
			{what: "it is there, and as it should be", wait: durabilityAgain, metric: "1"},
			{what: "it evicts", now: evicts, wait: durabilityEvery, metric: "0", says: "maxmemory-policy is not noeviction"},
			{what: "it evicts still", now: evicts, wait: durabilityEvery, metric: "0"},
			{what: "it does not tell", now: silent, wait: durabilityEvery, metric: "-1", says: "appendfsync cannot be checked"},
			{what: "it does not answer", err: errors.New("away"), wait: durabilityEvery, metric: "-1"},
			{what: "it does not tell, as before", now: silent, wait: durabilityAgain, metric: "-1"},
			{what: "it is as it should be again", wait: durabilityEvery, metric: "1", says: "level=INFO"},
		} {
			store.set(step.now, step.err)
			time.Sleep(step.wait)
			synctest.Wait()
			if line := log.String(); strings.Contains(line, "\n") != (step.says != "") || !strings.Contains(line, step.says) {
				t.Errorf("%s: the log says %q, want %q", step.what, line, step.says)
			}
			log.Reset()
			if got := durableMetric(g); got != step.metric {
				t.Errorf("%s: the metric is %s, want %s", step.what, got, step.metric)
			}
		}
		cancel()
		synctest.Wait()
	})
}

func durableMetric(g *Gateway) string {
	w := httptest.NewRecorder()
	g.metrics.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil)) //nolint:noctx // nobody goes away
	_, value, _ := strings.Cut(w.Body.String(), "\nclerk_gateway_store_durable ")
	value, _, _ = strings.Cut(value, "\n")
	return value
}
