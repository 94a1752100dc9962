package endpoint

import (
	"context"
	"sync"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const (
	defaultMaxBatch = 50
	// batchAtOnce is how many calls of a batch run at once at most, batchOfOne how many of them in
	// the turn of their request.
	batchAtOnce = 8
	batchOfOne  = 4
)

// moreThan tells whether a JSON array has more than limit elements. It reads no further than that
// and remembers nothing, so that a batch of a million messages is refused before it costs anything.
// What is not valid JSON is left to others.
func moreThan(array []byte, limit int) bool {
	depth, commas, quoted := 0, 0, false
	for i := 0; i < len(array); i++ {
		switch c := array[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			depth--
		case c == ',' && depth == 1:
			if commas++; commas >= limit {
				return true
			}
		}
	}
	return false
}

// batchTurns lets the calls of a batch run. Some may run in the turn of their request. Each other
// one needs a further turn, of which there are as many as nobody else waits for: so a batch is
// slower where there is much to do.
type batchTurns struct {
	another func() (leave func(), ok bool)
	granted chan func() // has what ends the turn of each call that may run and has not taken note
	// When one of these is closed, nothing is begun any more: the client is gone, or the process is
	// about to stop.
	gone, closed <-chan struct{}

	mu               sync.Mutex
	running, waiting int
}

func (e *Endpoint) newBatch(ctx context.Context) *batchTurns {
	b := &batchTurns{granted: make(chan func(), batchAtOnce), gone: ctx.Done()}
	if e.opts.InFlight != nil {
		b.closed = e.opts.InFlight.Closed()
	}
	b.another = func() (func(), bool) {
		if e.opts.InFlight == nil {
			return func() {}, true
		}
		return e.opts.InFlight.Another(ctx)
	}
	return b
}

// enter waits for the turn of a call, as long as one may be begun.
func (b *batchTurns) enter() (leave func(), ok bool) {
	b.mu.Lock()
	b.waiting++
	b.grant()
	b.mu.Unlock()
	select {
	case end := <-b.granted:
		return func() { b.leave(end) }, true
	case <-b.gone:
	case <-b.closed:
	}
	b.mu.Lock()
	if b.waiting > 0 {
		b.waiting--
		b.mu.Unlock()
		return nil, false
	}
	b.mu.Unlock()
	b.leave(<-b.granted) // it came in the same moment
	return nil, false
}

func (b *batchTurns) leave(end func()) {
	end()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.running--
	b.grant()
}

// grant has calls run that wait. b.mu is held.
func (b *batchTurns) grant() {
	for b.waiting > 0 && b.running < batchAtOnce {
		end := func() {}
		if b.running >= batchOfOne {
			var ok bool
			if end, ok = b.another(); !ok {
				return
			}
		}
		b.waiting--
		b.running++
		b.granted <- end
	}
}

// boundBatch lets some requests of a batch run at once, of which the SDK begins all.
func (e *Endpoint) boundBatch(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
		turns := stateOf(ctx).turns
		if turns == nil {
			return next(ctx, method, req)
		}
		// What its client, or the process, leaves no time for is not begun: its answer, and those
		// of all that was done before in the same batch, would be lost.
		leave, ok := turns.enter()
		if ok {
			defer leave()
			if !isClosed(turns.gone) && !isClosed(turns.closed) {
				return next(ctx, method, req)
			}
		}
		if isClosed(turns.closed) {
			return nil, &jsonrpc.Error{
				Code:    jsonrpc.CodeInternalError,
				Message: "the server is about to stop and has not begun this request; nothing was done, send it again",
			}
		}
		return nil, &jsonrpc.Error{Code: jsonrpc.CodeInternalError, Message: "the client went away before this request was begun; nothing was done"}
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
