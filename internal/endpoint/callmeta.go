package endpoint

import (
	"bytes"
	"encoding/json"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const (
	// metaIdempotencyKey is the key in a call's _meta under which a client names the call, beside the tools' argument.
	metaIdempotencyKey = "chat.clerk/idempotency_key"
	// metaBatchIndex says which call of a batch one is, on the way through the SDK. What a client puts there is overwritten.
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
	// calls are by place; a call that is not in a batch has the place "".
	calls map[string]metaOfCall
}

type metaOfCall struct {
	// id is the JSON-RPC id, in the form of mcpadapter.Call.RequestID.
	id string
	// token is the progress token as it was written, nil if the client does not want to hear of progress.
	token json.RawMessage
}

// extract takes down what the tools need to know of a body, and marks the calls of a batch so that each finds its own.
func extract(env *envelope, s *session.Session) *callMeta {
	h := &callMeta{calls: map[string]metaOfCall{}}
	if s != nil {
		h.session = s.Key()
	}
	for i, m := range env.messages {
		r, ok := m.(*jsonrpc.Request)
		if !ok || r.Method != methodCallTool {
			continue
		}
		var params, meta map[string]json.RawMessage
		// checkParams let nothing through but an object, with a _meta that is none or an object.
		_ = json.Unmarshal(r.Params, &params)
		if raw, there := params["_meta"]; there {
			_ = json.Unmarshal(raw, &meta)
		}
		call := metaOfCall{id: textOf(env.ids[i]), token: tokenOf(meta)}
		if !env.batch {
			h.calls[""] = call
			break
		}
		place := strconv.Itoa(i)
		h.calls[place] = call
		tagBatchCall(r, params, meta, place)
	}
	if env.batch && len(h.calls) > 0 {
		env.rewrite()
	}
	return h
}

// tagBatchCall writes its place into a call. What it writes again was read as JSON, so it can be written.
func tagBatchCall(r *jsonrpc.Request, params, meta map[string]json.RawMessage, place string) {
	if meta == nil {
		meta = map[string]json.RawMessage{}
	}
	meta[metaBatchIndex] = json.RawMessage(strconv.Quote(place))
	params["_meta"], _ = json.Marshal(meta)
	r.Params, _ = json.Marshal(params)
}

// rewrite makes the body of a batch from its messages, which were all read from one.
func (e *envelope) rewrite() {
	all := make([][]byte, len(e.messages))
	for i, m := range e.messages {
		all[i], _ = jsonrpc.EncodeMessage(m)
	}
	e.body = append(append([]byte("["), bytes.Join(all, []byte(","))...), ']')
}

// tokenOf is the progress token of a _meta. The specification knows strings and whole numbers; anything else asks for
// nothing.
func tokenOf(meta map[string]json.RawMessage) json.RawMessage {
	token := meta[metaProgressToken]
	if len(token) == 0 || token[0] != '"' && strings.Trim(string(token), "-0123456789") != "" {
		return nil
	}
	return token
}

// of is what is known of the call that has a _meta.
func (h *callMeta) of(meta mcp.Meta) metaOfCall {
	if call, ok := h.calls[""]; ok {
		return call
	}
	place, _ := meta[metaBatchIndex].(string)
	return h.calls[place]
}

// idempotencyKey is what a client named its call by in _meta. One that is none is refused: who sent it relies on it.
func idempotencyKey(meta mcp.Meta) (string, error) {
	v, there := meta[metaIdempotencyKey]
	if !there {
		return "", nil
	}
	key, ok := v.(string)
	if !ok || key == "" {
		return "", &jsonrpc.Error{
			Code:    jsonrpc.CodeInvalidParams,
			Message: "_meta " + metaIdempotencyKey + " must be a string that is not empty, such as a new UUID for each thing to be done; nothing was done",
		}
	}
	return key, nil
}

// streamed reports whether a request is answered with a stream of events: if that is all that the client takes, or if one of
// its calls asks for progress, which can be told in no other way, and the client takes a stream. An initialize is answered
// with a header, which has to come before the first event; it has only one.
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

// takes reports whether one of the types is in the values of an Accept header, in these very words (RFC 9110 §12.5.1).
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
