package endpoint

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

const (
	// defaultMaxAnswer has room for two pages of 50 messages of the greatest length.
	defaultMaxAnswer = 2 << 20
	// largeAnswer is where the results of a request begin to be large. An ordinary page of messages
	// is below.
	largeAnswer = 256 << 10
)

// answer is what a request is answered with. A large one takes several times its size while it is
// written, and for as long as its client takes to read it, so it needs a turn of its own, see
// [InFlight].
type answer struct {
	most  int64
	bytes atomic.Int64
	enter func(ctx context.Context) (leave func(), err error)

	mu      sync.Mutex
	leave   func() // nil before the turn
	refused bool   // there was no turn, or the request has ended
}

func (e *Endpoint) newAnswer() *answer {
	a := &answer{most: e.opts.MaxAnswer, enter: func(context.Context) (func(), error) { return func() {}, nil }}
	if e.opts.InFlight != nil {
		a.enter = e.opts.InFlight.EnterLargeAnswer
	}
	return a
}

// end gives the turn back. A call that outlives its request gets none any more.
func (a *answer) end() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.leave != nil {
		a.leave()
	}
	a.leave, a.refused = nil, true
}

// full says why no more may be read for a request's answer, nil if it may.
func (a *answer) full() *mcpadapter.Result {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.bytes.Load() >= a.most:
		return &tooMuch
	case a.refused:
		return &tooMuchAtOnce
	}
	return nil
}

// take counts a result, and says why it may not be in the answer, nil if it may. What tells of an
// effect always may, and waits for nothing.
func (a *answer) take(ctx context.Context, r mcpadapter.Result, reads bool) *mcpadapter.Result {
	bytes := a.bytes.Add(int64(len(r.Text) + len(r.Structured)))
	switch {
	case !reads || bytes <= largeAnswer:
		return nil
	case bytes > a.most:
		return &tooMuch
	case !a.turn(ctx):
		return &tooMuchAtOnce
	}
	return nil
}

// turn waits for the request's turn to have a large answer, which it gets or is refused once.
func (a *answer) turn(ctx context.Context) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.leave != nil || a.refused {
		return !a.refused
	}
	var err error
	if a.leave, err = a.enter(ctx); err != nil {
		a.leave, a.refused = nil, true
	}
	return !a.refused
}

// What takes the place of a result that would make the answer too large. Only a tool that changes
// nothing is answered so: what a call has done is told in any case, and takes few words.
var (
	tooMuch = mcpadapter.Result{
		IsError: true,
		Text: "The answer is larger than this server sends for one request. Nothing was changed. Ask for less, such as with a smaller " +
			"limit or a shorter period; if this call was part of a batch, make it in a request of its own.",
	}
	tooMuchAtOnce = mcpadapter.Result{
		IsError: true,
		Text: "The answer is large, and this server is sending too many large answers at the moment. Nothing was changed. Ask again in " +
			"a few seconds, or for less, such as with a smaller limit.",
	}
)
