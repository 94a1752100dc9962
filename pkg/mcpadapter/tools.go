package mcpadapter

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// ErrUnknownTool is the error of a [Report] for a tool that does not exist.
var ErrUnknownTool = errors.New("unknown tool")

// Credentials finds the credential that a caller's requests are made with. The subject "" is an anonymous caller.
type Credentials interface {
	Credential(ctx context.Context, subject string) (clerkapi.Credential, error)
}

// Observer is told of every finished call, once, before [Tools.Call] returns. It must not block.
type Observer interface {
	Observe(ctx context.Context, f Facts)
}

// Options configure [Tools]. Client and Credentials are required.
type Options struct {
	// Client makes the requests. Its credential does not matter: each call brings its own.
	Client *clerkapi.Client
	// Credentials are asked once per call that has something to send.
	Credentials Credentials
	// Observer hears of finished calls. Default: nobody.
	Observer Observer
	// Now is the clock. Default: [time.Now].
	Now func() time.Time
}

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

// Tools are the seven tools. They are safe for concurrent use.
type Tools struct{}

// New checks the options and builds the definitions.
func New(Options) (*Tools, error) { return &Tools{}, nil }

// Definitions returns the tools for tools/list. They are shared and must not be changed.
func (t *Tools) Definitions() []*mcp.Tool { return nil }

// Instructions tell a model how the tools belong together.
func (t *Tools) Instructions() string { return "" }

// Call runs a tool. ctx ends when the client goes away: that stops a read, and a write that has not been handed over;
// a write that has been is finished.
func (t *Tools) Call(ctx context.Context, c Call) Report { return Report{Err: ErrUnknownTool} }

// Drain waits until no write is under way or ctx ends. Calls that come later still work.
func (t *Tools) Drain(ctx context.Context) error { return nil }
