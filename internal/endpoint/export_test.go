package endpoint

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/internal/web"
)

// NewRevocable gives the writer of a call's answer and what takes the answer back.
func NewRevocable(w http.ResponseWriter, refuse func(error)) (http.ResponseWriter, func(error)) {
	rw := &answerWriter{ResponseWriter: w, refusal: refuse}
	return rw, rw.refuse
}

// NewSessionWriter gives the writer of an initialize's answer and what tells it the session's id.
func NewSessionWriter(w http.ResponseWriter) (http.ResponseWriter, func(string)) {
	sw := &answerWriter{ResponseWriter: w}
	return sw, sw.beginSession
}

// NewEndedWriter gives a writer whose request has ended, and what would refuse it.
func NewEndedWriter(w http.ResponseWriter, refuse func(error)) (http.ResponseWriter, func(error)) {
	ew := &answerWriter{ResponseWriter: w, refusal: refuse}
	ew.end()
	return ew, ew.refuse
}

// NewPlainWriter gives the writer of the answer to a request with an id.
func NewPlainWriter(w http.ResponseWriter, id string) http.ResponseWriter {
	return &answerWriter{ResponseWriter: w, id: json.RawMessage(id)}
}

// NewAliasWriter gives a writer that puts an id in the place of its alias.
func NewAliasWriter(w http.ResponseWriter, alias, id string) http.ResponseWriter {
	return &answerWriter{ResponseWriter: w, aliases: aliases{alias: json.RawMessage(id)}}
}

// MoreThan counts the elements of an array.
var MoreThan = moreThan

// CheckParams gives the params of a method as the SDK sees them, or why they are refused.
func CheckParams(method string, raw json.RawMessage) (params, refused string) {
	out, _, refusal := checkParams(method, openParams(raw), "")
	if refusal != nil {
		return "", refusal.message
	}
	return string(out), ""
}

// IsPlainID tells whether the SDK sees an id as it is.
func IsPlainID(id string) bool { return isPlainID(json.RawMessage(id)) }

// Why is what operators are told of a refusal.
func Why(status int, message string) web.Reason {
	return rpcError{status: status, message: message}.why()
}

// MintSession is what goes around an initialize.
func (e *Endpoint) MintSession(next mcp.MethodHandler) mcp.MethodHandler { return e.mintSession(next) }

// CallAdmitted has the SDK read one call where another was admitted, "" for none.
func (e *Endpoint) CallAdmitted(ctx context.Context, admitted, read string) error {
	meta := &callMeta{}
	if admitted != "" {
		meta.calls = map[string]toolCall{"": {name: admitted}}
	}
	q := &request.Request{Endpoint: &state{gone: ctx, meta: meta}}
	_, err := e.handleCall(request.With(ctx, q), &mcp.CallToolRequest{Params: &mcp.CallToolParamsRaw{Name: read}})
	return err
}
