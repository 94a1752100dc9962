package histories_test

import (
	"context"
	"crypto/sha256"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/once"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// defect is a safeguard that is missing. The zero value is none.
type defect struct {
	// api stands before what carries requests to the API, and once before what keeps from doing things twice.
	api  func(http.RoundTripper) http.RoundTripper
	once func(mcpadapter.Once) mcpadapter.Once
	// options changes what that one is made of.
	options func(*once.Options)
	// resends says that it is no defect: what is not seen is sent again since the operator says so.
	resends bool
}

func (d defect) transport(t http.RoundTripper) http.RoundTripper {
	if d.api == nil {
		return t
	}
	return d.api(t)
}

type onceFunc func(context.Context, mcpadapter.Work) mcpadapter.Finding

func (f onceFunc) Do(ctx context.Context, w mcpadapter.Work) mcpadapter.Finding { return f(ctx, w) }

// noMemory has each call stand for itself.
func noMemory(mcpadapter.Once) mcpadapter.Once {
	return onceFunc(func(ctx context.Context, w mcpadapter.Work) mcpadapter.Finding {
		made := w.Attempt(ctx, func(context.Context) error { return nil })
		if made.Outcome == clerkapi.Unknown {
			return mcpadapter.Finding{State: mcpadapter.StateUndecided, Result: made.Result}
		}
		return mcpadapter.Finding{State: mcpadapter.StateKnown, Result: made.Result}
	})
}

// changed changes what is asked for.
func changed(change func(*mcpadapter.Work)) func(mcpadapter.Once) mcpadapter.Once {
	return func(next mcpadapter.Once) mcpadapter.Once {
		return onceFunc(func(ctx context.Context, w mcpadapter.Work) mcpadapter.Finding {
			change(&w)
			return next.Do(ctx, w)
		})
	}
}

// told changes what is found.
func told(change func(context.Context, mcpadapter.Work, *mcpadapter.Finding)) func(mcpadapter.Once) mcpadapter.Once {
	return func(next mcpadapter.Once) mcpadapter.Once {
		return onceFunc(func(ctx context.Context, w mcpadapter.Work) mcpadapter.Finding {
			f := next.Do(ctx, w)
			change(ctx, w, &f)
			return f
		})
	}
}

// uncommitted makes the request although it may not be made.
func uncommitted(w *mcpadapter.Work) {
	attempt := w.Attempt
	w.Attempt = func(ctx context.Context, commit func(context.Context) error) mcpadapter.Made {
		return attempt(ctx, func(ctx context.Context) error {
			_ = commit(ctx)
			return nil
		})
	}
}

// misnamed says of what was made that it is something else.
func misnamed(w *mcpadapter.Work) {
	attempt := w.Attempt
	w.Attempt = func(ctx context.Context, commit func(context.Context) error) mcpadapter.Made {
		made := attempt(ctx, commit)
		if made.ID != "" {
			made.ID += "0"
		}
		return made
	}
}

// apart has each tenant know of its own attempts and claims only.
func apart(w *mcpadapter.Work) {
	if w.Likeness != [32]byte{} {
		w.Likeness = sha256.Sum256(append([]byte(w.Tenant), w.Likeness[:]...))
	}
}

// traceless recognizes nothing that has no key.
func traceless() func(*mcpadapter.Work) {
	var calls atomic.Int64
	return func(w *mcpadapter.Work) {
		w.Trace = mcpadapter.Trace{Session: w.Trace.Session, RequestID: strconv.FormatInt(calls.Add(1), 10)}
	}
}

// firstFound takes the first message that looks like it for the one that was sent.
func firstFound(ctx context.Context, w mcpadapter.Work, f *mcpadapter.Finding) {
	if f.State != mcpadapter.StateUndecided || w.Look == nil {
		return
	}
	if found, err := w.Look(ctx, f.At); err == nil && len(found) > 0 {
		*f = mcpadapter.Finding{State: mcpadapter.StateSettled, Result: found[0].Result, At: f.At}
	}
}

// notSeenIsNo takes what is not seen for a no.
func notSeenIsNo(_ context.Context, _ mcpadapter.Work, f *mcpadapter.Finding) {
	if f.State == mcpadapter.StateNotSeen {
		f.State = mcpadapter.StateQueued
	}
}

// blind takes a look that failed for one that saw nothing.
func blind(w *mcpadapter.Work) {
	look := w.Look
	if look == nil {
		return
	}
	w.Look = func(ctx context.Context, since time.Time) ([]mcpadapter.Sighting, error) {
		found, err := look(ctx, since)
		if err != nil {
			return nil, nil //nolint:nilerr // that is the defect
		}
		return found, nil
	}
}
