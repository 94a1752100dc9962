package endpoint

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
)

const (
	// firstModern is the first version without sessions. Versions are dates, so they compare as
	// text.
	firstModern = "2026-07-28"
	// lastBatch is the last version with batches.
	lastBatch = "2025-03-26"
)

// The methods that this endpoint treats in a way of their own.
const (
	methodInitialize = "initialize"
	methodListen     = "subscriptions/listen"
	methodPing       = "ping"
	methodCancelled  = "notifications/cancelled"
)

// legacyMethods are the requests that a legacy client may make. The SDK answers an unknown one with
// plain text and 400, which clients take for a broken transport; a JSON-RPC error lets them go on.
var legacyMethods = map[string]bool{
	methodInitialize: true, methodPing: true, "tools/list": true, methodCallTool: true, "logging/setLevel": true,
	"prompts/list": true, "resources/list": true, "resources/templates/list": true,
}

// envelope is what is known about a POST before any method runs.
type envelope struct {
	// body is what the SDK reads: the messages made of what was checked, not as they were sent.
	body   []byte
	modern bool
	batch  bool
	// methods are those of the requests: the SDK sees neither notifications nor answers, which do
	// nothing here.
	methods []string
	// ids are the requests' ids as they were written.
	ids []json.RawMessage
	// refused is the id of the request that a refusal is for, nil if there is none that could be
	// read.
	refused json.RawMessage
	aliases aliases
	// canceled are the ids that notifications/cancelled name, in the form of toolCall.id. The
	// modern era has none: there a client closes its connection.
	canceled []string
	// calls are the calls of tools by place; one that is not in a batch has the place "".
	calls map[string]toolCall
}

// single is the method of the one request of the body, and false for a batch or if there is none.
func (e *envelope) single() (method string, ok bool) {
	if e.batch || len(e.methods) != 1 {
		return "", false
	}
	return e.methods[0], true
}

// initializes reports whether the body asks for a session.
func (e *envelope) initializes() bool { return slices.Contains(e.methods, methodInitialize) }

// id is the JSON-RPC id, as it was written, of the request that a refusal is for: the first of a
// batch, which is refused as a whole; nil if there is none. The envelope may be nil.
func (e *envelope) id() json.RawMessage {
	switch {
	case e == nil:
		return nil
	case e.refused != nil || len(e.ids) == 0:
		return e.refused
	}
	return e.ids[0]
}

// byteOrderMark is before what some programs for Windows write.
var byteOrderMark = []byte("\xef\xbb\xbf")

// readEnvelope decodes the body of a POST: each message is checked here, and written again for the
// SDK's own decoder, so that both read the same. With a refusal the envelope knows no more than its
// era and the id of the request.
func readEnvelope(body []byte, header http.Header, maxBatch int, served []string) (*envelope, *rpcError) {
	e := &envelope{aliases: aliases{}, calls: map[string]toolCall{}}
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
	if !utf8.Valid(trimmed) { // "JSON-RPC messages MUST be UTF-8 encoded" (2025-11-25, Transports)
		return nil, &errUTF8
	}
	if !json.Valid(trimmed) { // the decoder would not mind what follows the first value
		return nil, &errParse
	}
	era := newEra(header, served)
	var raws []json.RawMessage
	if !e.batch {
		raws = append(raws, trimmed)
	} else {
		_ = json.Unmarshal(trimmed, &raws) // a list that is valid
		if refusal := e.checkBatch(raws, era); refusal != nil {
			return e, refusal
		}
	}
	bodies := make([][]byte, 0, len(raws))
	for i, raw := range raws {
		place := ""
		if e.batch {
			place = strconv.Itoa(i)
		}
		message, id, refusal := e.readMessage(raw, place, era)
		sameID := func(other json.RawMessage) bool { return string(other) == string(id) }
		if refusal == nil && message != nil && slices.ContainsFunc(e.ids, sameID) {
			refusal = &errSameID
		}
		if refusal != nil {
			e.refused, e.ids = id, nil
			return e, refusal.of(e)
		}
		if message == nil {
			continue
		}
		e.ids, bodies = append(e.ids, id), append(bodies, message)
	}
	switch {
	case e.batch:
		e.body = append(append([]byte("["), bytes.Join(bodies, []byte(","))...), ']')
	case len(bodies) > 0:
		e.body = bodies[0]
	}
	return e, nil
}

// of is the refusal of a message as that of its body: a batch is refused as a whole, and the modern
// era has statuses of its own (2026-07-28, Overview, "_meta", and Streamable HTTP, "Protocol
// Version Header").
func (e rpcError) of(env *envelope) *rpcError {
	whole := e
	if env.batch || env.modern && e.status == http.StatusOK {
		whole.status = http.StatusBadRequest
	}
	if env.modern && e.code == jsonrpc.CodeMethodNotFound {
		whole.status = http.StatusNotFound
	}
	return &whole
}

// checkBatch refuses a batch where none may be: of no message, in a version without batches, of
// requests of the modern era. An initialize must not be part of one (2025-03-26, Lifecycle,
// "Initialization").
func (e *envelope) checkBatch(raws []json.RawMessage, era *era) *rpcError {
	var first json.RawMessage
	modern := era.version > lastBatch
	for _, raw := range raws {
		var members object
		if json.Unmarshal(raw, &members) != nil {
			continue
		}
		if id := readableID(members); first == nil {
			first = id
		}
		if string(members["method"]) == `"`+methodInitialize+`"` {
			e.refused = readableID(members)
			return &errBatchInitialize
		}
		if _, claimed := claim(openParams(members["params"])); claimed {
			modern = true
		}
	}
	e.refused = first
	switch {
	case len(raws) == 0:
		return &errInvalid
	case era.checkRepeated(false) != nil:
		return era.checkRepeated(false)
	case era.checkLegacy() != nil:
		return era.checkLegacy()
	case modern:
		return &errBatch
	}
	e.refused = nil
	return nil
}

// readableID is the id of a request as it was written, nil if there is none.
func readableID(members object) json.RawMessage {
	if id := members["id"]; isID(id) && !isAnswer(members) {
		return id
	}
	return nil
}

// isAnswer tells whether a message is the answer to a request of this server, which makes none.
func isAnswer(members object) bool {
	_, result := members["result"]
	_, failure := members["error"]
	return members["method"] == nil && (result || failure)
}

// readMessage gives a message as the SDK is to see it, with the id of a request, and notes the call
// of a tool at its place. It refuses a request without an id, which would never be answered.
// Notifications and answers are nil: they change nothing here and nobody is answered.
func (e *envelope) readMessage(raw json.RawMessage, place string, era *era) (message []byte, id json.RawMessage, refusal *rpcError) {
	var members object // into a map, since names are matched to the letter only there
	if json.Unmarshal(raw, &members) != nil {
		return nil, nil, &errInvalid
	}
	id = readableID(members)
	p := openParams(members["params"])
	var method string
	_ = json.Unmarshal(members["method"], &method)
	if !e.batch {
		e.modern, refusal = era.of(p, method)
		if repeated := era.checkRepeated(e.modern); repeated != nil {
			refusal = repeated
		}
		if refusal != nil {
			return nil, id, refusal
		}
	}
	if isAnswer(members) {
		return nil, nil, e.checkAnswer(members)
	}
	if method == "" || string(members["jsonrpc"]) != `"2.0"` || members["result"] != nil || members["error"] != nil {
		return nil, id, &errInvalid
	}
	notification := strings.HasPrefix(method, "notifications/")
	given := members["id"]
	if given == nil || string(given) == "null" {
		switch {
		case !notification:
			return nil, nil, &errNoID
		case e.modern:
			return nil, nil, era.checkMethod(method, false)
		}
		e.notify(method, members["params"])
		return nil, nil, nil
	}
	alias, ok := e.aliases.idFor(given)
	if !ok {
		return nil, nil, &errID
	}
	out := object{"jsonrpc": members["jsonrpc"], "id": alias, "method": members["method"]}
	if e.modern {
		if refusal := era.checkModern(p, method); refusal != nil {
			return nil, id, refusal
		}
	}
	params, call, refusal := checkParams(method, p, place)
	if refusal != nil {
		return nil, id, refusal
	}
	e.methods = append(e.methods, method)
	switch {
	case e.batch && !legacyMethods[method]:
		return encode(e.aliases.unknownInBatch(out)), id, nil
	case params != nil:
		out["params"] = params
	}
	if call != nil {
		call.id = textOf(id)
		e.calls[place] = *call
	}
	return encode(out), id, nil
}

// checkAnswer looks at an answer, which a modern client must not send (2026-07-28, Streamable HTTP,
// "Sending Messages").
func (e *envelope) checkAnswer(members object) *rpcError {
	result, failure := members["result"], members["error"]
	_, object := toObject(failure)
	switch {
	case string(members["jsonrpc"]) != `"2.0"`, (result == nil) == (failure == nil), !isID(members["id"]), failure != nil && !object:
		return &errInvalid
	case e.modern:
		return &errAnswer
	}
	return nil
}

// notify takes note of a legacy notification. One with params of another shape says nothing
// (2025-11-25, Cancellation, "Error Handling").
func (e *envelope) notify(method string, raw json.RawMessage) {
	if _, _, refusal := checkParams(method, openParams(raw), ""); refusal != nil || method != methodCancelled {
		return
	}
	params, _ := toObject(raw)
	e.canceled = append(e.canceled, textOf(params["requestId"]))
}
