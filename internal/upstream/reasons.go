package upstream

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
)

// A failure that has something to say to operators has the methods
//
//	LogReason() string     // fixed words, and what a log may have: codes, algorithms, issuers, names of settings
//	OperatorMustAct() bool // it lasts until somebody changes a setting, here or at the provider
//
// Neither has a token, a code, a key, or a text of the provider's in it. Whoever shows a failure to
// a person tells them to try again only if OperatorMustAct says false.

// unknownError says why an answer of the provider, or the lack of one, says nothing about a person.
type unknownError struct {
	reason string // a fixed word for logs
	detail string // what else a log may have; "" for nothing
	status int    // of HTTP, 0 without an answer
	// temporary says that the same may be tried again, which makes it an [ErrUnavailable].
	temporary bool
	// act says that an operator has to change something. Even then it may be an [ErrUnavailable]:
	// what cannot be asked is unknown, whoever can mend it, and unknown ends nobody's login.
	act bool
}

func (e *unknownError) Error() string { return "upstream: " + e.LogReason() }

// LogReason is for operators.
func (e *unknownError) LogReason() string {
	s := e.reason
	if e.status != 0 {
		s = fmt.Sprintf("%s (status %d)", s, e.status)
	}
	return withDetail(s, e.detail)
}

// OperatorMustAct reports whether it lasts until an operator changes something.
func (e *unknownError) OperatorMustAct() bool { return e.act }

// Is is for [errors.Is].
func (e *unknownError) Is(target error) bool { return e.temporary && target == ErrUnavailable }

func unknown(reason string) error { return &unknownError{reason: reason} }

// statusError is an answer with a status that decides nothing.
func statusError(reason string, status int) *unknownError {
	return &unknownError{reason: reason, status: status, temporary: passes(status)}
}

// passes reports whether a status may be another one in a moment.
func passes(status int) bool {
	return status == http.StatusTooManyRequests || status == http.StatusRequestTimeout || status >= 500
}

// Reason says why a sign-in failed, in fixed words that may be logged.
type Reason string

// The reasons.
const (
	ReasonAnswer    Reason = "the provider's answer is malformed"
	ReasonState     Reason = "the answer belongs to another sign-in"
	ReasonIssuer    Reason = "the answer or the ID token comes from another issuer"
	ReasonCode      Reason = "the provider did not accept the code"
	ReasonProvider  Reason = "the provider reported an error"
	ReasonNoIDToken Reason = "the provider gave no ID token"
	ReasonMalformed Reason = "the ID token is malformed"
	ReasonAlgorithm Reason = "the ID token is signed with an algorithm that is not accepted"
	ReasonKey       Reason = "the ID token is signed with a key that the provider does not publish"
	ReasonIDToken   Reason = "the signature of the ID token does not verify"
	ReasonExpired   Reason = "the ID token is out of its time"
	ReasonNonce     Reason = "the ID token has another nonce"
	ReasonNoNonce   Reason = "the ID token has no nonce"
	ReasonAudience  Reason = "the ID token is for another client"
	ReasonAtHash    Reason = "the access token is not the one that the ID token was issued with"
	ReasonSubject   Reason = "the ID token or the user info names no usable subject, or another one"
	ReasonUserInfo  Reason = "the provider does not give its user info"
)

// passing are the reasons that may not come again if the person signs in once more.
var passing = map[Reason]bool{ReasonState: true, ReasonCode: true, ReasonNonce: true, ReasonAnswer: true}

// SignInError is a sign-in that failed for good.
type SignInError struct {
	Reason Reason
	// detail is what else a log may have; "" for nothing.
	detail string
	// again says that the person may try again although the reason does not.
	again bool
}

func (e *SignInError) Error() string { return "upstream: sign-in failed: " + e.LogReason() }

// LogReason is for operators.
func (e *SignInError) LogReason() string { return withDetail(string(e.Reason), e.detail) }

// OperatorMustAct reports whether it lasts until an operator changes something.
func (e *SignInError) OperatorMustAct() bool { return !e.again && !passing[e.Reason] }

func failed(r Reason) error { return &SignInError{Reason: r} }

func failedWith(r Reason, format string, args ...any) error {
	return &SignInError{Reason: r, detail: fmt.Sprintf(format, args...)}
}

// deniedError is an [ErrDenied].
type deniedError struct{ detail string }

func (e *deniedError) Error() string { return "upstream: the sign-in was denied: " + e.LogReason() }

// Is makes it an [ErrDenied].
func (*deniedError) Is(target error) bool { return target == ErrDenied }

// LogReason is for operators.
func (e *deniedError) LogReason() string {
	return withDetail("the person or the provider said no", e.detail)
}

// OperatorMustAct is false: the person may say yes the next time.
func (*deniedError) OperatorMustAct() bool { return false }

// OperatorMustAct reports whether a failure of a sign-in lasts until an operator changes something.
func OperatorMustAct(err error) bool {
	var e interface{ OperatorMustAct() bool }
	return errors.As(err, &e) && e.OperatorMustAct()
}

func withDetail(reason, detail string) string {
	if detail == "" {
		return reason
	}
	return reason + ": " + detail
}

// What a log may have of an answer. Codes come from lists that specifications have; a description
// may name the person.
var (
	errorCode = regexp.MustCompile(`^[a-z_]{1,64}$`)
	algorithm = regexp.MustCompile(`^[A-Za-z0-9-]{1,16}$`)
	// entraCode begins the descriptions of Entra's errors, and says more than their code.
	entraCode = regexp.MustCompile(`^AADSTS[0-9]{4,8}`)
)

// saidError is what a log may have of an error that the provider reported (RFC 6749 §4.1.2.1,
// §5.2).
func saidError(code, description string) string {
	if !errorCode.MatchString(code) {
		return "error is not a code of OAuth"
	}
	if more := entraCode.FindString(description); more != "" {
		return "error=" + code + " " + more
	}
	return "error=" + code
}
