package mcpadapter

import (
	"context"
	"sync"
)

// writes counts the writes that are under way, so that a process can wait for them before it ends.
type writes struct {
	mu   sync.Mutex
	n    int
	none chan struct{} // closed when n becomes 0; nil if nobody waits
}

func (w *writes) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.n++
}

func (w *writes) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.n--
	if w.n == 0 && w.none != nil {
		close(w.none)
		w.none = nil
	}
}

// wait returns when no write is under way, or with the error of ctx.
func (w *writes) wait(ctx context.Context) error {
	w.mu.Lock()
	if w.n == 0 {
		w.mu.Unlock()
		return nil
	}
	if w.none == nil {
		w.none = make(chan struct{})
	}
	none := w.none
	w.mu.Unlock()
	select {
	case <-none:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// underWay is how many writes are.
func (w *writes) underWay() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.n
}

// hold keeps one call counted, from the first take to release.
type hold struct {
	writes *writes
	taken  bool
}

func (h *hold) take() {
	if !h.taken {
		h.taken = true
		h.writes.begin()
	}
}

func (h *hold) release() {
	if h.taken {
		h.writes.end()
	}
}
