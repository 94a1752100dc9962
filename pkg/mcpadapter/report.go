package mcpadapter

import (
	"encoding/json"
	"time"
)

// Call is one call of a tool.
type Call struct {
	// Tool is the tool's name.
	Tool string
	// Arguments are the arguments as they came: a JSON object, or nothing.
	Arguments json.RawMessage
	// Subject is the caller; "" is an anonymous one.
	Subject string
}

// Report is what came of a call.
type Report struct {
	// Result is for the client.
	Result Result
	// Facts are for those who run the gateway.
	Facts Facts
	// Err is [ErrUnknownTool] if there is no such tool, else nil: everything else that goes wrong is a Result.
	Err error
}

// Result is what a client is told.
type Result struct {
	// Structured conforms to the tool's output schema. It is nil if IsError.
	Structured json.RawMessage
	// Text is the same JSON, or what went wrong, in words that a model can act on.
	Text string
	// IsError tells that the call did not do what it was for, or may not have done it.
	IsError bool
}

// Facts are what may be counted and logged of a call: no message text, no number, no cause.
type Facts struct {
	// Tool and Operation name the tool and the REST operation, such as "send_message" and "sendMessage".
	Tool, Operation string
	// Outcome tells how it went.
	Outcome Outcome
	// Status is the HTTP status of the REST API's answer, 0 if there was none.
	Status int
	// Attempts is how often the REST request was made as far as known.
	Attempts int
	// Duration is the whole call.
	Duration time.Duration
	// Recipients is how many a message is for, 0 where that has no meaning or is not known.
	Recipients int
	// Segments is how many SMS segments the text takes for one recipient, 0 where that has no meaning.
	Segments int
}
