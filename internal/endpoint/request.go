package endpoint

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/request"
)

// state is what this package keeps of a request on its way through the SDK to the handlers of its
// calls. It is complete before the SDK sees the request.
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

// stateOf is the request that a handler's call came in, with nothing in it for a call that came in
// another way.
func stateOf(ctx context.Context) *state {
	if s, ok := request.From(ctx).Endpoint.(*state); ok {
		return s
	}
	return &state{gone: ctx, meta: &callMeta{}}
}

// answerWriter gives one answer to a request, in the client's terms: with the session that an
// initialize began, and each JSON-RPC id as the client wrote it. The first answer counts. A single
// call that did nothing for want of its credential gives a refusal, unless something of another
// answer was written; what the SDK has to say after it comes too late. The SDK sets its headers
// before the calls begin, and each of its messages comes from whichever goroutine answers.
type answerWriter struct {
	http.ResponseWriter
	aliases aliases
	// refusal writes the refusal of a single call; of a batch other calls may have done something,
	// so it is nil there.
	refusal func(error)
	// id is that of a single request.
	id json.RawMessage
	// events says that the answer may be a stream of events that begins before the SDK answers, see
	// [answerWriter.keepAlive].
	events    bool
	ownHeader http.Header // the SDK's then

	mu sync.Mutex
	// started says that something of the answer was written, over that it is complete: what is
	// written then comes too late.
	started, over bool
	streaming     bool // the stream has begun without the SDK
}

// refuse answers with a refusal. It may be called from the goroutine of a call.
func (w *answerWriter) refuse(why error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.refusal == nil || w.started {
		return
	}
	w.started, w.over = true, true
	w.refusal(why)
}

// beginSession names the session that the answer to an initialize begins.
func (w *answerWriter) beginSession(id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.started {
		w.ResponseWriter.Header().Set(SessionHeader, id)
	}
}

// end keeps calls that outlive their request from answering it.
func (w *answerWriter) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.started, w.over = true, true
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

// Write counts what comes too late as written, so that whoever writes goes on. The SDK writes each
// message at once.
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

// begin begins the answer with the first byte or the status, or goes on with it, and is false if
// that is over. w.mu is held.
func (w *answerWriter) begin(status int) bool {
	if w.started {
		return !w.over
	}
	w.started = true
	contentType := w.Header().Get("Content-Type")
	if strings.HasPrefix(contentType, "text/plain") { // the SDK's own words, which no client understands
		w.over = true
		refusal := errMisunderstood
		if status >= http.StatusInternalServerError {
			refusal = errInternal
		}
		refusal.write(w.ResponseWriter, w.id)
		return false
	}
	if contentType != "" {
		w.setHeader(contentType)
	}
	if status > 0 {
		w.ResponseWriter.WriteHeader(status)
	}
	return true
}
