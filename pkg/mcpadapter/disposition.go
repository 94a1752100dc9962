package mcpadapter

import "fmt"

// Disposition tells what became of a call that creates something.
type Disposition uint8

const (
	// DispositionNone is for calls that create nothing.
	DispositionNone Disposition = iota
	// DispositionExecuted says that this call did it.
	DispositionExecuted
	// DispositionReplayed says that an earlier call did it, whose answer was given once more.
	DispositionReplayed
	// DispositionReconciled says that an answer was lost, and that this call found what was made.
	DispositionReconciled
	// DispositionNotFoundYet says that an answer was lost, and that nothing of what may have been
	// made can be seen so far.
	DispositionNotFoundYet
	// DispositionIndeterminate says that an answer was lost, and that it could not be found out
	// what became of it.
	DispositionIndeterminate
	// DispositionInProgress says that another call is at it.
	DispositionInProgress
	// DispositionNotExecuted says that certainly nothing was done by this call, nor by one whose
	// answer it was given.
	DispositionNotExecuted
)

// String is a word for a metric's label and for clients that are programs; "" for
// [DispositionNone].
func (p Disposition) String() string {
	switch p {
	case DispositionNone:
		return ""
	case DispositionExecuted:
		return "executed"
	case DispositionReplayed:
		return "replayed"
	case DispositionReconciled:
		return "reconciled"
	case DispositionNotFoundYet:
		return "not_found_yet"
	case DispositionIndeterminate:
		return "indeterminate"
	case DispositionInProgress:
		return "in_progress"
	case DispositionNotExecuted:
		return "not_executed"
	}
	return fmt.Sprintf("Disposition(%d)", uint8(p))
}
