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
	// Tenant names those whose messages with the same sender, recipients and text go out one after
	// another: callers who work with one workspace, as far as is known. "" is one for everybody.
	Tenant string
	// IdempotencyKey is what the client named the call by outside of its arguments, "" if it did
	// not. An argument idempotency_key beside it must be the same.
	IdempotencyKey string
	// RequestID is the JSON-RPC id, in a form that tells numbers from texts, such as n:1 and s:1;
	// "" is none.
	RequestID string
	// Session is what names the caller's session, "" without one. It must be such that clients
	// cannot make one up.
	Session string
	// ProxyRequestID is the request id that a trusted proxy gave, "" without one.
	ProxyRequestID string
	// Held is how long the call was held up before it was begun, other than by waiting for its
	// turn.
	Held time.Duration
	// Progress is told how far the call is, nil if nobody asked. It does not block, and what it is
	// told may be dropped.
	Progress func(done, total int, message string)
}

// Report is what came of a call.
type Report struct {
	// Result is for the client.
	Result Result
	// Facts are for those who run the gateway.
	Facts Facts
	// Err is [ErrUnknownTool] if there is no such tool, else nil: everything else that goes wrong
	// is a Result.
	Err error
}

// Result is what a client is told.
type Result struct {
	// Structured conforms to the tool's output schema. If IsError it is nil, but for a batch of
	// which some was not done.
	Structured json.RawMessage
	// Text is the same JSON, or what went wrong, in words that a model can act on.
	Text string
	// IsError tells that the call did not do what it was for, or may not have done it.
	IsError bool
	// NoEffect tells, beside IsError, that it certainly did nothing.
	NoEffect bool
}

// Facts are what may be counted and logged of a call: no message text, no number, no cause.
type Facts struct {
	// Tool and Operation name the tool and the REST operation, such as "send_message" and
	// "sendMessage".
	Tool, Operation string
	// Outcome tells how it went.
	Outcome Outcome
	// Disposition tells which way a call that creates something went.
	Disposition Disposition
	// Status is the HTTP status of the REST API's answer, 0 if there was none.
	Status int
	// Attempts is how often the REST request was made as far as known.
	Attempts int
	// Duration is the whole call.
	Duration time.Duration
	// Recipients is how many a message is for, 0 where that has no meaning or is not known.
	Recipients int
	// Segments is how many SMS segments the text takes for one recipient, 0 where that has no
	// meaning.
	Segments int
	// Unrecognizable tells that a call that creates something had neither a key nor a
	// [Retransmission] by which a retransmission of it would be recognized.
	Unrecognizable bool
}
