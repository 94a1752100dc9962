package endpoint

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

// The headers of the transport.
const (
	// SessionHeader carries the id of a legacy session.
	SessionHeader = "Mcp-Session-Id"

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

// readEnvelope decodes the body of a POST with the SDK's own decoder, so that both read the same message.
func readEnvelope(body []byte, header http.Header, maxBatch int) (*envelope, *rpcError) {
	e := &envelope{body: body, modern: header.Get(headerVersion) >= firstModern}
	trimmed := bytes.TrimLeft(body, " \t\r\n")
	if len(trimmed) == 0 {
		return nil, &errEmpty
	}
	e.batch = trimmed[0] == '['
	if e.batch && moreThan(trimmed, maxBatch) {
		refusal := errBatchSize
		refusal.message = fmt.Sprintf("the batch has more than %d messages, the most that this server takes; nothing was done, send fewer at once", maxBatch)
		return nil, &refusal
	}
	if !json.Valid(trimmed) { // the decoder would not mind what follows the first value
		return nil, &errParse
	}
	var err error
	var raws []json.RawMessage
	if e.batch {
		if err := json.Unmarshal(trimmed, &raws); err != nil {
			return nil, &errParse
		}
		if len(raws) == 0 {
			return nil, &errInvalid
		}
		if v := header.Get(headerVersion); v != "" && v > lastBatch {
			return nil, &errBatch
		}
	} else {
		raws = []json.RawMessage{trimmed}
	}
	e.messages = make([]jsonrpc.Message, len(raws))
	ids := map[string]bool{}
	for i, raw := range raws {
		if e.messages[i], err = jsonrpc.DecodeMessage(raw); err != nil {
			return nil, &errInvalid
		}
		id, refusal := checkShape(raw, e.messages[i])
		if refusal != nil {
			return nil, refusal
		}
		if id != "" && ids[id] {
			return nil, &errSameID
		}
		ids[id] = true
	}
	return e, nil
}

// checkShape refuses what the SDK would take in a way that loses something: a request without an id, which is never
// answered; an id that it cannot give back digit by digit; and a call whose tool is not a name, which it answers with Go's
// words. It gives the request's id as it was written, "" if it needs none.
func checkShape(raw json.RawMessage, m jsonrpc.Message) (id string, refusal *rpcError) {
	r, ok := m.(*jsonrpc.Request)
	if !ok || strings.HasPrefix(r.Method, "notifications/") {
		return "", nil
	}
	// Into a map, since names are matched to the letter only there.
	var members map[string]json.RawMessage
	if err := json.Unmarshal(raw, &members); err != nil {
		return "", &errInvalid
	}
	id = string(members["id"])
	if id == "" || id == "null" {
		return "", &errNoID
	}
	if id[0] != '"' {
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil || n > maxSafeInteger || n < -maxSafeInteger || strconv.FormatInt(n, 10) != id {
			return "", &errInexactID
		}
	}
	if len(r.Params) > 0 && r.Params[0] != '{' {
		return "", &errParams
	}
	if r.Method == methodCallTool {
		var params map[string]json.RawMessage
		var name string
		if json.Unmarshal(r.Params, &params) != nil || json.Unmarshal(params["name"], &name) != nil {
			return "", &errToolName
		}
	}
	return id, nil
}

// maxSafeInteger is the greatest number that JSON readers agree on (RFC 8259 §6).
const maxSafeInteger = 1<<53 - 1
