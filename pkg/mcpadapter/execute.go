package mcpadapter

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// executed is what came of a plan's request.
type executed struct {
	report Report
	// outcome says whether the request took effect.
	outcome clerkapi.Outcome
	// id of what was made, as far as known.
	id string
	// what says why the outcome is unknown.
	what string
	// canceled says that nothing was handed over, since the call was canceled.
	canceled bool
	// retryAfter is how long the API asks to wait, 0 if it does not say.
	retryAfter time.Duration
}

// execute makes the plan's request, once, with the caller's credential. A write is committed as the
// last thing before, and is not made if that fails.
func (t *Tools) execute(ctx context.Context, tool *tool, p plan, subject string, e Execution, hold *hold) executed {
	facts := Facts{Recipients: p.recipients, Segments: p.segments}
	if p.timeProblems.any() {
		facts.Outcome = OutcomeInvalid
		return nothing(p.timeProblems.text(tool.name), facts)
	}
	credential, err := t.credentials.Credential(ctx, subject)
	if err == nil && credential.IsZero() {
		err = clerkapi.ErrNoCredential
	}
	if gone := ctx.Err() != nil && tool.effect != reads; err != nil || gone {
		var text string
		text, facts.Outcome = credentialFailure(tool, err, ctx.Err())
		return nothing(text, facts)
	}
	unsent, wrong := t.admit(ctx, tool, p, subject)
	if wrong != "" {
		facts.Outcome = OutcomeLimited
		return nothing(wrong, facts)
	}
	api := t.client
	if tool.effect != reads {
		if err := e.Commit(ctx); err != nil {
			unsent(context.WithoutCancel(ctx))
			facts.Outcome = OutcomeUnavailable
			return nothing(tool.words.nothing, facts)
		}
		hold.take()
		if isCanceled(ctx) { // the last look before the request is handed over
			unsent(context.WithoutCancel(ctx))
			return canceled(tool, facts)
		}
		// From here on a client that goes away, or cancels, cannot make an effect unknown. It ends
		// a wait before another attempt.
		api, ctx = api.Until(ctx), context.WithoutCancel(ctx)
	}
	var a answer
	err = t.renewing(ctx, api, subject, credential, func(api *clerkapi.Client) (err error) {
		a, err = p.request.do(ctx, api)
		return err
	})
	if a.response != nil {
		facts.Status, facts.Attempts = a.response.StatusCode, a.response.Attempts
	}
	x := t.judge(tool, p, a, err, facts)
	if x.outcome == clerkapi.NotDone {
		unsent(ctx)
	}
	return x
}

// renewing does something with a credential, and with another one if that was refused and there is
// one.
func (t *Tools) renewing(
	ctx context.Context, api *clerkapi.Client, subject string, c clerkapi.Credential, do func(*clerkapi.Client) error,
) error {
	err := do(api.As(c))
	if renewer, ok := t.credentials.(Renewer); ok && errors.Is(err, clerkapi.ErrUnauthorized) && !api.GivenUp() {
		if renewed, renewErr := renewer.Renewed(ctx, subject, c); renewErr == nil {
			err = do(api.As(renewed))
		}
	}
	return err
}

// judge turns an answer, or the lack of one, into what is reported.
func (t *Tools) judge(tool *tool, p plan, a answer, err error, facts Facts) executed {
	var structured json.RawMessage
	if err == nil {
		structured, err = encode(tool, a.value)
	}
	switch {
	case err != nil:
		var f failure
		f, facts.Outcome = t.failure(tool, p, a, err)
		x := executed{report: failed(f.text(), facts), outcome: f.outcome, id: a.id, what: f.what}
		var e *clerkapi.Error
		if errors.As(err, &e) {
			x.retryAfter = e.RetryAfter
		}
		x.report.Result.NoEffect = f.outcome == clerkapi.NotDone
		return x
	case a.shortfall != "":
		facts.Outcome = OutcomeFailed
		return executed{report: failed(a.shortfall, facts), outcome: clerkapi.Done} // no id, or there would be no shortfall
	}
	return executed{
		report:  Report{Result: Result{Structured: structured, Text: string(structured)}, Facts: facts},
		outcome: clerkapi.Done, id: a.id,
	}
}

// nothing is what came of a request that was not made.
func nothing(text string, facts Facts) executed {
	return executed{report: withoutEffect(text, facts), outcome: clerkapi.NotDone}
}
