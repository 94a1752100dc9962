package mcpadapter

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// Call runs a tool. ctx ends when the client goes away: that stops a read, and a write that has not
// been handed over; a write that has been is finished under the time-out of the [clerkapi.Client].
func (t *Tools) Call(ctx context.Context, c Call) Report { return t.call(ctx, t.toolset, c) }

// call is Call for those who have this toolset.
func (t *Tools) call(ctx context.Context, o *toolset, c Call) Report {
	tool := o.tools[c.Tool]
	if tool == nil {
		return unknownTool(c.Tool)
	}
	begun := t.now()
	report := t.run(ctx, tool, c)
	report.Result = report.Result.shown()
	report.Facts.Tool, report.Facts.Operation = tool.name, tool.operation
	report.Facts.Duration = t.now().Sub(begun)
	if t.observer != nil {
		t.observer.Observe(context.WithoutCancel(ctx), report.Facts)
	}
	return report
}

func unknownTool(name string) Report {
	return Report{
		Result: Result{Text: "There is no tool " + quoteName(name) + ".", IsError: true},
		Facts:  Facts{Outcome: OutcomeInvalid},
		Err:    ErrUnknownTool,
	}
}

// run is the way of a call: arguments, plan, execution. What judges a call stands between the last
// two, where the plan is known and nothing has happened.
func (t *Tools) run(ctx context.Context, tool *tool, c Call) Report {
	p, wrong := tool.prepare(t, c.Arguments)
	if wrong != "" {
		facts := Facts{Outcome: OutcomeInvalid}
		if tool.effect == creates {
			facts.Disposition = DispositionNotExecuted
		}
		return withoutEffect(wrong, facts)
	}
	hold := hold{writes: &t.writes}
	defer hold.release()
	if tool.effect == creates {
		return t.create(ctx, tool, p, c, &hold)
	}
	return t.execute(ctx, tool, p, c.Subject, &unguardedExecution{}, &hold).report
}

// prepare decodes the arguments into a plan, or says all that is wrong with them.
func (tool *tool) prepare(t *Tools, arguments json.RawMessage) (p plan, wrong string) {
	var problems problems
	f, ok := parseArguments(arguments, &problems)
	if ok {
		var key string
		if tool.named {
			key = f.idempotencyKey() // first, since a plan may be the one that looks for arguments nobody asked for
		}
		p = tool.plan(f, t.now())
		p.key = key
		f.close()
	}
	if problems.any() {
		problems.merge(&p.timeProblems)
		return plan{}, problems.text(tool.name)
	}
	return p, ""
}

func failed(text string, facts Facts) Report {
	return Report{Result: Result{Text: text, IsError: true}, Facts: facts}
}

// withoutEffect is a call of which it is certain that it did nothing.
func withoutEffect(text string, facts Facts) Report {
	r := failed(text, facts)
	r.Result.NoEffect = true
	return r
}

// encode writes a tool's result.
func encode(tool *tool, value any) (json.RawMessage, error) {
	b, err := encodeJSON(value)
	if err != nil {
		// What came out of JSON goes into it; should it not, nobody may think that nothing was
		// done.
		unreadable := &clerkapi.Error{Operation: tool.operation, Reason: clerkapi.ErrBadAnswer}
		if tool.effect != reads {
			unreadable.Outcome = clerkapi.Done
		}
		return nil, unreadable
	}
	return b, nil
}

// encodeJSON writes compact JSON, in which a model can read <, > and &.
func encodeJSON(value any) (json.RawMessage, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
