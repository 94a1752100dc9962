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
	// body is what the SDK reads: the messages made of what was checked, not as they were sent.
	body     []byte
	modern   bool
	batch    bool
	messages []jsonrpc.Message
	// ids are the messages' ids as they were written, nil for one without.
	ids     []json.RawMessage
	aliases aliases
	// calls are the calls of tools by place; one that is not in a batch has the place "".
	calls map[string]toolCall
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

// id is the JSON-RPC id of a single request as it was written, nil if there is none. The envelope may be nil.
func (e *envelope) id() json.RawMessage {
	if e == nil || e.batch || len(e.ids) != 1 {
		return nil
	}
	return e.ids[0]
}

// byteOrderMark is before what some programs for Windows write.
var byteOrderMark = []byte("\xef\xbb\xbf")

// readEnvelope decodes the body of a POST: each message is checked here, and written again for the SDK's own decoder, so that both
// read the same. With a refusal the envelope knows no more than the id of the request.
func readEnvelope(body []byte, header http.Header, maxBatch int) (*envelope, *rpcError) {
	e := &envelope{modern: header.Get(headerVersion) >= firstModern, aliases: aliases{}, calls: map[string]toolCall{}}
	trimmed := bytes.Trim(bytes.TrimPrefix(body, byteOrderMark), " \t\r\n")
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
	var raws []json.RawMessage
	if !e.batch {
		raws = append(raws, trimmed)
	} else {
		_ = json.Unmarshal(trimmed, &raws) // a list that is valid
		if len(raws) == 0 {
			return nil, &errInvalid
		}
		if v := header.Get(headerVersion); v != "" && v > lastBatch {
			return nil, &errBatch
		}
	}
	seen := map[string]bool{}
	bodies := make([][]byte, 0, len(raws))
	for i, raw := range raws {
		place := ""
		if e.batch {
			place = strconv.Itoa(i)
		}
		message, id, refusal := e.readMessage(raw, place)
		if refusal != nil {
			if !e.batch {
				e.ids = []json.RawMessage{id}
				return e, refusal
			}
			whole := *refusal
			whole.status = http.StatusBadRequest
			return nil, &whole
		}
		if message == nil {
			continue
		}
		if id != nil && seen[string(id)] {
			return nil, &errSameID
		}
		seen[string(id)] = true
		decoded, err := jsonrpc.DecodeMessage(message)
		if err != nil {
			return nil, &errInvalid
		}
		e.messages, e.ids, bodies = append(e.messages, decoded), append(e.ids, id), append(bodies, message)
	}
	e.body = bytes.Join(bodies, []byte(","))
	if e.batch {
		e.body = append(append([]byte("["), e.body...), ']')
	}
	return e, nil
}

// removed are the methods of the legacy era that the modern one has no more (2026-07-28, key changes). The SDK answers them
// with 404.
var removed = map[string]bool{
	methodInitialize: true, "ping": true, "logging/setLevel": true, "resources/subscribe": true, "resources/unsubscribe": true,
}

// readMessage gives a message as the SDK is to see it, with the id of a request, and notes the call of a tool at its place. It
// refuses a request without an id, which would never be answered. A notification with unreadable params is nil: it changes
// nothing here and nobody is answered.
func (e *envelope) readMessage(raw json.RawMessage, place string) (message []byte, id json.RawMessage, refusal *rpcError) {
	var members object // into a map, since names are matched to the letter only there
	if json.Unmarshal(raw, &members) != nil {
		return nil, nil, &errInvalid
	}
	var method string
	if members["method"] == nil {
		return raw, nil, nil // an answer, or nothing that the decoder takes
	}
	if json.Unmarshal(members["method"], &method) != nil || string(members["jsonrpc"]) != `"2.0"` {
		return nil, nil, &errInvalid
	}
	out := object{"jsonrpc": members["jsonrpc"], "method": members["method"]}
	notification := strings.HasPrefix(method, "notifications/")
	if given := members["id"]; given != nil && string(given) != "null" {
		alias, ok := e.aliases.idFor(given)
		if !ok {
			return nil, nil, &errID
		}
		out["id"], id = alias, given
	} else if !notification {
		return nil, nil, &errNoID
	}
	reads := method
	if e.modern && removed[method] {
		reads = "" // it is not there, whatever its params
	}
	params, call, refusal := checkParams(reads, members["params"], place)
	if call != nil {
		call.id = textOf(id)
		e.calls[place] = *call
	}
	switch {
	case refusal != nil && notification && id == nil:
		return nil, nil, nil
	case refusal != nil:
		return nil, id, refusal
	case params != nil:
		out["params"] = params
	}
	return encode(out), id, nil
}
