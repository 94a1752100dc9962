package idempotency_test

import (
	"context"

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
