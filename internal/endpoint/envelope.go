package endpoint

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

// The headers of the transport.
const (
	headerSession   = "Mcp-Session-Id"
	headerVersion   = "Mcp-Protocol-Version"
	headerLastEvent = "Last-Event-ID"
)

const (
	// firstModern is the first version without sessions. Versions are dates, so they compare as text.
	firstModern = "2026-07-28"
	// lastBatch is the last version with batches.
	lastBatch = "2025-03-26"
)

// The methods of the legacy era that this endpoint treats in a way of their own.
const methodInitialize = "initialize"

// legacyMethods are the requests that a legacy client may make. The SDK answers an unknown one with plain text and 400,
// which clients take for a broken transport; a JSON-RPC error lets them go on.
var legacyMethods = map[string]bool{
	methodInitialize: true, "ping": true, "tools/list": true, "tools/call": true, "logging/setLevel": true,
	"prompts/list": true, "prompts/get": true, "resources/list": true, "resources/read": true,
	"resources/templates/list": true, "resources/subscribe": true, "resources/unsubscribe": true,
	"completion/complete": true,
}

// legacyNotifications are the notifications that the SDK takes; others are ignored.
var legacyNotifications = map[string]bool{
	"notifications/initialized": true, "notifications/cancelled": true, "notifications/progress": true,
	"notifications/roots/list_changed": true,
}

// envelope is what is known about a POST before any method runs.
type envelope struct {
	body     []byte
	modern   bool
	batch    bool
	messages []jsonrpc.Message
}

// request returns the single request or notification of the body, nil for a batch or a response.
func (e *envelope) request() *jsonrpc.Request {
	if e.batch || len(e.messages) != 1 {
		return nil
	}
	r, _ := e.messages[0].(*jsonrpc.Request)
	return r
}

// initializes reports whether the body asks for a session.
func (e *envelope) initializes() bool {
	for _, m := range e.messages {
		if r, ok := m.(*jsonrpc.Request); ok && r.Method == methodInitialize {
			return true
		}
	}
	return false
}

// id is the JSON-RPC id of a single request, nil if there is none.
func (e *envelope) id() json.RawMessage {
	r := e.request()
	if r == nil || !r.IsCall() {
		return nil
	}
	data, err := json.Marshal(r.ID.Raw())
	if err != nil {
		return nil
	}
	return data
}

// readEnvelope reads and decodes the body of a POST with the SDK's own decoder, so that both read the same message.
func readEnvelope(w http.ResponseWriter, r *http.Request, maxBody int64) (*envelope, *rpcError) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return nil, &errTooLarge
		}
		return nil, &errUnread
	}
	e := &envelope{body: body, modern: r.Header.Get(headerVersion) >= firstModern}
	trimmed := bytes.TrimLeft(body, " \t\r\n")
	if len(trimmed) == 0 {
		return nil, &errEmpty
	}
	if !json.Valid(trimmed) { // the decoder would not mind what follows the first value
		return nil, &errParse
	}
	var raws []json.RawMessage
	if e.batch = trimmed[0] == '['; e.batch {
		if err := json.Unmarshal(trimmed, &raws); err != nil {
			return nil, &errParse
		}
		if len(raws) == 0 {
			return nil, &errInvalid
		}
		if v := r.Header.Get(headerVersion); v != "" && v > lastBatch {
			return nil, &errBatch
		}
	} else {
		raws = []json.RawMessage{trimmed}
	}
	e.messages = make([]jsonrpc.Message, len(raws))
	for i, raw := range raws {
		if e.messages[i], err = jsonrpc.DecodeMessage(raw); err != nil {
			return nil, &errInvalid
		}
	}
	return e, nil
}
