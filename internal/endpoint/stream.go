package endpoint

import (
	"bytes"
	"net/http"
	"sync"
	"time"
)

const (
	// streamGrace is how long a call has to be over before its stream has begun: one that did
	// nothing for want of its credential can then still be refused in the words of HTTP.
	streamGrace = 200 * time.Millisecond
	// streamBeat is the time between two comments, which keep a silent stream from being closed by
	// what stands on its way (2026-07-28, Streamable HTTP, "Receiving Messages").
	streamBeat = 15 * time.Second
)

// keepAlive begins a stream of events at once and keeps it alive, until stop.
func (w *answerWriter) keepAlive() (stop func()) {
	w.events = true
	w.ownHeader = http.Header{}
	ended := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		timer := time.NewTimer(streamGrace)
		defer timer.Stop()
		for {
			select {
			case <-ended:
				return
			case <-timer.C:
			}
			w.comment()
			timer.Reset(streamBeat)
		}
	})
	return func() {
		close(ended)
		running.Wait()
	}
}

// comment writes one that carries nothing.
func (w *answerWriter) comment() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.started {
		w.beginStream()
	}
	if !w.over {
		_, _ = w.ResponseWriter.Write([]byte(":\n\n"))
		_ = http.NewResponseController(w.ResponseWriter).Flush()
	}
}

// beginStream begins the answer before the SDK does. w.mu is held, but the SDK may be writing its
// header: it has one of its own.
func (w *answerWriter) beginStream() {
	w.started, w.streaming = true, true
	w.setHeader("text/event-stream")
	w.ResponseWriter.WriteHeader(http.StatusOK)
}

// setHeader sets what every answer has. Its content may be people's messages, which nobody on the
// way may keep (RFC 9111 §5.2.2.5); and a proxy that keeps a stream back until it is complete makes
// it useless.
func (w *answerWriter) setHeader(contentType string) {
	h := w.ResponseWriter.Header()
	h.Set("Content-Type", contentType)
	h.Set("Cache-Control", "no-store")
	if contentType == "text/event-stream" {
		h.Set("Cache-Control", "no-store, no-transform")
		h.Set("X-Accel-Buffering", "no")
	}
}

// event makes an event of what the SDK writes for an answer without a stream, once that has begun.
func (w *answerWriter) event(data []byte) []byte {
	if !w.streaming || !bytes.HasPrefix(data, []byte("{")) {
		return data
	}
	return append(append([]byte("event: message\ndata: "), data...), "\n\n"...)
}
