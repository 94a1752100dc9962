package mcpadapter

import (
	"context"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// tool is one of the seven.
type tool struct {
	name      string
	operation string // of the OpenAPI document
	// route is method and path, for the messages that must name it.
	route  string
	effect effect
	scope  string
	words  words
	define func(s setting) definition
	// plan decodes and checks the arguments. What is wrong goes to the problems of f; then the plan
	// is not used.
	plan func(f *fields, now time.Time) plan
	// execute carries out a creating call in several pieces of work. Default: in one.
	execute func(ctx context.Context, t *Tools, tool *tool, p plan, c Call, hold *hold) Report
	// named tells that a call may bring an idempotency_key.
	named bool
}

// effect is what a request does to the workspace, and so what may be said about doing it again.
type effect uint8

const (
	reads   effect = iota // nothing
	creates               // something new each time
	sets                  // the same however often it is made
)

// plan is a call that was found good: the exact request, and what can be said of its effect
// beforehand.
type plan struct {
	request request
	// recipients is how many a message is for; 0: no message, or not known.
	recipients int
	// segments is how many SMS segments the text takes for one of them.
	segments int
	// key is what the client named the call by, "" if it did not.
	key string
	// timeProblems is what is wrong with the call by now, but was not before: it matters only if
	// the request is yet to be made.
	timeProblems problems
}

// request is a REST request as it will be made: a struct around the typed body or parameters.
type request interface {
	// do makes the request. The answer tells what is known, also beside an error.
	do(ctx context.Context, api *clerkapi.Client) (answer, error)
}

// answer is what came back.
type answer struct {
	// value is the tool's result, to be written as JSON.
	value any
	// response is the HTTP side, nil if nothing was sent.
	response *clerkapi.Response
	// id and status of what was made, as far as known, for a failure that came after it.
	id, status string
	// shortfall says what the API left out of what was asked for, in words for the client; "" if
	// nothing.
	shortfall string
}
