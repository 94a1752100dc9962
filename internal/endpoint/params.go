package endpoint

import (
	"bytes"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// object is a JSON object by its members' names to the letter.
type object = map[string]json.RawMessage

// A check gives a value in the form in which the SDK reads it, and false for one that is not what
// its method needs.
type check func(json.RawMessage) (json.RawMessage, bool)

// member is one member of a method's params. What is not listed is not read by anybody.
type member struct {
	name     string
	required bool
	check    check
	want     string // completes "params.name must be"
}

var (
	cursor = []member{{"cursor", false, noCursor, "left out: every list of this server is one page"}}
	uri    = []member{{"uri", true, text, "the URI of a resource, a string"}}
)

// methodParams are the params of every method whose params say more than _meta; tools/call and
// initialize have their own functions. The SDK answers params of another shape in the words of Go,
// so it sees none.
var methodParams = map[string][]member{
	"tools/list": cursor, "prompts/list": cursor, "resources/list": cursor, "resources/templates/list": cursor,
	"prompts/get": {
		{"name", true, text, "the name of a prompt, a string"},
		{"arguments", false, texts, "an object whose values are strings"},
	},
	"resources/read": uri, "resources/subscribe": uri, "resources/unsubscribe": uri,
	"completion/complete": {
		{"ref", true, reference, `an object with type "ref/prompt" and a name, or with type "ref/resource" and a uri`},
		{"argument", true, fields(map[string]check{"name": text, "value": text}), "an object with name and value, both strings"},
		{"context", false, completionContext, "an object whose arguments have strings as values"},
	},
	// This server sends no log messages, so it takes any level and keeps none.
	"logging/setLevel": {
		{"level", true, level, "one of " + strings.Join(levels, ", ")},
	},
	"subscriptions/listen": {
		{"notifications", true, subscriptions, "an object that says for each kind of notification whether it is wanted"},
	},
	"notifications/cancelled": {{"requestId", true, requestID, "the id of a request"}, {"reason", false, text, "a string"}},
	"notifications/progress": {
		{"progressToken", true, requestID, "a string or a whole number"}, {"progress", true, number, "a number"},
		{"total", false, number, "a number"}, {"message", false, text, "a string"},
	},
}

var levels = []string{"debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"}

// checkParams gives the params of a method as the SDK reads them, made of the members that were
// checked; nil for none. Empty lists stand for empty objects, as PHP writes them. Of the call of a
// tool it gives what the SDK does not hand on; in a batch the call has its place written into its
// _meta, so that its handler finds that again.
func checkParams(method string, p *params, place string) (json.RawMessage, *toolCall, *rpcError) {
	if p.raw == nil && method != methodInitialize && method != methodCallTool && len(methodParams[method]) == 0 {
		return nil, nil, nil
	}
	if !p.isObject {
		return nil, nil, &errParams
	}
	if p.raw == nil && method == methodInitialize {
		return nil, nil, badParams("initialize needs params with protocolVersion, capabilities and clientInfo")
	}
	out := object{}
	if given, there := p.members["_meta"]; there && string(given) != "null" {
		checked, ok := checkMeta(p.meta)
		if out["_meta"] = checked; !ok || !p.hasMeta {
			return nil, nil, badParams("params._meta must be an object, with numbers no larger than a double holds")
		}
	}
	var call *toolCall
	switch method {
	case methodInitialize:
		describeClient(out, p.members)
	case methodCallTool:
		var refusal *rpcError
		if call, refusal = checkCall(out, p.members); refusal != nil {
			return nil, nil, refusal
		}
		call.token = tokenOf(p.meta)
		if place != "" {
			out["_meta"] = tagBatchCall(p.meta, place)
		}
	}
	for _, m := range methodParams[method] {
		value, there := p.members[m.name]
		switch {
		case !there && m.required:
			return nil, nil, badParams(method + " needs params." + m.name + ", " + m.want)
		case !there || string(value) == "null" && !m.required:
			continue
		}
		var ok bool
		if out[m.name], ok = m.check(value); !ok {
			return nil, nil, badParams("params." + m.name + " of " + method + " must be " + m.want)
		}
	}
	return encode(out), call, nil
}

func badParams(message string) *rpcError {
	return &rpcError{status: http.StatusOK, code: jsonrpc.CodeInvalidParams, message: message}
}

// checkCall takes the members of a tools/call. Arguments of another shape than an object go on to
// the tool, which answers so that a model can correct itself.
func checkCall(out, params object) (*toolCall, *rpcError) {
	var name string
	if json.Unmarshal(params["name"], &name) != nil || string(params["name"]) == "null" {
		return nil, &errToolName
	}
	out["name"] = params["name"]
	if arguments := params["arguments"]; isEmptyList(arguments) {
		out["arguments"] = json.RawMessage("{}")
	} else if len(arguments) > 0 && string(arguments) != "null" {
		out["arguments"] = arguments
	}
	if raw, there := params["inputResponses"]; there && string(raw) != "null" {
		var responses mcp.InputResponseMap
		if json.Unmarshal(raw, &responses) != nil {
			return nil, badParams("params.inputResponses of tools/call must have an answer to each thing that this server asked, under its key")
		}
		out["inputResponses"] = raw
	}
	if raw, there := params["requestState"]; there && string(raw) != "null" {
		if _, ok := text(raw); !ok {
			return nil, badParams("params.requestState of tools/call must be the string that this server gave")
		}
		out["requestState"] = raw
	}
	return &toolCall{name: name}, nil
}

// params are those of a message, taken apart once.
type params struct {
	raw           json.RawMessage
	members, meta object
	// isObject and hasMeta are false for what is of another shape, see [toObject].
	isObject, hasMeta bool
}

func openParams(raw json.RawMessage) *params {
	p := &params{raw: raw}
	p.members, p.isObject = toObject(raw)
	p.meta, p.hasMeta = toObject(p.members["_meta"])
	return p
}

// toObject reads an object; what is absent, null or an empty list is an empty one.
func toObject(raw json.RawMessage) (object, bool) {
	if len(raw) == 0 || string(raw) == "null" || isEmptyList(raw) {
		return object{}, true
	}
	var o object
	if raw[0] != '{' || json.Unmarshal(raw, &o) != nil {
		return nil, false
	}
	return o, true
}

func isEmptyList(raw json.RawMessage) bool {
	return len(raw) > 1 && raw[0] == '[' && len(bytes.TrimSpace(raw[1:len(raw)-1])) == 0
}

// encode writes an object as it came: characters that matter to HTML only are not escaped.
func encode(o any) json.RawMessage {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(o) // its parts were JSON when they were read
	return bytes.TrimRight(b.Bytes(), "\n")
}

func text(raw json.RawMessage) (json.RawMessage, bool) {
	return raw, len(raw) > 0 && raw[0] == '"'
}

func number(raw json.RawMessage) (json.RawMessage, bool) {
	var f float64
	return raw, string(raw) != "null" && json.Unmarshal(raw, &f) == nil
}

func flag(raw json.RawMessage) (json.RawMessage, bool) {
	return raw, string(raw) == "true" || string(raw) == "false"
}

func requestID(raw json.RawMessage) (json.RawMessage, bool) {
	if _, ok := text(raw); ok {
		return raw, true
	}
	return number(raw)
}

func level(raw json.RawMessage) (json.RawMessage, bool) {
	var s string
	return raw, json.Unmarshal(raw, &s) == nil && slices.Contains(levels, s)
}

// noCursor takes the empty cursor, which some clients send for the first page.
func noCursor(raw json.RawMessage) (json.RawMessage, bool) { return raw, string(raw) == `""` }

// texts is an object of strings.
func texts(raw json.RawMessage) (json.RawMessage, bool) {
	o, ok := toObject(raw)
	for _, v := range o {
		_, isText := text(v)
		ok = ok && isText
	}
	return encode(o), ok
}

// fields is an object that has all of these members.
func fields(members map[string]check) check {
	return func(raw json.RawMessage) (json.RawMessage, bool) {
		o, ok := toObject(raw)
		out := object{}
		for name, check := range members {
			var good bool
			out[name], good = check(o[name])
			ok = ok && good
		}
		return encode(out), ok
	}
}

func reference(raw json.RawMessage) (json.RawMessage, bool) {
	o, ok := toObject(raw)
	var kind string
	if !ok || json.Unmarshal(o["type"], &kind) != nil {
		return nil, false
	}
	switch kind {
	case "ref/prompt":
		return fields(map[string]check{"type": text, "name": text})(raw)
	case "ref/resource":
		return fields(map[string]check{"type": text, "uri": text})(raw)
	}
	return nil, false
}

func completionContext(raw json.RawMessage) (json.RawMessage, bool) {
	o, ok := toObject(raw)
	if !ok {
		return nil, false
	}
	arguments, ok := texts(o["arguments"])
	return encode(object{"arguments": arguments}), ok
}

func subscriptions(raw json.RawMessage) (json.RawMessage, bool) {
	o, ok := toObject(raw)
	out := object{}
	for _, name := range []string{"toolsListChanged", "promptsListChanged", "resourcesListChanged"} {
		if v, there := o[name]; there && string(v) != "null" {
			var good bool
			out[name], good = flag(v)
			ok = ok && good
		}
	}
	if v, there := o["resourceSubscriptions"]; there && string(v) != "null" {
		var uris []string
		ok = ok && json.Unmarshal(v, &uris) == nil
		out["resourceSubscriptions"] = encode(uris)
	}
	return encode(out), ok
}
