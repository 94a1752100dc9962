package mcpadapter

import "fmt"

// Outcome tells how a call went, for metrics and records.
type Outcome uint8

const (
	// OutcomeOK says that it is done.
	OutcomeOK Outcome = iota
	// OutcomeInvalid says that the arguments were wrong; nothing was sent.
	OutcomeInvalid
	// OutcomeRefused says that the API, or the lack of a credential, said no; nothing happened.
	OutcomeRefused
	// OutcomeFailed says that it happened, but the API reports a failure or its answer could not be read.
	OutcomeFailed
	// OutcomeUnknown says that it may have happened.
	OutcomeUnknown
	// OutcomeUnavailable says that nothing happened because something could not be reached or was overloaded.
	OutcomeUnavailable
	// OutcomeCanceled says that the caller went away before anything happened.
	OutcomeCanceled
	// OutcomeLimited says that a limit of the gateway is reached; nothing happened.
	OutcomeLimited
)

// String is a word that fits a metric's label.
func (o Outcome) String() string {
	switch o {
	case OutcomeOK:
		return "ok"
	case OutcomeInvalid:
		return "invalid"
	case OutcomeRefused:
		return "refused"
	case OutcomeFailed:
		return "failed"
	case OutcomeUnknown:
		return "unknown"
	case OutcomeUnavailable:
		return "unavailable"
	case OutcomeCanceled:
		return "canceled"
	case OutcomeLimited:
		return "limited"
	}
	return fmt.Sprintf("Outcome(%d)", uint8(o))
}

// Path tells which way a call that creates something went.
type Path uint8

const (
	// PathNone is for calls that create nothing.
	PathNone Path = iota
	// PathSent says that this call did it.
	PathSent
	// PathReplayed says that an earlier call did it, whose answer was given once more.
	PathReplayed
	// PathSettled says that an answer was lost, and that this call found what was made.
	PathSettled
	// PathNotSeen says that an answer was lost, and that nothing of what may have been made can be seen so far.
	PathNotSeen
	// PathUndecided says that an answer was lost, and that it could not be found out what became of it.
	PathUndecided
	// PathUnderWay says that another call is at it.
	PathUnderWay
	// PathRefused says that certainly nothing was done by this call, nor by one whose answer it was given.
	PathRefused
)

// String is a word for a metric's label and for clients that are programs; "" for [PathNone].
func (p Path) String() string {
	switch p {
	case PathNone:
		return ""
	case PathSent:
		return "sent"
	case PathReplayed:
		return "replayed"
	case PathSettled:
		return "settled"
	case PathNotSeen:
		return "not_seen"
	case PathUndecided:
		return "undecided"
	case PathUnderWay:
		return "under_way"
	case PathRefused:
		return "refused"
	}
	return fmt.Sprintf("Path(%d)", uint8(p))
}
