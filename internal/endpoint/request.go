package endpoint

import (
	"bytes"
	"context"
	"net/http"
	"sync/atomic"

	"github.com/clerkchat/mcp-gateway/internal/request"
)

// state is what this package keeps of a request on its way through the SDK to the handlers of its calls. It is complete before
// the SDK sees the request.
type state struct {
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
	refuse           func(error)
	started, refused bool
}

func (w *answerWriter) WriteHeader(status int) {
	if w.begin() {
		w.ResponseWriter.WriteHeader(status)
	}
}

// Write counts what is refused as written, so that whoever writes goes on. The SDK writes each message at once.
func (w *answerWriter) Write(data []byte) (int, error) {
	if !w.begin() {
		return len(data), nil
	}
	out := data
	for alias, id := range w.aliases {
		out = bytes.ReplaceAll(out, []byte(alias), id)
	}
	if _, err := w.ResponseWriter.Write(out); err != nil {
		return 0, err
	}
	return len(data), nil
}

// FlushError is for http.ResponseController: what is flushed has begun.
func (w *answerWriter) FlushError() error {
	if !w.begin() {
		return nil
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap is for http.ResponseController.
func (w *answerWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// begin decides with the first byte, and reports whether the answer is as the SDK gives it.
func (w *answerWriter) begin() bool {
	if w.started {
		return !w.refused
	}
	w.started = true
	if err := w.lost.Load(); err != nil && w.refuse != nil {
		w.refused = true
		w.refuse(*err)
		return false
	}
	w.Header().Set("Cache-Control", "no-store, no-transform") // it may hold people's messages (RFC 9111 §5.2.2.5)
	if id := w.session.Load(); id != nil {
		w.Header().Set(SessionHeader, *id)
	}
	return true
}
