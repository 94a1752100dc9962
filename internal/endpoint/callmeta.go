package endpoint

import (
	"encoding/json"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const (
	// metaBatchIndex says which call of a batch one is, on the way through the SDK. What a client
	// puts there is overwritten.
	metaBatchIndex = "chat.clerk/place"
	// metaProgressToken is the specification's.
	metaProgressToken = "progressToken"
)

// callMeta is what a request says of its calls and the SDK does not hand on to a tool.
type callMeta struct {
	// session is the key of the legacy session, "" without one.
	session string
	// held is how long the request was held up between its turn and its calls.
	held time.Duration
	// calls are the envelope's.
	calls map[string]toolCall
}

// toolCall is the call of a tool as the envelope has it.
type toolCall struct {
	name string
	// id is the JSON-RPC id, in the form of mcpadapter.Call.RequestID.
	id string
	// token is the progress token as it was written, nil if the client does not want to hear of
	// progress.
	token json.RawMessage
}

// tagBatchCall gives a _meta with the place of its call in it.
func tagBatchCall(meta object, place string) json.RawMessage {
	if meta == nil {
		meta = object{}
	}
	meta[metaBatchIndex] = json.RawMessage(strconv.Quote(place))
	return encode(meta)
}

// tokenOf is the progress token of a _meta. The specification knows strings and whole numbers;
// anything else asks for nothing.
func tokenOf(meta map[string]json.RawMessage) json.RawMessage {
	token := meta[metaProgressToken]
	if len(token) == 0 || token[0] != '"' && strings.Trim(string(token), "-0123456789") != "" {
		return nil
	}
	return token
}

// of is what is known of the call that has a _meta.
func (h *callMeta) of(meta mcp.Meta) toolCall {
	if call, ok := h.calls[""]; ok {
		return call
	}
	place, _ := meta[metaBatchIndex].(string)
	return h.calls[place]
}

// streamed reports whether a request is answered with a stream of events: if that is all that the
// client takes, or if one of its calls asks for progress, which can be told in no other way, and
// the client takes a stream. An initialize is answered with a header, which has to come before the
// first event; it has only one.
func (h *callMeta) streamed(r *http.Request, env *envelope) bool {
	accept := r.Header.Values("Accept")
	if !takes(accept, "text/event-stream", "text/*") {
		return false
	}
	if !takes(accept, "application/json", "application/*", "*/*") {
		return true
	}
	if env.initializes() {
		return false
	}
	for _, c := range h.calls {
		if c.token != nil {
			return true
		}
	}
	return false
}

// takes reports whether one of the types is in the values of an Accept header, in these very words
// (RFC 9110 §12.5.1).
func takes(values []string, types ...string) bool {
	for _, v := range values {
		for part := range strings.SplitSeq(v, ",") {
			mt, params, err := mime.ParseMediaType(part)
			if err != nil || !slices.Contains(types, mt) {
				continue
			}
			if q, err := strconv.ParseFloat(params["q"], 64); err != nil || q > 0 {
				return true
			}
		}
	}
	return false
}
