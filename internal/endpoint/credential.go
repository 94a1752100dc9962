package endpoint

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// Credentials finds what tool calls are made with before anything of an answer exists, since only then can a client be
// asked to sign in, or be told to come back later, in the words of HTTP. Its errors know their answer, or when to come back.
type Credentials interface {
	// Prepare finds the caller's, once for all calls of a request. The context it gives hands it on to them.
	Prepare(ctx context.Context) (context.Context, error)
	// Lost is asked about a context of Prepare after a call that did nothing: it gives the error that Prepare would give if
	// the credential could not be used after all, and nil if that was not the reason.
	Lost(ctx context.Context) error
}

// later is an error of [Credentials] that says when to come back.
type later interface {
	error
	RetryAfter() time.Duration
}

// prepare finds what the calls of a body are made with, if there are any. The writer it gives takes back what was answered
// to a single call whose credential was lost; of a batch other calls may have done something, so its answer stands.
func (e *Endpoint) prepare(w http.ResponseWriter, r *http.Request, env *envelope) (http.ResponseWriter, *http.Request, error) {
	ctx, err := e.opts.Credentials.Prepare(r.Context())
	if err != nil {
		return nil, nil, err
	}
	if env.request() == nil {
		return w, r.WithContext(ctx), nil
	}
	rw := &revocable{ResponseWriter: w, refuse: func(err error) { e.refuse(w, r, env, err) }}
	return rw, r.WithContext(context.WithValue(ctx, revocableKey{}, rw)), nil
}

type revocableKey struct{}

// takeBack has the request refused if a call did nothing for want of its credential.
func (e *Endpoint) takeBack(ctx context.Context, result mcpadapter.Result) {
	rw, ok := ctx.Value(revocableKey{}).(*revocable)
	if !ok || !result.IsError || !result.NoEffect {
		return
	}
	if err := e.opts.Credentials.Lost(ctx); err != nil {
		rw.lost.Store(&err)
	}
}

// revocable answers with a refusal in place of what it is given, if there is a reason before it is given anything. The
// reason is set by the method's goroutine, the answer is written by whichever goroutine answers.
type revocable struct {
	http.ResponseWriter
	refuse           func(error)
	lost             atomic.Pointer[error]
	started, refused bool
}

func (w *revocable) WriteHeader(status int) {
	if w.begin() {
		w.ResponseWriter.WriteHeader(status)
	}
}

func (w *revocable) Write(data []byte) (int, error) {
	if !w.begin() {
		return len(data), nil
	}
	return w.ResponseWriter.Write(data)
}

// FlushError is for http.ResponseController: what is flushed cannot be taken back.
func (w *revocable) FlushError() error {
	if !w.begin() {
		return nil
	}
	return http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap is for http.ResponseController.
func (w *revocable) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// begin decides with the first byte, and reports whether the answer is as it is given.
func (w *revocable) begin() bool {
	if w.started {
		return !w.refused
	}
	w.started = true
	if err := w.lost.Load(); err != nil {
		w.refused = true
		w.refuse(*err)
	}
	return !w.refused
}

// refuse writes the refusal of [Auth] or [Credentials]; an error that knows no answer is ours.
func (e *Endpoint) refuse(w http.ResponseWriter, r *http.Request, env *envelope, err error) {
	var known refusal
	var wait later
	switch {
	case errors.As(err, &known):
		known.Write(w)
	case errors.Is(err, errGrantUnconfirmed):
		errUnconfirmed.write(w, env.id())
	case errors.As(err, &wait):
		refusal := errNoCredential
		refusal.retryAfter = wait.RetryAfter()
		refusal.write(w, env.id())
	default:
		e.opts.Logger.ErrorContext(r.Context(), "a request could not be judged", "error", err)
		errInternal.write(w, env.id())
	}
}
