package endpoint

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"

	"github.com/clerkchat/mcp-gateway/internal/fault"
)

// InFlight bounds what is under way at once. A [fault.Error] of it refuses a request that was not
// begun, as [fault.Busy] or [fault.OwnShare]. Any other error is that of ctx.
type InFlight interface {
	// Enter waits for a request's turn, and EnterLarge for that of one with a large body, which is
	// held in memory. The turn ends with leave.
	Enter(ctx context.Context) (leave func(), err error)
	EnterLarge(ctx context.Context) (leave func(), err error)
	// EnterLargeAnswer waits for the turn of a request whose answer is large.
	EnterLargeAnswer(ctx context.Context) (leave func(), err error)
	// Another gives a further turn to a request that has one, unless there is none or somebody
	// waits for it.
	Another(ctx context.Context) (leave func(), ok bool)
	// Closed is closed when nothing is begun any more, because the process is about to stop.
	Closed() <-chan struct{}
}

const (
	// smallBody is how much of a body is read before its request has its turn: no more than the
	// connection costs anyway, and net/http notices that a client has gone away only once it has
	// read the body to its end.
	smallBody = 8 << 10
	// largeBody is where a body begins to be large.
	largeBody = 256 << 10
)

// read waits for a request's turn and reads its body. A request that is refused has not been looked
// at. leave is never nil.
func (e *Endpoint) read(w http.ResponseWriter, r *http.Request) (body []byte, leave func(), refusal *rpcError) {
	turn := func() {}
	if r.ContentLength > e.opts.MaxBody {
		return nil, turn, &errTooLarge
	}
	from := http.MaxBytesReader(w, r.Body, e.opts.MaxBody)
	var err error
	if 0 < r.ContentLength && r.ContentLength <= smallBody {
		if body, err = io.ReadAll(from); err != nil {
			return nil, turn, unread(err)
		}
	}
	if turn, refusal = e.enter(r); refusal != nil {
		return nil, turn, refusal
	}
	if body != nil {
		return body, turn, nil
	}
	if body, err = io.ReadAll(io.LimitReader(from, largeBody)); err != nil {
		return nil, turn, unread(err)
	}
	if len(body) < largeBody {
		return body, turn, nil
	}
	if e.opts.InFlight != nil {
		leaveLarge, err := e.opts.InFlight.EnterLarge(r.Context())
		if err != nil {
			return nil, turn, busy(err)
		}
		first := turn
		turn = func() { leaveLarge(); first() }
	}
	if body, err = io.ReadAll(io.MultiReader(bytes.NewReader(body), from)); err != nil {
		return nil, turn, unread(err)
	}
	return body, turn, nil
}

// enter waits for a request's turn. leave is never nil.
func (e *Endpoint) enter(r *http.Request) (leave func(), refusal *rpcError) {
	if e.opts.InFlight == nil {
		return func() {}, nil
	}
	leave, err := e.opts.InFlight.Enter(r.Context())
	if err != nil {
		return func() {}, busy(err)
	}
	return leave, nil
}

// busy is the one translation of errors of [InFlight].
func busy(err error) *rpcError {
	answer := fault.Of(err)
	refusal := errBusy
	if answer.Kind == fault.OwnShare {
		refusal = errOwnShare
	}
	refusal.retryAfter = answer.RetryAfter // none if the client has gone away
	return &refusal
}

// unread says why a body was not read.
func unread(err error) *rpcError {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return &errTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &errStalled
	}
	return &errUnread
}
