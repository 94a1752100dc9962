package mcpadapter

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// Call runs a tool. ctx ends when the client goes away: that stops a read, and a write that has not been handed over;
// a write that has been is finished under the time-out of the [clerkapi.Client].
func (t *Tools) Call(ctx context.Context, c Call) Report {
	tool := t.tools[c.Tool]
	if tool == nil {
		return Report{
			Result: Result{Text: "There is no tool " + quoteName(c.Tool) + ".", IsError: true},
			Facts:  Facts{Outcome: OutcomeInvalid},
			Err:    ErrUnknownTool,
		}
	}
	begun := t.now()
	report := t.run(ctx, tool, c)
	report.Facts.Tool, report.Facts.Operation = tool.name, tool.operation
	report.Facts.Duration = t.now().Sub(begun)
	if t.observer != nil {
		t.observer.Observe(context.WithoutCancel(ctx), report.Facts)
	}
	return report
}

// run is the way of a call: arguments, plan, execution. What judges a call stands between the last two, where the plan
// is known and nothing has happened.
func (t *Tools) run(ctx context.Context, tool *tool, c Call) Report {
	p, wrong := tool.prepare(t, c.Arguments)
	if wrong != "" {
		return failed(wrong, Facts{Outcome: OutcomeInvalid})
	}
	return t.execute(ctx, tool, p, c.Subject)
}

// prepare decodes the arguments into a plan, or says all that is wrong with them.
func (tool *tool) prepare(t *Tools, arguments json.RawMessage) (p plan, wrong string) {
	var problems problems
	f, ok := parseArguments(arguments, &problems)
	if ok {
		p = tool.plan(f, t.now())
		f.close()
	}
	if problems.any() {
		return plan{}, problems.text(tool.name)
	}
	return p, ""
}

// execute makes the plan's request, once, with the caller's credential.
func (t *Tools) execute(ctx context.Context, tool *tool, p plan, subject string) Report {
	facts := Facts{Recipients: p.recipients, Segments: p.segments}
	credential, err := t.credentials.Credential(ctx, subject)
	if err == nil && credential.IsZero() {
		err = clerkapi.ErrNoCredential
	}
	if gone := ctx.Err() != nil && tool.effect != reads; err != nil || gone {
		var text string
		text, facts.Outcome = credentialFailure(tool, err, ctx.Err() != nil)
		return failed(text, facts)
	}
	if tool.effect != reads {
		// From here on a client that goes away cannot make an effect unknown.
		ctx = context.WithoutCancel(ctx)
		t.writes.begin()
		defer t.writes.end()
	}
	a, err := p.request.do(ctx, t.client.As(credential))
	if renewer, ok := t.credentials.(Renewer); ok && errors.Is(err, clerkapi.ErrUnauthorized) {
		if renewed, renewErr := renewer.Renewed(ctx, subject, credential); renewErr == nil {
			a, err = p.request.do(ctx, t.client.As(renewed))
		}
	}
	if a.response != nil {
		facts.Status, facts.Attempts = a.response.StatusCode, a.response.Attempts
	}
	var structured json.RawMessage
	if err == nil {
		structured, err = encode(tool, a.value)
	}
	switch {
	case err != nil:
		var text string
		text, facts.Outcome = t.failure(tool, p, a, err)
		return failed(text, facts)
	case a.shortfall != "":
		facts.Outcome = OutcomeFailed
		return failed(a.shortfall, facts)
	}
	return Report{Result: Result{Structured: structured, Text: string(structured)}, Facts: facts}
}

func failed(text string, facts Facts) Report {
	return Report{Result: Result{Text: text, IsError: true}, Facts: facts}
}

// encode writes a result as compact JSON, in which a model can read <, > and &.
func encode(tool *tool, value any) (json.RawMessage, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		// What came out of JSON goes into it; should it not, nobody may think that nothing was done.
		unreadable := &clerkapi.Error{Operation: tool.operation, Reason: clerkapi.ErrBadAnswer}
		if tool.effect != reads {
			unreadable.Outcome = clerkapi.Done
		}
		return nil, unreadable
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
