package resource

import (
	"cmp"
	"encoding/json"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/fault"
	"github.com/clerkchat/mcp-gateway/internal/web"
)

// The codes of JSON-RPC 2.0 §5.1 that fit a refusal before any method ran.
const (
	codeInvalidRequest = -32600
	codeInternalError  = -32603
)

// The codes of RFC 6750 §3.1.
const (
	invalidRequest    = "invalid_request"
	invalidToken      = "invalid_token"
	insufficientScope = "insufficient_scope"
)

// Refusal is an error that knows its answer over HTTP: status, challenge and body.
type Refusal struct {
	status      int
	code        string // of RFC 6750; "" for none
	description string // for error_description and the body; ASCII without quotes and backslashes
	scopes      []string
	metadataURL string
	retryAfter  time.Duration
	reason      web.Reason
	cause       error // may say more for operators
}

func badRequest(description string) *Refusal {
	return &Refusal{status: http.StatusBadRequest, code: invalidRequest, description: description, reason: web.ReasonBadRequest}
}

func (f *Refusal) Error() string { return "resource: " + f.description }

// Write answers with the refusal. The body is a JSON-RPC error without an id: the request was not
// looked at, and a null id crashes a client library.
func (f *Refusal) Write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	code := codeInvalidRequest
	if f.status >= http.StatusInternalServerError {
		code = codeInternalError
	}
	// No challenge where another token would not help.
	if f.status == http.StatusUnauthorized || f.code != "" {
		h.Set("WWW-Authenticate", f.challenge())
	}
	if f.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int((f.retryAfter+time.Second-1)/time.Second)))
	}
	type rpcError struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	}
	data, _ := json.Marshal(struct { // a number and strings only, so no error
		Version string   `json:"jsonrpc"`
		Error   rpcError `json:"error"`
	}{"2.0", rpcError{code, f.description}})
	web.Refused(w, f.status, f.reason, f.told()...)
	w.WriteHeader(f.status)
	_, _ = w.Write(data)
}

// told is what operators read besides the reason: what a token has wrong, in the words of its
// verifier, and the scopes that a call needs.
func (f *Refusal) told() []slog.Attr {
	if f.reason == web.ReasonInsufficientScope || f.reason == web.ReasonScopeNotInToken {
		return []slog.Attr{slog.String("expected", strings.Join(f.scopes, " "))}
	}
	if f.status == http.StatusUnauthorized && f.code == "" || f.status >= http.StatusInternalServerError {
		return nil
	}
	attrs := []slog.Attr{slog.String("cause", cmp.Or(fault.LogReason(f.cause), f.description))}
	if rule := fault.Rule(f.cause); rule != "" {
		attrs = append(attrs, slog.String("rule", rule))
	}
	return attrs
}

// challenge is the value of WWW-Authenticate (RFC 6750 §3, RFC 9728 §5.1). Without a code the
// client sent no token, and it is told where to get one rather than what it did wrong.
func (f *Refusal) challenge() string {
	var params []string
	add := func(name, value string) {
		if value != "" {
			params = append(params, name+`="`+strings.Map(quotable, value)+`"`)
		}
	}
	add("error", f.code)
	if f.code != "" {
		add("error_description", f.description)
	}
	add("scope", strings.Join(f.scopes, " "))
	add("resource_metadata", f.metadataURL)
	return "Bearer " + strings.Join(params, ", ")
}

// quotable keeps what may stand in a challenge's values (RFC 6750 §3).
func quotable(r rune) rune {
	if r < ' ' || r > '~' || r == '"' || r == '\\' {
		return -1
	}
	return r
}
