package mcpadapter

import (
	"encoding/json"
	"strings"

	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter/internal/args"
)

// Many clients send values in another form than the schema says, and the model behind them cannot
// change that: a list or an object as its JSON text, a number or a boolean as a text, one value for
// a list of one, a number for an id, "" for what was not given. Such a form is taken where it has
// exactly one meaning, before anything else looks at the value, so that both spellings are the same
// call. The schemas that are advertised stay as they are.
//
// A text is parsed once: what comes out of it is not parsed again. Nothing is split, and an
// argument that is a text is never parsed.

// bookkeeping are names that clients add for themselves. None is near an argument of any tool.
var bookkeeping = map[string]bool{
	"toolCallId": true, "tool_call_id": true, "sessionId": true, "session_id": true, "action": true, "chatInput": true, "tool": true, // n8n
	"request_heartbeat": true, // Letta
	"task_progress":     true, // Cline
	"security_risk":     true, // OpenHands
}

// How values begin in JSON.
const (
	asNumber  = "-0123456789"
	asBoolean = "tf"
)

// isEmptyText tells whether a value is "", or space alone.
func isEmptyText(raw json.RawMessage) bool {
	if len(raw) < 2 || raw[0] != '"' || len(raw) > maxEmpty {
		return false
	}
	s, whole := args.Unquote(raw)
	return whole && strings.TrimSpace(s) == ""
}

// value returns a member's value, nil if it is absent, null or "". Where that is asked for only to
// change something, "" is a problem: it may be meant to clear it.
func (f *fields) value(name string) json.RawMessage {
	raw := f.raw(name)
	if !isEmptyText(raw) {
		return raw
	}
	if f.keeps {
		f.add(name, "%s", keepWhatIsThere)
	}
	return nil
}

const keepWhatIsThere = "is empty: leave it out to keep what is there; a field cannot be cleared here"

// isEmpty tells whether a member is there and "".
func (f *fields) isEmpty(name string) bool { return isEmptyText(f.raw(name)) }

// listOrLone returns a list as JSON: as it is, from its JSON text, or of the one element that a
// value is. lone are the bytes that an element begins with. parsed tells that it was a text. nil:
// it is none of these.
func listOrLone(raw json.RawMessage, lone string) (list json.RawMessage, parsed bool) {
	if raw[0] == '[' {
		return raw, false
	}
	if text := args.JSONText(raw, "["); text != nil {
		return text, true
	}
	if lone == "{" {
		if text := args.JSONText(raw, "{"); text != nil {
			raw, parsed = text, true
		}
	}
	if strings.IndexByte(lone, raw[0]) < 0 {
		return nil, false
	}
	list = make(json.RawMessage, 0, len(raw)+2)
	return append(append(append(list, '['), raw...), ']'), parsed
}

// What a lone element of a list begins with.
const (
	loneText   = `"`
	loneID     = `"0123456789`
	loneObject = `{`
)

// asID is asText for an id, which may be a number of plain digits: it is kept to the digit.
func (f *fields) asID(name string, raw json.RawMessage, example string) (string, bool) {
	if isPlainDigits(raw) {
		return string(raw), true
	}
	return f.asText(name, raw, example)
}

func isPlainDigits(raw json.RawMessage) bool {
	for _, c := range raw {
		if c < '0' || c > '9' {
			return false
		}
	}
	return len(raw) > 0 && len(raw) <= maxNumber
}
