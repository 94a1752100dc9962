package mcpadapter

import (
	"context"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// Idempotency keeps an operation that creates something from being executed twice. It knows nothing
// of what is created.
type Idempotency interface {
	// Begin is the way of one call to an operation. Nothing has happened yet.
	Begin(op Operation) Execution
}

// Execution is the way of one call to its operation:
//
//	e := idempotency.Begin(operation)
//	defer e.End()
//	for e.Next(ctx) {
//		e.Finish(ctx, attempt(ctx, e)) // which calls e.Commit before it sends anything
//	}
//	verdict := e.Verdict()
//
// Its contexts end when the client goes away or the time of the call is up: that ends waiting and
// searching, never an attempt that has been committed. It is for one goroutine.
type Execution interface {
	// Next tells whether this call has to attempt the operation: no other call under the same key
	// did or does. It waits as long as that is to be found out. If it is false the verdict is
	// known.
	Next(ctx context.Context) bool
	// Commit is the last thing before an attempt does anything that others can notice. After an
	// error it must do nothing.
	Commit(ctx context.Context) error
	// Finish says what came of the attempt, committed or not.
	Finish(ctx context.Context, made Attempted)
	// Verdict is what became of the operation, after Next was false.
	Verdict() Verdict
	// End gives back what an attempt holds that was not finished, as after a panic. It may be
	// called at any time.
	End()
}

// Operation is something to be executed once.
type Operation struct {
	// Subject is the caller. Keys of one are never those of another, and stay the same whatever
	// credential is in use.
	Subject string
	// Tenant is whom the caller waits for: operations of one fingerprint are executed one after
	// another for each tenant.
	Tenant string
	// Key is what the client named the operation by, "" if it did not. Two of different Tool or
	// Digest are not the same operation.
	Key string
	// Retransmission recognizes an operation that has no Key when a transport sends it again.
	Retransmission Retransmission
	// Part is which part of a call this is, from 1, where one call is several operations; else 0.
	Part int
	// Tool names the tool.
	Tool string
	// Digest is of everything that is asked for, in its normal form.
	Digest [32]byte
	// Given is of the arguments as they came. Former is Digest as versions before made it where
	// their normal form was another one; the zero value if it was not. An operation is the same as
	// one recorded if any of them is: a call that is repeated after an upgrade that changed the
	// normal form is the same call.
	Given, Former [32]byte
	// Fingerprint is the same for all works that could not be told apart by looking at what they
	// made. The zero value is for works that leave nothing to look at. Whose they are makes no
	// difference: who looks may see another tenant's.
	Fingerprint [32]byte
	// Search searches for what an attempt with this fingerprint has left at or after a time,
	// whoever made it. It changes nothing. It is nil if looking would not tell.
	Search func(ctx context.Context, since time.Time) ([]Match, error)
}

// Retransmission is what a retransmitted call has in common with its first transmission.
type Retransmission struct {
	// ProxyRequestID was given by a proxy that is trusted to keep it over its retries; "" without
	// one.
	ProxyRequestID string
	// Session and RequestID are the client's. RequestID tells numbers from texts.
	Session, RequestID string
	// Held is how long ago the call came that is begun now: an earlier transmission is known for a
	// while only.
	Held time.Duration
}

// Recognizable tells whether a retransmission can be told from another client's call. Clients pick
// their request ids alike, most of them from 1 on, so one counts only together with a session or
// with the id that a trusted proxy gave.
func (t Retransmission) Recognizable() bool {
	return t.RequestID != "" && (t.Session != "" || t.ProxyRequestID != "")
}

// Attempted is what came of an attempt.
type Attempted struct {
	// Outcome says whether it took effect.
	Outcome clerkapi.Outcome
	// ID is of what was made, as far as known.
	ID string
	// Result is for the client: after [clerkapi.Unknown] it says only what is known from the
	// attempt.
	Result Result
	// Canceled says that the call was canceled before anything was handed over: this is not an
	// answer for other calls.
	Canceled bool
}

// Match is something that may have been made by an attempt.
type Match struct {
	// ID is the same whenever it is seen.
	ID string
	// Result is for the client should it be the one.
	Result Result
}

// Verdict is what is known of an operation after its [Execution].
type Verdict struct {
	State State
	// Result is that of the attempt or of the match, where there is one: see the states.
	Result Result
	// At is when the attempt began, or when the store lost its data: see the states. The zero value
	// is not known.
	At time.Time
	// Earlier says that the attempt was not made by this call.
	Earlier bool
}

// State is what is known of an operation.
type State uint8

const (
	// Executed says that the attempt of this call had an answer: it took effect, or it certainly
	// did not. Result is its.
	Executed State = iota
	// Replayed says the same of an attempt by another call under the same key, which began At.
	// Result is its.
	Replayed
	// Reconciled says that an attempt that began At had no answer, and that what it made was found.
	// Result is that of the match.
	Reconciled
	// NotFoundYet says that an attempt that began At had no answer, and that nothing of it can be
	// seen so far. Result is the attempt's if this call made it.
	NotFoundYet
	// Indeterminate says that an attempt that began At had no answer, and that looking could not
	// tell or was not possible. Result is the attempt's if this call made it.
	Indeterminate
	// InProgress says that another call is still executing this operation. This one did nothing.
	InProgress
	// Queued says that another operation of the same tenant and fingerprint is still in flight.
	// This one was not begun.
	Queued
	// KeyReused says that the key was used At for another operation. Nothing was done.
	KeyReused
	// StoreDown says that the idempotency records cannot be reached. Nothing was done.
	StoreDown
	// StoreReset says that the idempotency records were lost At, so that nobody knows whether this
	// key was used. Nothing was done.
	StoreReset
)

// unguarded is [Idempotency] without a store: each call stands for itself.
type unguarded struct{}

func (unguarded) Begin(Operation) Execution { return &unguardedExecution{} }

type unguardedExecution struct {
	begun   bool
	verdict Verdict
}

func (e *unguardedExecution) Next(context.Context) bool {
	first := !e.begun
	e.begun = true
	return first
}

func (*unguardedExecution) Commit(context.Context) error { return nil }

func (e *unguardedExecution) Finish(_ context.Context, made Attempted) {
	e.verdict = Verdict{State: Executed, Result: made.Result}
	if made.Outcome == clerkapi.Unknown {
		e.verdict.State = Indeterminate
	}
}

func (e *unguardedExecution) Verdict() Verdict { return e.verdict }

func (*unguardedExecution) End() {}
