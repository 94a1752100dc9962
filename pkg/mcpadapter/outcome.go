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
	// OutcomeFailed says that it happened, but the API reports a failure or its answer could not be
	// read.
	OutcomeFailed
	// OutcomeUnknown says that it may have happened.
	OutcomeUnknown
	// OutcomeUnavailable says that nothing happened because something could not be reached or was
	// overloaded.
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
