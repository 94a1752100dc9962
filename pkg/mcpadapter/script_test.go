package mcpadapter

import (
	"context"
	"iter"
)

// task is an operation with how it is attempted, which calls commit before it does anything.
type task struct {
	Operation
	Attempt func(ctx context.Context, commit func(context.Context) error) Attempted
}

// scripted is Idempotency as a function that is given a task and makes its attempt, or does not.
type scripted func(ctx context.Context, w task) Verdict

func (f scripted) Begin(op Operation) Execution {
	e := &script{}
	next, stop := iter.Pull(func(yield func(struct{}) bool) {
		e.verdict = f(e.ctx, task{op, func(_ context.Context, commit func(context.Context) error) Attempted {
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
	made    Attempted
	verdict Verdict
}

func (e *script) Next(ctx context.Context) bool {
	e.ctx = ctx
	_, attempt := e.next()
	return attempt
}

func (e *script) Commit(ctx context.Context) error { return e.commit(ctx) }

func (e *script) Finish(_ context.Context, made Attempted) { e.made = made }

func (e *script) Verdict() Verdict { return e.verdict }

func (e *script) End() { e.stop() }
