package mcpadapter

import "fmt"

// Outcome tells how a call went, for metrics and records.
type Outcome uint8

const (
	// OutcomeOK: done.
	OutcomeOK Outcome = iota
	// OutcomeInvalid: the arguments were wrong; nothing was sent.
	OutcomeInvalid
	// OutcomeRefused: the API, or the lack of a credential, said no; nothing happened.
	OutcomeRefused
	// OutcomeFailed: it happened, but the API reports a failure or its answer could not be read.
	OutcomeFailed
	// OutcomeUnknown: it may have happened.
	OutcomeUnknown
	// OutcomeUnavailable: nothing happened because something could not be reached or was overloaded.
	OutcomeUnavailable
	// OutcomeCanceled: the caller went away before anything happened.
	OutcomeCanceled
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
	}
	return fmt.Sprintf("Outcome(%d)", uint8(o))
}
