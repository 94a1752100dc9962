package mcpadapter

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// What becomes of a contact of a batch.
const (
	contactCreated      = "created"
	contactFailed       = "failed"
	contactUnknown      = "unknown"
	contactNotAttempted = "not_attempted"
)

// maxUnknownParts is how many parts may end without an answer before a call leaves the API alone.
const maxUnknownParts = 3

// batchContact is one contact of the result of create_contacts_batch. The caller knows the rest of it.
type batchContact struct {
	Result string      `json:"result"`
	ID     clerkapi.ID `json:"id,omitzero"`
	OptOut bool        `json:"opt_out,omitzero"`
}

// batchProblem says once what holds for many contacts in a row.
type batchProblem struct {
	First  int    `json:"first"`
	Last   int    `json:"last"`
	Reason string `json:"reason"`
}

// batchResult is the result of create_contacts_batch.
type batchResult struct {
	Created      int            `json:"created"`
	Failed       int            `json:"failed,omitzero"`
	Unknown      int            `json:"unknown,omitzero"`
	NotAttempted int            `json:"not_attempted,omitzero"`
	Problems     []batchProblem `json:"problems,omitempty"`
	Contacts     []batchContact `json:"contacts"`
}

// createdPart is the result of one part.
type createdPart struct {
	Contacts []batchContact `json:"contacts"`
	Problem  string         `json:"problem,omitempty"`
}

// batch is one call of create_contacts_batch under way.
type batch struct {
	tools *Tools
	tool  *tool
	plan  plan
	call  Call
	hold  *hold
	work  Operation

	// single tells that there is but one part: what fails is told as of any other call.
	single bool
	// part is the tool with words for what is said of one part of several.
	part *tool

	result batchResult
	facts  Facts
	// stopped says why no further part is tried, "" while they are; rest is what becomes of the contacts then.
	stopped, rest string
	// unknown counts the parts of this call that ended without an answer, made those that it carried out.
	unknown, made int
	// underWay counts the contacts that another call is creating.
	underWay int
	// nothing is why the last part that had no effect had none.
	nothing Outcome
	// first is when the first of the calls began whose answers were given once more.
	first time.Time
}

// executeBatch creates contacts in parts, each of which is a piece of work of its own: what a call did not come to is done
// by the next one under the same key, and nothing twice.
func executeBatch(ctx context.Context, t *Tools, tool *tool, p plan, c Call, hold *hold) Report {
	ctx, cancel := context.WithTimeout(ctx, t.budget)
	defer cancel()
	b := batch{tools: t, tool: tool, plan: p, call: c, hold: hold, part: tool, rest: contactNotAttempted, nothing: OutcomeRefused}
	var wrong string
	if b.work, wrong = operationOf(tool, p, c); wrong != "" {
		return withoutEffect(joined([]string{wrong, tool.words.nothing}), Facts{Outcome: OutcomeInvalid, Disposition: DispositionNotExecuted})
	}
	// Parts of another size are other pieces of work.
	b.work.Digest = digest(tool.name, []any{b.work.Digest, t.batchSize})
	contacts := p.request.(*createContacts).body.Contacts
	if b.single = len(contacts) <= t.batchSize; !b.single {
		part := *tool
		part.words.nothing, part.words.repeat = "None of these was created.", "They may be tried again"
		b.part = &part
	}
	for part := range slices.Chunk(contacts, t.batchSize) {
		b.work.Part++
		if b.stopped == "" && b.work.Part > 1 {
			switch {
			case t.stopping.Load():
				b.stopped = "This server is about to stop."
			case ctx.Err() != nil:
				b.stopped = whyStopped(ctx)
			}
		}
		if b.stopped != "" {
			b.add(len(part), b.rest, b.stopped)
			continue
		}
		if report, over := b.do(ctx, part); over {
			return report
		}
		if c.Progress != nil {
			done := len(b.result.Contacts)
			c.Progress(done, len(contacts), fmt.Sprintf("%d of %d contacts are done.", done, len(contacts)))
		}
	}
	return b.report()
}

// do carries out one part. over says that report is the answer to the whole call.
func (b *batch) do(ctx context.Context, part []clerkapi.ContactFields) (report Report, over bool) {
	p := b.plan
	p.request = &createContacts{body: clerkapi.CreateContactsRequest{Contacts: part}}
	w := b.work
	last := b.tools.attempt(&w, b.part, p, b.call, b.hold)
	f := unlessCanceled(ctx, b.part, p, last, b.tools.once.Do(ctx, w))
	done := (f.State == Executed || f.State == Replayed) && !f.Result.IsError
	// Nothing may be done under the key, or there is nothing to tell part from part.
	if refused := f.State > InProgress && len(b.result.Contacts) == 0; refused || b.single && !done {
		return b.tools.conclude(b.tool, b.plan, w, *last, f), true
	}
	b.take(f, last, len(part))
	return Report{}, false
}

// take adds what became of a part of n contacts.
func (b *batch) take(f Verdict, last *executed, n int) {
	facts := last.report.Facts
	b.facts.Attempts += facts.Attempts
	if facts.Status != 0 {
		b.facts.Status = facts.Status
	}
	switch r := f.Result; f.State {
	case Executed, Replayed:
		switch {
		case !r.IsError:
			b.addMade(f, n)
		case !r.NoEffect: // it was done, and its answer cannot be read
			b.add(n, contactUnknown, r.Text)
		case aboutThePart(facts.Status):
			b.add(n, contactFailed, last.what)
		default:
			if f.State == Executed {
				b.nothing = facts.Outcome
			}
			b.stop(n, contactNotAttempted, r.Text)
		}
	case Reconciled, NotFoundYet, Indeterminate:
		reason := "An earlier call tried to create it, and its answer was lost."
		if !f.Earlier {
			reason = last.what
			b.unknown++
		}
		b.add(n, contactUnknown, reason)
		if b.unknown == maxUnknownParts {
			b.stopped = "Too many requests to Clerk Chat ended without an answer."
		}
	case InProgress: // and will be at the rest
		b.underWay = len(b.plan.request.(*createContacts).body.Contacts) - len(b.result.Contacts)
		b.stop(n, contactUnknown, "Another request is carrying out the same call at this moment.")
	case KeyReused: // what the parts before held was refused, and is not the same now
		b.stop(n, contactUnknown, "A call with the same idempotency_key and other arguments had this part, and may have created it.")
	default:
		var text []string
		text, b.nothing, _ = notBegun(b.part, b.work, f)
		b.stop(n, contactNotAttempted, joined(text))
	}
}

// stop adds a part after which no other is tried, since the same holds for the rest.
func (b *batch) stop(n int, result, reason string) {
	b.stopped, b.rest = reason, result
	b.add(n, result, reason)
}

// aboutThePart tells whether a refusal is for what the part holds, so that others may fare better.
func aboutThePart(status int) bool { return status == 400 || status == 422 }

// add adds n contacts of which the same is to be said.
func (b *batch) add(n int, result, reason string) {
	b.explain(n, reason)
	for range n {
		b.result.Contacts = append(b.result.Contacts, batchContact{Result: result})
	}
}

// explain gives the reason for the next n contacts.
func (b *batch) explain(n int, reason string) {
	first := len(b.result.Contacts)
	if i := len(b.result.Problems) - 1; i >= 0 && b.result.Problems[i].Reason == reason && b.result.Problems[i].Last == first-1 {
		b.result.Problems[i].Last += n
		return
	}
	b.result.Problems = append(b.result.Problems, batchProblem{First: first, Last: first + n - 1, Reason: reason})
}

// addMade adds a part that was done, now or before.
func (b *batch) addMade(f Verdict, n int) {
	if f.State == Executed {
		b.made++
	} else if b.first.IsZero() || f.At.Before(b.first) {
		b.first = f.At
	}
	var part createdPart
	if err := json.Unmarshal(f.Result.Structured, &part); err != nil || len(part.Contacts) != n {
		b.add(n, contactUnknown, "An earlier call carried it out, and its answer cannot be read any more.")
		return
	}
	if part.Problem != "" {
		b.explain(n, part.Problem)
	}
	b.result.Contacts = append(b.result.Contacts, part.Contacts...)
}

// report sums up.
func (b *batch) report() Report {
	r := &b.result
	for i := range r.Contacts {
		switch r.Contacts[i].Result {
		case contactCreated:
			r.Created++
		case contactFailed:
			r.Failed++
		case contactUnknown:
			r.Unknown++
		default:
			r.NotAttempted++
		}
	}
	switch {
	case r.Unknown > b.underWay:
		b.facts.Outcome, b.facts.Disposition = OutcomeUnknown, DispositionIndeterminate
	case r.Unknown > 0:
		b.facts.Outcome, b.facts.Disposition = OutcomeUnavailable, DispositionInProgress
	case r.Created == 0:
		b.facts.Outcome, b.facts.Disposition = b.nothing, DispositionNotExecuted
	case b.made == 0:
		b.facts.Disposition = DispositionReplayed
	default:
		b.facts.Disposition = DispositionExecuted
	}
	if r.Created > 0 && r.Created < len(r.Contacts) && b.facts.Outcome == OutcomeOK {
		b.facts.Outcome = OutcomeFailed
	}
	structured, err := encodeJSON(r)
	if err != nil {
		return failed(joined([]string{b.tool.words.unknown, b.tool.words.look}), b.facts)
	}
	if whole := (Result{Structured: structured, Text: string(structured)}); r.Created == len(r.Contacts) {
		if b.facts.Disposition == DispositionReplayed {
			return replayed(b.work, Verdict{State: Replayed, Result: whole, At: b.first}, b.facts)
		}
		return Report{Result: whole, Facts: b.facts}
	}
	report := failed(b.summary()+"\n"+string(structured), b.facts)
	report.Result.Structured = structured
	report.Result.NoEffect = r.Created+r.Unknown == 0
	return report
}

// summary says in words what is not as it should be, and what to do. What it must never make anybody do is to give
// contacts once more that were created, or may have been.
func (b *batch) summary() string {
	r := &b.result
	key := b.work.Key != ""
	s := []string{fmt.Sprintf("Of %d contacts %d are created%s.", len(r.Contacts), r.Created,
		when(r.Created > 0, "; to give these again in another call would create them twice"))}
	if r.Failed > 0 {
		s = append(s, fmt.Sprintf("%d were refused by Clerk Chat together with what was sent with them: correct them, and give "+
			"these alone in a new call%s.", r.Failed, when(key, " with a new idempotency_key")))
	}
	if lost := r.Unknown - b.underWay; lost > 0 {
		s = append(s, fmt.Sprintf("%d may have been created: have the user check those in Clerk Chat before they are given again.%s",
			lost, when(key, " Under the same idempotency_key they are not tried again.")))
	}
	if b.underWay > 0 {
		then := "Do not give them again, unless the user has checked in Clerk Chat that they are not there."
		if key {
			then = "Make the same call with the same idempotency_key again in a few seconds to see what became of them."
		}
		s = append(s, fmt.Sprintf("%d are being created by another request with the same call at this moment.", b.underWay), then)
	}
	if r.NotAttempted > 0 {
		then := "Call again with these alone."
		if key {
			then = "The same call with the same idempotency_key goes on with these and creates nothing twice."
		}
		s = append(s, fmt.Sprintf("%d were not tried: %s", r.NotAttempted, b.stopped), then)
	}
	return joined(append(s, "This is what became of each:"))
}
