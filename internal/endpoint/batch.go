package endpoint

import (
	"context"
	"sync/atomic"

	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const (
	defaultMaxBatch = 50
	// batchAtOnce is how many calls of a batch run at once. A batch has one turn, see [InFlight].
	batchAtOnce = 8
	// defaultMaxAnswer has room for ten pages of 50 messages of the greatest length.
	defaultMaxAnswer = 8 << 20
)

// moreThan tells whether a JSON array has more than limit elements. It reads no further than that and remembers nothing, so
// that a batch of a million messages is refused before it costs anything. What is not valid JSON is left to others.
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

// batchKey carries the turns of a batch: a channel with room for those that run.
type batchKey struct{}

func withBatch(ctx context.Context) context.Context {
	return context.WithValue(ctx, batchKey{}, make(chan struct{}, batchAtOnce))
}

// boundBatch lets some requests of a batch run at once, of which the SDK begins all. Notifications do nothing here.
func (e *Endpoint) boundBatch(next mcp.MethodHandler) mcp.MethodHandler {
	return func(ctx context.Context, method string, req mcp.Request) (mcp.Result, error) {
		turns, ok := ctx.Value(batchKey{}).(chan struct{})
		if !ok || legacyNotifications[method] {
			return next(ctx, method, req)
		}
		gone, _ := ctx.Value(clientGoneKey{}).(context.Context)
		if gone == nil {
			gone = ctx
		}
		select {
		case turns <- struct{}{}:
			defer func() { <-turns }()
			return next(ctx, method, req)
		case <-gone.Done():
			return nil, &jsonrpc.Error{Code: jsonrpc.CodeInternalError, Message: "the client went away before this request was begun; nothing was done"}
		}
	}
}

// answerKey carries how many bytes of results a request may still be answered with.
type answerKey struct{}

func withAnswer(ctx context.Context, most int64) context.Context {
	left := new(atomic.Int64)
	left.Store(most)
	return context.WithValue(ctx, answerKey{}, left)
}

// answerFull tells whether a request has been answered with all that it may.
func answerFull(ctx context.Context) bool {
	left, ok := ctx.Value(answerKey{}).(*atomic.Int64)
	return ok && left.Load() <= 0
}

// fitsAnswer counts a result, and tells whether it is within what the request may be answered with.
func fitsAnswer(ctx context.Context, r mcpadapter.Result) bool {
	left, ok := ctx.Value(answerKey{}).(*atomic.Int64)
	return !ok || left.Add(-int64(len(r.Text)+len(r.Structured))) >= 0
}

// tooMuch takes the place of a result that would make the answer too large. Only a tool that changes nothing is answered so:
// what a call has done is told in any case, and takes few words.
var tooMuch = mcpadapter.Result{
	IsError: true, NoEffect: true,
	Text: "The answer is larger than this server sends for one request. Nothing was changed. Ask for less, such as with a smaller " +
		"limit or a shorter period; if this call was part of a batch, make it in a request of its own.",
}
