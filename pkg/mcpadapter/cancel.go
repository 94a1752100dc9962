package mcpadapter

import (
	"context"
	"errors"
)

// ErrCanceled is the cause of a context that ends because the client canceled its call. Like any
// end of the context of a call it stops what has not been handed to the API; what has been is
// finished and reported.
var ErrCanceled = errors.New("mcpadapter: the client canceled the call")

// isCanceled tells that the client does not want the call any more, or is gone.
func isCanceled(ctx context.Context) bool { return errors.Is(ctx.Err(), context.Canceled) }

// whyStopped says why no further part of a batch is begun.
func whyStopped(ctx context.Context) string {
	if errors.Is(context.Cause(ctx), ErrCanceled) {
		return "The client canceled the call before it was this contact's turn."
	}
	return "The call ended before it was this contact's turn."
}

// canceled is a request that was not made since its call was canceled.
func canceled(tool *tool, facts Facts) executed {
	facts.Outcome = OutcomeCanceled
	x := nothing(joined([]string{"The call was canceled.", tool.words.nothing}), facts)
	x.canceled = true
	return x
}

// unlessCanceled is a verdict, but for one that says why the work was not begun while the reason is
// that the call was canceled as it waited.
func unlessCanceled(ctx context.Context, tool *tool, p plan, last *executed, f Verdict) Verdict {
	if !isCanceled(ctx) || f.State != Queued && f.State != StoreDown {
		return f
	}
	*last = canceled(tool, Facts{Recipients: p.recipients, Segments: p.segments})
	return Verdict{State: Executed, Result: last.report.Result}
}
