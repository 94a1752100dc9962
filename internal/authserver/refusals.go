package authserver

import (
	"errors"
	"log/slog"
	"net/http"

	"github.com/clerkchat/mcp-gateway/internal/fault"
	"github.com/clerkchat/mcp-gateway/internal/web"
	"github.com/clerkchat/mcp-gateway/pkg/session"
)

// because gives an error a closer reason for operators than its kind.
func (e *Error) because(reason web.Reason) *Error {
	e.reason = reason
	return e
}

// from keeps what an error came from, for operators.
func (e *Error) from(cause error) *Error {
	e.cause = cause
	return e
}

// why is the reason that operators are told.
func (e *Error) why() web.Reason {
	if e.reason != "" {
		return e.reason
	}
	switch e.kind {
	case tooMany:
		return web.ReasonTooMany
	case invalidClient:
		if e.deployment {
			return web.ReasonDocument
		}
		return web.ReasonInvalidClient
	case unauthorizedClient:
		return web.ReasonOthersToken
	case unsupportedGrantType, unsupportedResponse, interactionRequired, requestNotSupported:
		return web.ReasonUnsupported
	case invalidGrant:
		return web.ReasonInvalidGrant
	case invalidScope:
		return web.ReasonScope
	case invalidTarget:
		return web.ReasonTarget
	case accessDenied:
		return web.ReasonDeclined
	case invalidRedirectURI:
		return web.ReasonRegisteredRedirect
	case invalidClientMetadata:
		return web.ReasonClientMetadata
	case temporarilyUnavailable:
		return web.ReasonUnavailable
	case serverError:
		return web.ReasonInternal
	}
	return web.ReasonInvalidRequest
}

// operatorMustAct is an error that says that trying again does not help: somebody has to change a
// setting.
type operatorMustAct interface {
	error
	OperatorMustAct() bool
}

// permanent tells whether an error of the provider stays until an operator changes something.
func permanent(err error) bool {
	known, ok := errors.AsType[operatorMustAct](err)
	return ok && known.OperatorMustAct()
}

// tell has operators told, once, of a refusal that is about to be answered.
func tell(w http.ResponseWriter, status int, e *Error) {
	if e.reported { // [Server.report] wrote a line with all that is known
		web.CountRefused(w, status, e.why())
		return
	}
	var attrs []slog.Attr
	if cause := fault.LogReason(e.cause); cause != "" {
		attrs = append(attrs, slog.String("cause", cause))
	}
	if rule := fault.Rule(e.cause); rule != "" {
		attrs = append(attrs, slog.String("rule", rule))
	}
	if e.subject != "" {
		attrs = append(attrs, slog.String("subject", e.subject))
	}
	web.Refused(w, status, e.why(), attrs...)
}

// signInFailed says what an error of the sign-in means; ok is false for what is none.
func signInFailed(err error) (e *Error, ok bool) {
	switch {
	case errors.Is(err, session.ErrUnavailable):
		return nil, false
	case errors.Is(err, ErrNotAllowed):
		return fail(accessDenied, "this account may not use this server; ask its operator for access").because(web.ReasonPersonNotAllowed).from(err), true
	case errors.Is(err, ErrDenied):
		return fail(accessDenied, "sign-in was cancelled or refused by the identity provider").because(web.ReasonDeniedByProvider).from(err), true
	case permanent(err):
		e := &Error{kind: serverError, cause: err, operator: true, reason: web.ReasonProvider}
		e.description = "signing in fails for a reason that stays until the operator of this server changes the configuration; trying again does not help"
		return e, true
	}
	return nil, false
}

// mend says what would mend a failure that is not a fault of the request.
func mend(e *Error, store bool) string {
	switch {
	case unreadable(e.cause):
		return "give back the key that the stored data was sealed with; see the operations manual"
	case store:
		return "see why the store does not answer; it passes when the store is back"
	case e.kind == temporarilyUnavailable:
		return "see why the identity provider, or the host that was asked, does not answer; it passes when that is back"
	}
	return "see the reason: the settings of the identity provider, here or there, have to be changed"
}
