package histories_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
)

const replicas = 3

// lab is what histories that run one after another share, since it takes long to make: a sandbox,
// which is reset each time, and the code of the replicas.
type lab struct {
	sandbox http.Handler
	shell   http.Handler
	defect  defect
}

// world is what one history happens in.
type world struct {
	lab
	began time.Time
	// divided: see history.
	divided bool
	redis   *miniredis.Miniredis
	api     *listener
	done    chan struct{}

	mu        sync.Mutex
	slots     [replicas]*process
	processes int
	storeGone bool
	slow      time.Time
	notes     []string
	wiped     time.Time
	jumped    bool
	died      bool // somebody did, while there were calls
}

func newWorld(l lab) *world {
	w := &world{lab: l, began: time.Now(), redis: miniredis.NewMiniRedis(), api: newListener(), done: make(chan struct{})}
	w.control(http.MethodPost, "/_sandbox/reset", "")
	return w
}

// run runs the servers. The function it returns ends them and all processes.
func (w *world) run() (end func()) {
	var running sync.WaitGroup
	server := &http.Server{Handler: w.sandbox, ErrorLog: log.New(io.Discard, "", 0)} //nolint:gosec // it serves pipes
	running.Go(func() { _ = server.Serve(w.api) })
	running.Go(func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				w.redis.FastForward(time.Second)
			case <-w.done:
				return
			}
		}
	})
	return func() {
		for _, p := range w.alive() {
			p.die()
		}
		_ = server.Close()
		close(w.done)
		running.Wait()
		w.redis.Close()
	}
}

// note keeps what happened for the case that something is wrong.
func (w *world) note(format string, args ...any) {
	line := fmt.Sprintf("%9.3fs  ", time.Since(w.began).Seconds()) + fmt.Sprintf(format, args...)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.notes = append(w.notes, line)
}

// boot starts a replica, or starts it again.
func (w *world) boot(slot int) *process {
	w.mu.Lock()
	w.processes++
	name := fmt.Sprintf("replica %d, process %d", slot, w.processes)
	w.mu.Unlock()
	p := w.start(name)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.slots[slot] = p
	return p
}

// alive are the processes that a balancer would choose from.
func (w *world) alive() []*process {
	w.mu.Lock()
	defer w.mu.Unlock()
	var alive []*process
	for _, p := range w.slots {
		if p != nil && !p.isDead() {
			alive = append(alive, p)
		}
	}
	return alive
}

// dialStore connects to Redis.
func (w *world) dialStore() (net.Conn, error) {
	w.mu.Lock()
	gone := w.storeGone
	w.mu.Unlock()
	if gone {
		return nil, errors.New("connection refused")
	}
	return w.redis.Dial()
}

// outage takes Redis away for a while. It comes back with its data, or empty.
func (w *world) outage(d time.Duration, empty bool) {
	w.note("Redis goes away for %v, comes back empty: %v", d, empty)
	w.mu.Lock()
	w.storeGone = true
	w.mu.Unlock()
	for _, p := range w.alive() {
		p.cutAll(toStore)
	}
	time.Sleep(d)
	if empty {
		w.redis.FlushAll()
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.storeGone = false
	if empty {
		w.wiped = time.Now()
	}
}

// slowness has Redis answer late for a while.
func (w *world) slowness(d time.Duration) {
	w.note("Redis does not answer for %v", d)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.slow = time.Now().Add(d)
}

func (w *world) slowUntil(s side) time.Time {
	if s != toStore {
		return time.Time{}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.slow
}

// control asks the sandbox for something that no client can.
func (w *world) control(method, path, body string) []byte {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("apiKey", "sandbox-key")
	rec := httptest.NewRecorder()
	w.sandbox.ServeHTTP(rec, r)
	if rec.Code >= http.StatusBadRequest {
		panic(fmt.Sprintf("%s %s %s: %d %s", method, path, body, rec.Code, rec.Body))
	}
	return rec.Body.Bytes()
}
