package fault

import (
	"errors"
	"time"
)

// Kind is what an error means to whoever asked.
type Kind string

// The kinds.
const (
	// InvalidToken says that what was shown is not good, or not any more: sign in again.
	InvalidToken Kind = "invalid_token"
	// Denied says that it is known who asks, and that they may not. To sign in again does not help.
	Denied Kind = "denied"
	// NoCredential says that something that calls are made with is missing, and that a person can
	// mend that.
	NoCredential Kind = "no_credential" //nolint:gosec // the name of a kind
	// Unavailable says that nobody can tell now. It may be well, and nothing was done.
	Unavailable Kind = "unavailable"
	// Busy says that there is too much to do for all, and OwnShare for the one who asks. Nothing
	// was begun.
	Busy     Kind = "busy"
	OwnShare Kind = "own_share"
)

// Error is an error whose answer is known. What fails for reasons of its own gives one by Unwrap,
// or is the Cause of one.
type Error struct {
	Kind Kind
	// Public is what whoever asked is told; "" leaves that to the protocol. It has nothing of Cause
	// in it.
	Public string
	// RetryAfter is when to ask again, 0 if that is not known.
	RetryAfter time.Duration
	// Cause is for logs and for [errors.Is]. It is never part of an answer.
	Cause error
}

func (e *Error) Error() string {
	if e.Cause != nil {
		return e.Cause.Error()
	}
	return string(e.Kind) + ": " + e.Public
}

func (e *Error) Unwrap() error { return e.Cause }

// PublicText is Public, for packages that do not know this one.
func (e *Error) PublicText() string { return e.Public }

// Of finds the answer to an error; that of an error without one has no kind.
func Of(err error) Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return *e
	}
	return Error{Cause: err}
}

// LogReason is what an error says in words that a log may have, "" if it has none. Errors that have
// some say them by a method LogReason() string.
func LogReason(err error) string {
	if known, ok := errors.AsType[interface {
		error
		LogReason() string
	}](err); ok {
		return known.LogReason()
	}
	return ""
}

// Rule is which of the operator's rules turned somebody away, "" if none did. Errors say it by a
// method Rule() string.
func Rule(err error) string {
	if known, ok := errors.AsType[interface {
		error
		Rule() string
	}](err); ok {
		return known.Rule()
	}
	return ""
}
