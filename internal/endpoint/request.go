package endpoint

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/request"
)

// state is what this package keeps of a request on its way through the SDK to the handlers of its calls. It is complete before
// the SDK sees the request.
type state struct {
	// arrived is when it came, before it waited for anything.
	arrived time.Time
	// gone ends when the client goes away: the SDK does not cancel a legacy call by itself.
	gone context.Context
	// meta is what the request says of its calls and the SDK does not hand on.
	meta *callMeta
	// streamed says that the answer is a stream of events.
	streamed bool
	// answer bounds what the results may take together.
	answer *answer
	// turns are those of a batch, nil for a single message.
	turns *batchTurns
	// writer writes the answer.
	writer *answerWriter
}

// stateOf is the request that a handler's call came in, with nothing in it for a call that came in another way.
func stateOf(ctx context.Context) *state {
	if s, ok := request.From(ctx).Endpoint.(*state); ok {
		return s
	}
	return &state{gone: ctx, meta: &callMeta{}}
}

// answerWriter writes what the SDK answers, once and in the client's terms: with the session that an initialize began, and
// each JSON-RPC id as the client wrote it. A single call that did nothing for want of its credential is refused instead, as
// long as nothing was written. Whether it is, and the session, is known to the method's goroutine; the answer is written by
// whichever goroutine answers.
type answerWriter struct {
	http.ResponseWriter
	aliases aliases
	session atomic.Pointer[string]
	lost    atomic.Pointer[error]
	// refuse writes the refusal of a single call; of a batch other calls may have done something, so it is nil there.
	refuse func(error)
	// id is that of a single request.
	id json.RawMessage
	// events says that the answer may be a stream of events that begins before the SDK answers, see [answerWriter.keepAlive].
	events    bool
	ownHeader http.Header // the SDK's then

	mu               sync.Mutex
	started, refused bool
	streaming        bool // the stream has begun without the SDK
}

// Header is for the SDK.
func (w *answerWriter) Header() http.Header {
	if w.events {
		return w.ownHeader
	}
	return w.ResponseWriter.Header()
}

func (w *answerWriter) WriteHeader(status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.begin(status)
}

// Write counts what is refused as written, so that whoever writes goes on. The SDK writes each message at once.
func (w *answerWriter) Write(data []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.begin(0) {
		return len(data), nil
	}
	out := data
	for alias, id := range w.aliases {
		out = bytes.ReplaceAll(out, []byte(alias), id)
	}
	if _, err := w.ResponseWriter.Write(w.event(out)); err != nil {
		return 0, err
	}
	return len(data), nil
}

// FlushError is for http.ResponseController: what is flushed has begun.
func (w *answerWriter) FlushError() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.begin(0) {
		return nil
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap is for http.ResponseController.
func (w *answerWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// begin decides with the first byte or the status, and reports whether the answer is as the SDK gives it. w.mu is held.
func (w *answerWriter) begin(status int) bool {
	if w.started {
		return !w.refused
	}
	w.started = true
	if err := w.lost.Load(); err != nil && w.refuse != nil {
		w.refused = true
		w.refuse(*err)
		return false
	}
	contentType := w.Header().Get("Content-Type")
	if strings.HasPrefix(contentType, "text/plain") { // the SDK's own words, which no client understands
		w.refused = true
		refusal := errMisunderstood
		if status >= http.StatusInternalServerError {
			refusal = errInternal
		}
		refusal.write(w.ResponseWriter, w.id)
		return false
	}
	if id := w.session.Load(); id != nil {
		w.ResponseWriter.Header().Set(SessionHeader, *id)
	}
	if contentType != "" {
		w.setHeader(contentType)
	}
	if status > 0 {
		w.ResponseWriter.WriteHeader(status)
	}
	return true
}
