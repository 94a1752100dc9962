package clerkapi

import (
	"errors"
	"fmt"
	"time"
)

// What went wrong, for errors.Is. Every error of this package that concerns a request is an
// [*Error] with one of these.
var (
	ErrNoCredential  = errors.New("no credential")                    // nothing was sent
	ErrInvalid       = errors.New("invalid request")                  // refused here, nothing was sent
	ErrBadRequest    = errors.New("bad request")                      // 400
	ErrUnauthorized  = errors.New("unauthorized")                     // 401
	ErrForbidden     = errors.New("forbidden")                        // 403
	ErrNotFound      = errors.New("not found")                        // 404
	ErrUnprocessable = errors.New("unprocessable")                    // 422
	ErrRateLimited   = errors.New("rate limited")                     // 429
	ErrRejected      = errors.New("rejected")                         // any other 4xx, and redirects
	ErrServer        = errors.New("server error")                     // 5xx
	ErrUnreachable   = errors.New("unreachable")                      // no connection was made: DNS, dial, TLS
	ErrTimeout       = errors.New("timed out")                        // the deadline passed, or 408
	ErrPaused        = errors.New("paused after failures")            // nothing was sent: it failed too often
	ErrCanceled      = errors.New("canceled")                         // the caller gave up
	ErrInterrupted   = errors.New("interrupted")                      // the connection broke after it was made
	ErrBadAnswer     = errors.New("answer could not be read")         // 2xx, but no JSON of the expected form
	ErrFailed        = errors.New("accepted, but reported as failed") // 2xx that carries a failure
)

// Outcome tells whether a request took effect.
type Outcome uint8

const (
	// NotDone says that the request had no effect. It was refused, or never reached the API.
	NotDone Outcome = iota
	// Unknown says that the request may have had an effect. Repeating it may do a thing twice.
	Unknown
	// Done says that the API took the request, but its answer could not be read, or tells of a
	// failure later on the way.
	Done
)

func (o Outcome) String() string {
	switch o {
	case NotDone:
		return "not done"
	case Unknown:
		return "unknown"
	case Done:
		return "done"
	}
	return fmt.Sprintf("Outcome(%d)", uint8(o))
}

// Error is a failed request.
type Error struct {
	// Operation is the operationId in the OpenAPI document, such as "sendMessage".
	Operation string
	// Reason is one of the sentinels above; errors.Is finds it.
	Reason error
	// Outcome tells whether the request took effect.
	Outcome Outcome
	// Status is the HTTP status, 0 if there was no answer.
	Status int
	// Message is what the API said about it, as one line of at most 500 bytes; "" if it said
	// nothing readable. With [ErrInvalid] and [ErrNoCredential] it says what to change. The API may
	// quote what was sent to it, so it is not for logs that must not hold numbers or texts; the
	// credential is taken out.
	Message string
	// Code is the API's own code for it, "" if it gave none.
	Code string
	// ExistingID is the id of what exists already and so was not created, where the API refused
	// with 409 and named it; else "".
	ExistingID ID
	// RetryAfter is how long the API asks to wait, counted from its answer; 0 if it does not say.
	RetryAfter time.Duration

	cause error
}

// Error says what failed for a log or a developer. The cause is not part of it: see [Error.Unwrap].
func (e *Error) Error() string {
	s := e.Operation + ": " + e.Reason.Error()
	if e.Status != 0 {
		s += fmt.Sprintf(" (HTTP %d)", e.Status)
	}
	if e.Message != "" {
		s += ": " + e.Message
	}
	return s
}

// Is matches the sentinels.
func (e *Error) Is(target error) bool { return target == e.Reason }

// Unwrap gives the cause, which may name hosts and addresses and is not for the eyes of users.
func (e *Error) Unwrap() error { return e.cause }
