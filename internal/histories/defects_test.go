package histories_test

import (
	"context"
	"crypto/sha256"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/idempotency"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// defect is a safeguard that is missing. The zero value is none.
type defect struct {
	// api stands before what carries requests to the API, and once before what keeps from doing
	// things twice.
	api  func(http.RoundTripper) http.RoundTripper
	once func(mcpadapter.Idempotency) mcpadapter.Idempotency
	// options changes what that one is made of.
	options func(*idempotency.Options)
	// resends says that it is not a defect: what is not seen is sent again since the operator says
	// so.
	resends bool
}

func (d defect) transport(t http.RoundTripper) http.RoundTripper {
	if d.api == nil {
		return t
	}
	return d.api(t)
}

// noMemory has each call stand for itself.
func noMemory(mcpadapter.Idempotency) mcpadapter.Idempotency {
	return scripted(func(ctx context.Context, w task) mcpadapter.Verdict {
		made := w.Attempt(ctx, func(context.Context) error { return nil })
		if made.Outcome == clerkapi.Unknown {
			return mcpadapter.Verdict{State: mcpadapter.Indeterminate, Result: made.Result}
		}
		return mcpadapter.Verdict{State: mcpadapter.Executed, Result: made.Result}
	})
}

// changed changes what is asked for.
func changed(change func(*task)) func(mcpadapter.Idempotency) mcpadapter.Idempotency {
	return func(next mcpadapter.Idempotency) mcpadapter.Idempotency {
		return scripted(func(ctx context.Context, w task) mcpadapter.Verdict {
			change(&w)
			return do(ctx, next, w)
		})
	}
}

// told changes what is found.
func told(change func(context.Context, task, *mcpadapter.Verdict)) func(mcpadapter.Idempotency) mcpadapter.Idempotency {
	return func(next mcpadapter.Idempotency) mcpadapter.Idempotency {
		return scripted(func(ctx context.Context, w task) mcpadapter.Verdict {
			f := do(ctx, next, w)
			change(ctx, w, &f)
			return f
		})
	}
}

// uncommitted makes the request although it may not be made.
func uncommitted(w *task) {
	attempt := w.Attempt
	w.Attempt = func(ctx context.Context, commit func(context.Context) error) mcpadapter.Attempted {
		return attempt(ctx, func(ctx context.Context) error {
			_ = commit(ctx)
			return nil
		})
	}
}

// misnamed says of what was made that it is something else.
func misnamed(w *task) {
	attempt := w.Attempt
	w.Attempt = func(ctx context.Context, commit func(context.Context) error) mcpadapter.Attempted {
		made := attempt(ctx, commit)
		if made.ID != "" {
			made.ID += "0"
		}
		return made
	}
}

// apart has each tenant know of its own attempts and claims only.
func apart(w *task) {
	if w.Fingerprint != [32]byte{} {
		w.Fingerprint = sha256.Sum256(append([]byte(w.Tenant), w.Fingerprint[:]...))
	}
}

// traceless recognizes nothing that has no key.
func traceless() func(*task) {
	var calls atomic.Int64
	return func(w *task) {
		w.Retransmission = mcpadapter.Retransmission{Session: w.Retransmission.Session, RequestID: strconv.FormatInt(calls.Add(1), 10)}
	}
}

// firstFound takes the first message that looks like it for the one that was sent.
func firstFound(ctx context.Context, w task, f *mcpadapter.Verdict) {
	if f.State != mcpadapter.Indeterminate || w.Search == nil {
		return
	}
	if found, err := w.Search(ctx, f.At); err == nil && len(found) > 0 {
		*f = mcpadapter.Verdict{State: mcpadapter.Reconciled, Result: found[0].Result, At: f.At}
	}
}

// notSeenIsNo takes what is not seen for a no.
func notSeenIsNo(_ context.Context, _ task, f *mcpadapter.Verdict) {
	if f.State == mcpadapter.NotFoundYet {
		f.State = mcpadapter.Queued
	}
}

// blind takes a look that failed for one that saw nothing.
func blind(w *task) {
	look := w.Search
	if look == nil {
		return
	}
	w.Search = func(ctx context.Context, since time.Time) ([]mcpadapter.Match, error) {
		found, err := look(ctx, since)
		if err != nil {
			return nil, nil //nolint:nilerr // that is the defect
		}
		return found, nil
	}
}
