package authserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/fault"
	"github.com/clerkchat/mcp-gateway/internal/web"
	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
)

// kind is a row of the table of errors: what a client is told and with which status. The code goes
// into a body (RFC 6749 §5.2, RFC 7591 §3.2.2) or a redirect (RFC 6749 §4.1.2.1).
type kind struct {
	code   string
	status int
}

var (
	invalidRequest         = kind{"invalid_request", http.StatusBadRequest}                 // RFC 6749 §5.2, §4.1.2.1
	invalidClient          = kind{"invalid_client", http.StatusUnauthorized}                // RFC 6749 §5.2
	invalidGrant           = kind{"invalid_grant", http.StatusBadRequest}                   // RFC 6749 §5.2
	unauthorizedClient     = kind{"unauthorized_client", http.StatusBadRequest}             // RFC 6749 §5.2
	unsupportedGrantType   = kind{"unsupported_grant_type", http.StatusBadRequest}          // RFC 6749 §5.2
	unsupportedResponse    = kind{"unsupported_response_type", http.StatusBadRequest}       // RFC 6749 §4.1.2.1
	invalidScope           = kind{"invalid_scope", http.StatusBadRequest}                   // RFC 6749 §5.2, §4.1.2.1
	accessDenied           = kind{"access_denied", http.StatusForbidden}                    // RFC 6749 §4.1.2.1
	interactionRequired    = kind{"interaction_required", http.StatusBadRequest}            // OpenID Connect Core §3.1.2.6
	requestNotSupported    = kind{"request_not_supported", http.StatusBadRequest}           // RFC 9101 §6.3 (OpenID Connect Core §3.1.2.6)
	invalidTarget          = kind{"invalid_target", http.StatusBadRequest}                  // RFC 8707 §2
	invalidRedirectURI     = kind{"invalid_redirect_uri", http.StatusBadRequest}            // RFC 7591 §3.2.2
	invalidClientMetadata  = kind{"invalid_client_metadata", http.StatusBadRequest}         // RFC 7591 §3.2.2
	serverError            = kind{"server_error", http.StatusInternalServerError}           // RFC 6749 §4.1.2.1
	temporarilyUnavailable = kind{"temporarily_unavailable", http.StatusServiceUnavailable} // RFC 6749 §4.1.2.1; RFC 9110 §15.6.4
	tooMany                = kind{"temporarily_unavailable", http.StatusTooManyRequests}    // RFC 6585 §4
)

// retryLater is when to come back to a store or a provider that is down.
const retryLater = 5 * time.Second

// Error is an answer of this server that is not the one hoped for. Its text is for clients and
// people; the cause, if any, for operators only.
type Error struct {
	kind        kind
	description string // ASCII without quotes and backslashes (RFC 6749 §5.2)
	cause       error
	retryAfter  time.Duration
	basic       bool // the client used HTTP Basic (RFC 6749 §5.2, invalid_client)
	gone        bool // the host of the client's document says that there is no such document
	deployment  bool // neither the client nor the person can change it, the operator of this server can
	operator    bool // trying again does not help: the operator has to change the configuration
	reason      web.Reason
	reported    bool   // a line in the log says why
	subject     string // the digest of whom it is about, "" if that is not known
}

func (e *Error) Error() string { return "authserver: " + e.kind.code + ": " + e.text() }

func (e *Error) Unwrap() error { return e.cause }

func fail(k kind, description string) *Error { return &Error{kind: k, description: description} }

func (e *Error) text() string {
	switch {
	case e.description != "":
		return e.description
	case e.kind == tooMany:
		return "too many requests from this address; try again later"
	case e.kind == temporarilyUnavailable:
		return "this cannot be done at the moment; nothing is lost, try again shortly"
	}
	return "something went wrong on our side; try again, and if it keeps happening, contact the operator"
}

// asError says what an error of the store or of the sign-in means to a client. What is not known is
// not a client's fault.
func asError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		own := *e // several requests may wait for one answer, and each is told of by itself
		return &own
	}
	if e, ok := signInFailed(err); ok {
		return e
	}
	switch {
	case errors.Is(err, session.ErrUnavailable), errors.Is(err, ErrUnavailable):
		return &Error{kind: temporarilyUnavailable, cause: err, retryAfter: retryLater}
	case errors.Is(err, grant.ErrAssertionUsed):
		return fail(invalidClient, "client_assertion was used before; sign a new one with another jti for each request")
	case errors.Is(err, grant.ErrNoGrant):
		return fail(invalidGrant, "the code or token is unknown or has expired; sign in again")
	case errors.Is(err, grant.ErrRevoked):
		return fail(invalidGrant, "the grant was revoked; sign in again")
	case errors.Is(err, grant.ErrReplayed):
		return fail(invalidGrant, "the code or token was used before, so the grant is revoked; sign in again")
	case errors.Is(err, grant.ErrMismatch):
		return fail(invalidGrant, "the code or token was made for another client, redirect_uri or code_verifier")
	}
	return &Error{kind: serverError, cause: err}
}

// unreadable tells that something of a grant is there and does not open. It is unavailable, so
// nobody loses a grant for it, and waiting a moment does not help.
func unreadable(err error) bool {
	return errors.Is(err, grant.ErrUnreadable) || errors.Is(err, grant.ErrUpstreamUnreadable)
}

// refuse answers a program with an error (RFC 6749 §5.2).
func refuse(w http.ResponseWriter, e *Error) {
	tell(w, e.kind.status, e)
	h := w.Header()
	if e.kind == invalidClient && e.basic {
		h.Set("WWW-Authenticate", `Basic realm="oauth", charset="UTF-8"`)
	}
	setRetryAfter(h, e)
	answer(w, e.kind.status, struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}{e.kind.code, e.text()})
}

func setRetryAfter(h http.Header, e *Error) {
	if e.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int((e.retryAfter+time.Second-1)/time.Second)))
	}
}

// answer writes JSON that nobody may store (RFC 6749 §5.1).
func answer(w http.ResponseWriter, status int, body any) {
	data, err := json.Marshal(body)
	if err != nil { // our own structs of strings
		status, data = http.StatusInternalServerError, nil
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Pragma", "no-cache")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write(data)
}

// reportedPerMinute is how many lines one kind of failure makes in a minute: enough to find the ids
// that the first people read, and a bound for who makes requests fail without having signed in.
const reportedPerMinute = 5

// report logs what operators can do something about: the step that failed, and the kind of the
// failure. What is one too many is told at DEBUG, and counted in the next line of its kind.
func (s *Server) report(r *http.Request, step string, e *Error) {
	if e.cause == nil || e.kind == accessDenied || e.kind == invalidGrant || r.Context().Err() != nil {
		return
	}
	store := errors.Is(e.cause, session.ErrUnavailable)
	level := slog.LevelWarn
	if unreadable(e.cause) { // it does not pass by itself
		level = slog.LevelError
	}
	attrs := []any{"step", step, "error", e.kind.code, "store", store, "unreadable", level == slog.LevelError}
	failure := fault.LogReason(e.cause)
	if failure != "" {
		attrs = append(attrs, "reason", failure)
	}
	attrs = append(attrs, "mend", mend(e, store))
	e.reported = true
	failure, _, _ = strings.Cut(failure, ":") // what follows may be what was sent here
	kind := fmt.Sprint(step, " ", e.kind.code, " ", store, " ", failure)
	s.told.Log(r.Context(), s.opts.Logger, s.opts.Now(), kind, reportedPerMinute, level, "oauth request failed", attrs...)
}
