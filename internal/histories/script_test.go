package histories_test

import (
	"context"
	"iter"

	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// task is an operation with how it is attempted, which calls commit before it does anything.
type task struct {
	mcpadapter.Operation
	Attempt func(ctx context.Context, commit func(context.Context) error) mcpadapter.Attempted
}

// do carries a task out as a call does.
func do(ctx context.Context, guard mcpadapter.Idempotency, w task) mcpadapter.Verdict {
	e := guard.Begin(w.Operation)
	defer e.End()
	for e.Next(ctx) {
		e.Finish(ctx, w.Attempt(ctx, e.Commit))
	}
	return e.Verdict()
}

// scripted is mcpadapter.Idempotency as a function that is given a task and makes its attempt, or
// does not.
type scripted func(ctx context.Context, w task) mcpadapter.Verdict

func (f scripted) Begin(op mcpadapter.Operation) mcpadapter.Execution {
	e := &script{}
	next, stop := iter.Pull(func(yield func(struct{}) bool) {
		e.verdict = f(e.ctx, task{op, func(_ context.Context, commit func(context.Context) error) mcpadapter.Attempted {
			e.commit = commit
			yield(struct{}{})
			return e.made
		}})
	})
	e.next, e.stop = next, stop
	return e
}

// script is the way of one call through a function.
type script struct {
	ctx     context.Context //nolint:containedctx // of the one call
	next    func() (struct{}, bool)
	stop    func()
	commit  func(context.Context) error
	made    mcpadapter.Attempted
	verdict mcpadapter.Verdict
}

func (e *script) Next(ctx context.Context) bool {
	e.ctx = ctx
	_, attempt := e.next()
	return attempt
}

func (e *script) Commit(ctx context.Context) error { return e.commit(ctx) }

func (e *script) Finish(_ context.Context, made mcpadapter.Attempted) { e.made = made }

func (e *script) Verdict() mcpadapter.Verdict { return e.verdict }

func (e *script) End() { e.stop() }
