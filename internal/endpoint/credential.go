package endpoint

import (
	"context"
	"errors"
	"net/http"

	"github.com/clerkchat/mcp-gateway/internal/fault"
	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// Credentials finds what tool calls are made with before anything of an answer exists, since only
// then can a client be asked to sign in, or be told to come back later, in the words of HTTP. Its
// errors know their answer, or when to come back.
type Credentials interface {
	// Find finds the caller's, once for all calls of a request. It is lost by the call that finds
	// it to be of no use.
	Find(ctx context.Context) (*request.Credential, error)
}

// takeBack has the request refused if a call did nothing for want of its credential.
func (e *Endpoint) takeBack(ctx context.Context, result mcpadapter.Result) {
	w := stateOf(ctx).writer
	if w == nil || !result.IsError || !result.NoEffect {
		return
	}
	if err := request.From(ctx).Credential.Lost(); err != nil {
		w.refuse(err)
	}
}

// refuse writes the refusal of [Auth] or [Credentials]; an error that knows no answer is ours.
func (e *Endpoint) refuse(w http.ResponseWriter, r *http.Request, env *envelope, err error) {
	var known refusal
	switch answer := fault.Of(err); {
	case errors.As(err, &known):
		known.Write(w)
	case errors.Is(err, errGrantUnconfirmed):
		errUnconfirmed.write(w, env.id())
	case answer.Kind == fault.Unavailable:
		refusal := errNoCredential
		refusal.retryAfter = answer.RetryAfter
		refusal.write(w, env.id())
	default:
		e.opts.Logger.ErrorContext(r.Context(), "a request could not be judged", "error", err)
		errInternal.write(w, env.id())
	}
}
