package endpoint

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/clerkchat/mcp-gateway/internal/web"
)

// codeSessionNotFound is what clients know as "Session not found".
const codeSessionNotFound = -32001

// rpcError is a refusal before any method ran: an HTTP status and the JSON-RPC error in its body.
type rpcError struct {
	status     int
	code       int
	message    string
	retryAfter time.Duration
	// data goes with the error, nil if there is none.
	data *versionData
	// closes ends the connection.
	closes bool
}

// versionData goes with errModernVersion (2026-07-28, Versioning, "Protocol Version Negotiation").
type versionData struct {
	Supported []string `json:"supported"`
	Requested string   `json:"requested"`
}

// Every refusal of the endpoint itself. Params that are wrong are told with 200 in the legacy era,
// whose clients take a 400 for a broken transport.
var (
	errParse           = rpcError{status: http.StatusBadRequest, code: jsonrpc.CodeParseError, message: "the body is not valid JSON"}
	errInvalid         = badRequest("the body is not a JSON-RPC 2.0 message")
	errEmpty           = badRequest("the body is empty; send one JSON-RPC message")
	errUnread          = rpcError{status: http.StatusBadRequest, code: jsonrpc.CodeParseError, message: "the body could not be read"}
	errBatch           = badRequest("batches ended with protocol version 2025-03-26; send one message")
	errUTF8            = rpcError{status: http.StatusBadRequest, code: jsonrpc.CodeParseError, message: "the body is not JSON in UTF-8"}
	errAnswer          = badRequest("the body is an answer, and this server asks nothing")
	errBatchSize       = badRequest("the batch has too many messages")
	errVersion         = badRequest("unsupported MCP-Protocol-Version")
	errModernVersion   = rpcError{status: http.StatusBadRequest, code: mcp.CodeUnsupportedProtocolVersion, message: "unsupported protocol version"}
	errModernMethod    = rpcError{status: http.StatusNotFound, code: jsonrpc.CodeMethodNotFound, message: errMethod.message}
	errBatchInitialize = badRequest("initialize must not be part of a batch; send it alone")
	errContentType     = rpcError{
		status: http.StatusUnsupportedMediaType, code: jsonrpc.CodeInvalidRequest, message: "Content-Type must be application/json, in UTF-8",
	}
	errContentEncoding = rpcError{
		status: http.StatusUnsupportedMediaType, code: jsonrpc.CodeInvalidRequest, message: "the body must come as it is, without Content-Encoding",
	}
	errMethod     = rpcError{status: http.StatusOK, code: jsonrpc.CodeMethodNotFound, message: "method not found"}
	errSameID     = badRequest("two requests of the batch have the same id; only one of them could be answered")
	errNoID       = badRequest("the request has no id; give it a string or a whole number")
	errID         = badRequest("the id must be a string or a number")
	errParams     = rpcError{status: http.StatusOK, code: jsonrpc.CodeInvalidParams, message: "params must be an object"}
	errToolName   = rpcError{status: http.StatusOK, code: jsonrpc.CodeInvalidParams, message: "tools/call needs params.name, the name of a tool"}
	errHTTPMethod = rpcError{status: http.StatusMethodNotAllowed, code: jsonrpc.CodeInvalidRequest, message: "this endpoint takes POST and DELETE"}

	errTooLarge = rpcError{
		status: http.StatusRequestEntityTooLarge, code: jsonrpc.CodeInvalidRequest, closes: true,
		message: "the body is larger than this server takes",
	}
	errStalled = rpcError{
		status: http.StatusRequestTimeout, code: jsonrpc.CodeInvalidRequest, closes: true,
		message: "the body arrives too slowly; nothing was done, send the request again",
	}

	errSessionGone    = rpcError{status: http.StatusNotFound, code: codeSessionNotFound, message: "Session not found"}
	errInternal       = rpcError{status: http.StatusInternalServerError, code: jsonrpc.CodeInternalError, message: "internal error"}
	errMisunderstood  = badRequest("the request was not understood")
	errSessionMissing = badRequest("the Mcp-Session-Id header is missing; send the one that initialize answered")
	errUnavailable    = rpcError{
		status: http.StatusServiceUnavailable, code: jsonrpc.CodeInternalError, retryAfter: 2 * time.Second,
		message: "the session store does not answer; nothing is lost, try again shortly",
	}
	// errUnconfirmed refuses what changes something; see identity.Caller.GrantUnconfirmed.
	errUnconfirmed = rpcError{
		status: http.StatusServiceUnavailable, code: jsonrpc.CodeInternalError, retryAfter: 2 * time.Second,
		message: "the gateway cannot check at the moment whether this sign-in still stands, and a call that changes or sends " +
			"something needs that; nothing was done and nobody is signed out, try again shortly",
	}
	// errCrowded is answered before anything is done for a request.
	errCrowded = rpcError{
		status: http.StatusServiceUnavailable, code: jsonrpc.CodeInternalError, retryAfter: 2 * time.Second,
		message: "too many requests are waiting at the moment; nothing was done and nobody is signed out, try again shortly",
	}
	// errBusy and errOwnShare have the wait that the error names.
	// What is too much for all closes its connection, which takes memory too.
	errBusy = rpcError{
		status: http.StatusServiceUnavailable, code: jsonrpc.CodeInternalError, closes: true,
		message: "this server has too many requests under way and has not begun this one; nothing was done, try again shortly",
	}
	errOwnShare = rpcError{
		status: http.StatusServiceUnavailable, code: jsonrpc.CodeInternalError,
		message: "you have too many requests under way at once, and this one was not begun; nothing was done, wait for some of them to end and try again",
	}
	// errNoCredential has the wait that the error names.
	errNoCredential = rpcError{
		status: http.StatusServiceUnavailable, code: jsonrpc.CodeInternalError,
		message: "the credential for this call is temporarily unavailable; nothing was done, you are still signed in, retry shortly",
	}
)

// mismatch says which header is not what the body says (2026-07-28, Streamable HTTP, "Server
// Validation").
func mismatch(message string) *rpcError {
	return &rpcError{status: http.StatusBadRequest, code: mcp.CodeHeaderMismatch, message: message}
}

// missingMeta says what a modern request lacks (2026-07-28, Overview, "_meta").
func missingMeta(key, want string) *rpcError {
	return &rpcError{status: http.StatusBadRequest, code: jsonrpc.CodeInvalidParams, message: "params._meta needs " + key + ", " + want}
}

func badRequest(message string) rpcError {
	return rpcError{status: http.StatusBadRequest, code: jsonrpc.CodeInvalidRequest, message: message}
}

// why is what operators are told.
func (e rpcError) why() web.Reason {
	switch e.message {
	case errSessionGone.message:
		return web.ReasonSessionGone
	case errSessionMissing.message:
		return web.ReasonSessionMissing
	case errOwnShare.message:
		return web.ReasonTooMany
	}
	switch {
	case e.code == mcp.CodeUnsupportedProtocolVersion, e.status == http.StatusBadRequest && strings.HasPrefix(e.message, errVersion.message):
		return web.ReasonProtocolVersion
	case e.status == http.StatusNotFound:
		return web.ReasonNotFound
	case e.status == http.StatusRequestEntityTooLarge:
		return web.ReasonTooLarge
	case e.status == http.StatusRequestTimeout:
		return web.ReasonTooSlow
	case e.status == http.StatusUnsupportedMediaType:
		return web.ReasonContentType
	case e.status == http.StatusMethodNotAllowed:
		return web.ReasonMethod
	case e.status == http.StatusServiceUnavailable:
		return web.ReasonUnavailable
	case e.status >= http.StatusInternalServerError:
		return web.ReasonInternal
	}
	return web.ReasonBadRequest
}

// write answers with the error. id is the request's JSON-RPC id, nil if it is not known: then it is
// left out, since a null id crashes one client library.
func (e rpcError) write(w http.ResponseWriter, id json.RawMessage) {
	type body struct {
		Code    int          `json:"code"`
		Message string       `json:"message"`
		Data    *versionData `json:"data,omitempty"`
	}
	data := encode(struct {
		JSONRPC string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id,omitempty"`
		Error   body            `json:"error"`
	}{"2.0", id, body{e.code, e.message, e.data}})
	web.Refused(w, e.status, e.why())
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	if e.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(e.retryAfter/time.Second)))
	}
	if e.message == errContentEncoding.message {
		h.Set("Accept-Encoding", "identity") // RFC 9110 §15.5.16
	}
	if e.closes {
		h.Set("Connection", "close")
	}
	w.WriteHeader(e.status)
	_, _ = w.Write(data)
}
