package web

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"sync/atomic"
	"time"
)

// pingTimeout bounds what readiness waits for the store: less than a second, which probes usually
// wait, and long enough for a process that is busy with itself.
const pingTimeout = 900 * time.Millisecond

// Probes answer whoever watches a replica. Liveness says that the process serves HTTP and nothing
// else, so that trouble of the store never gets a replica killed. Readiness says more: see
// [Probes.Ready].
type Probes struct {
	draining atomic.Bool
	drained  chan struct{}
	store    func(context.Context) error
}

// NewProbes returns probes that ask the store by a function.
func NewProbes(store func(context.Context) error) *Probes {
	return &Probes{store: store, drained: make(chan struct{})}
}

// Drain begins draining.
func (s *Probes) Drain() {
	if !s.draining.Swap(true) {
		close(s.drained)
	}
}

// Draining is closed when draining begins, for those who wait for something.
func (s *Probes) Draining() <-chan struct{} { return s.drained }

// Live answers 200.
func (s *Probes) Live(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, map[string]any{"live": true})
}

// Ready answers 503 while the replica drains and while the store does not answer. A replica without
// its store still serves reads, so a balancer that should go on sending asks for
// /readyz?exclude=store.
func (s *Probes) Ready(w http.ResponseWriter, r *http.Request) {
	checks := map[string]string{"accepting": "ok", "store": "ok"}
	if s.draining.Load() {
		checks["accepting"] = "draining"
	}
	ctx, cancel := context.WithTimeout(r.Context(), pingTimeout)
	defer cancel()
	if err := s.store(ctx); err != nil {
		checks["store"] = "unreachable"
	}
	excluded := r.URL.Query()["exclude"]
	status, ready := http.StatusOK, true
	for name, result := range checks {
		if result != "ok" && !slices.Contains(excluded, name) {
			status, ready = http.StatusServiceUnavailable, false
		}
	}
	writeJSON(w, status, map[string]any{"ready": ready, "checks": checks})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}
