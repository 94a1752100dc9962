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
	contactSkipped      = "skipped"
	contactUnknown      = "unknown"
	contactNotAttempted = "not_attempted"
)

// maxUnknownParts is how many parts may end without an answer before a call leaves the API alone.
const maxUnknownParts = 3

// batchContact is what became of one contact, as it is recorded of a part.
type batchContact struct {
	Result string      `json:"result"`
	ID     clerkapi.ID `json:"id,omitzero"`
	OptOut bool        `json:"opt_out,omitzero"`
}

// batchProblem says once what holds for many contacts in a row.
type batchProblem struct {
	Result string `json:"result"`
	First  int    `json:"first"`
	Last   int    `json:"last"`
	Reason string `json:"reason"`
}

// batchResult is the result of create_contacts_batch: what is not as it should be as ranges, and
// the ids as a list.
type batchResult struct {
	Note         string         `json:"note,omitzero"`
	Created      int            `json:"created"`
	Failed       int            `json:"failed,omitzero"`
	Skipped      int            `json:"skipped,omitzero"`
	Unknown      int            `json:"unknown,omitzero"`
	NotAttempted int            `json:"not_attempted,omitzero"`
	Problems     []batchProblem `json:"problems,omitempty"`
	OptedOut     []int          `json:"opted_out,omitempty"`
	IDs          []clerkapi.ID  `json:"ids"`

	contacts []batchContact
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
	// stopped says why no further part is tried, "" while they are; rest is what becomes of the
	// contacts then.
	stopped, rest string
	// unknown counts the parts of this call that ended without an answer, made those that it
	// carried out.
	unknown, made int
	// underWay counts the contacts that another call is creating.
	underWay int
	// nothing is why the last part that had no effect had none.
	nothing Outcome
	// first is when the first of the calls began whose answers were given once more.
	first time.Time
}

// executeBatch creates contacts in parts, each of which is a piece of work of its own: what a call
// did not come to is done by the next one under the same key, and nothing twice.
func executeBatch(ctx context.Context, t *Tools, tool *tool, p plan, c Call, hold *hold) Report {
	ctx, cancel := context.WithTimeout(ctx, t.budget)
	defer cancel()
	b := batch{tools: t, tool: tool, plan: p, call: c, hold: hold, part: tool, rest: contactNotAttempted, nothing: OutcomeRefused}
	var wrong string
	if b.work, wrong = operationOf(tool, p, c); wrong != "" {
		return withoutEffect(joined([]string{wrong, tool.words.nothing}), Facts{Outcome: OutcomeInvalid, Disposition: DispositionNotExecuted})
	}
	// Parts of another size are other pieces of work.
	for _, d := range []*[32]byte{&b.work.Digest, &b.work.Given, &b.work.Former} {
		if *d != [32]byte{} {
			*d = digest(tool.name, []any{*d, t.batchSize})
		}
	}
	all := p.request.(*createContacts)
	if b.single = len(all.rows) <= t.batchSize; !b.single {
		part := *tool
		part.words.nothing, part.words.repeat = "None of these was created.", "They may be tried again"
		part.words.idle, part.words.thing = "these were not created", "these contacts"
		b.part = &part
	}
	for rows := range slices.Chunk(all.rows, t.batchSize) {
		part := newCreateContacts(rows, b.work.Part*t.batchSize, all.skip)
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
			b.add(part, b.rest, b.stopped)
			continue
		}
		if report, over := b.do(ctx, part); over {
			return report
		}
		if c.Progress != nil {
			done := len(b.result.contacts)
			c.Progress(done, len(all.rows), fmt.Sprintf("%d of %d contacts are done.", done, len(all.rows)))
		}
	}
	return b.report()
}

// do carries out one part. over says that report is the answer to the whole call.
func (b *batch) do(ctx context.Context, part *createContacts) (report Report, over bool) {
	p := b.plan
	p.request = part
	w := b.work
	last, f := b.tools.attemptOnce(ctx, w, b.part, p, b.call.Subject, b.hold)
	for wait := firstPause; mayPass(f, &last) && !isCanceled(ctx) && b.pause(ctx, max(wait, last.retryAfter)); wait = min(2*wait, maxPause) {
		b.facts.Attempts += last.report.Facts.Attempts
		last, f = b.tools.attemptOnce(ctx, w, b.part, p, b.call.Subject, b.hold)
	}
	done := (f.State == Executed || f.State == Replayed) && !f.Result.IsError
	// Nothing may be done under the key, or there is nothing to tell part from part.
	if refused := f.State > InProgress && len(b.result.contacts) == 0; refused || b.single && !done {
		return b.tools.conclude(b.tool, b.plan, w, last, f), true
	}
	b.take(f, &last, part)
	return Report{}, false
}

// take adds what became of a part.
func (b *batch) take(f Verdict, last *executed, part *createContacts) {
	facts := last.report.Facts
	b.facts.Attempts += facts.Attempts
	if facts.Status != 0 {
		b.facts.Status = facts.Status
	}
	switch r := f.Result; f.State {
	case Executed, Replayed:
		switch {
		case !r.IsError:
			b.addMade(f, part)
		case !r.NoEffect: // it was done, and its answer cannot be read
			b.add(part, contactUnknown, r.Text)
		case aboutThePart(facts.Status):
			b.add(part, contactFailed, last.what)
		default:
			if f.State == Executed {
				b.nothing = facts.Outcome
			}
			b.stop(part, contactNotAttempted, r.Text)
		}
	case Reconciled, NotFoundYet, Indeterminate:
		reason := "An earlier call tried to create it, and its answer was lost."
		if !f.Earlier {
			reason = last.what
			b.unknown++
		}
		b.add(part, contactUnknown, reason)
		if b.unknown == maxUnknownParts {
			b.stopped = "Too many requests to Clerk Chat ended without an answer."
		}
	case InProgress: // and will be at the rest
		b.underWay = len(b.plan.request.(*createContacts).rows) - len(b.result.contacts)
		b.stop(part, contactUnknown, "Another request is carrying out the same call at this moment.")
	case KeyReused: // what the parts before held was refused, and is not the same now
		b.stop(part, contactUnknown, "A call with the same idempotency_key and other arguments had this part, and may have created it.")
	default:
		var text []string
		text, b.nothing, _ = notBegun(b.part, b.work, f)
		b.stop(part, contactNotAttempted, joined(text))
	}
}

// stop adds a part after which no other is tried, since the same holds for the rest.
func (b *batch) stop(part *createContacts, result, reason string) {
	b.stopped, b.rest = reason, result
	b.add(part, result, reason)
}

// aboutThePart tells whether a refusal is for what the part holds, so that others may fare better.
func aboutThePart(status int) bool { return status == 400 || status == 409 || status == 422 }

// add adds a part of whose contacts the same is to be said, but for those that are skipped.
func (b *batch) add(part *createContacts, result, reason string) {
	for i := range part.rows {
		row, why := batchContact{Result: result}, reason
		if part.rows[i].isSkipped() {
			row.Result, why = contactSkipped, part.rows[i].wrong
		}
		b.explain(row.Result, why)
		b.result.contacts = append(b.result.contacts, row)
	}
}

// explain gives the reason for what becomes of the next contact.
func (b *batch) explain(result, reason string) {
	first := len(b.result.contacts)
	if i := len(b.result.Problems) - 1; i >= 0 {
		if p := &b.result.Problems[i]; p.Result == result && p.Reason == reason && p.Last == first-1 {
			p.Last++
			return
		}
	}
	b.result.Problems = append(b.result.Problems, batchProblem{Result: result, First: first, Last: first, Reason: reason})
}

// addMade adds a part that was done, now or before.
func (b *batch) addMade(f Verdict, rows *createContacts) {
	if f.State == Executed {
		b.made++
	} else if b.first.IsZero() || f.At.Before(b.first) {
		b.first = f.At
	}
	var part createdPart
	if err := json.Unmarshal(f.Result.Structured, &part); err != nil || len(part.Contacts) != len(rows.rows) {
		b.add(rows, contactUnknown, "An earlier call carried it out, and its answer cannot be read any more.")
		return
	}
	lacking := slices.ContainsFunc(part.Contacts, func(c batchContact) bool { return c.Result == contactUnknown })
	for i := range part.Contacts {
		switch c := part.Contacts[i]; {
		case c.Result == contactCreated && lacking: // what is wrong is said of those that are not known
		case c.Result != contactSkipped && part.Problem != "":
			b.explain(c.Result, part.Problem)
		case c.Result == contactSkipped && rows.rows[i].isSkipped():
			b.explain(c.Result, rows.rows[i].wrong)
		case c.Result == contactSkipped: // by the rules of when the call was made first
			b.explain(c.Result, "It was skipped for a mistake when this call was first made, and is taken by now: give it in a new call.")
		}
		b.result.contacts = append(b.result.contacts, part.Contacts[i])
	}
}

// report sums up.
func (b *batch) report() Report {
	r := &b.result
	for i := range r.contacts {
		switch r.contacts[i].Result {
		case contactCreated:
			r.Created++
		case contactFailed:
			r.Failed++
		case contactSkipped:
			r.Skipped++
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
	asAsked := r.Created > 0 && r.Created+r.Skipped == len(r.contacts) // what is skipped is so as asked
	if r.Created > 0 && !asAsked && b.facts.Outcome == OutcomeOK {
		b.facts.Outcome = OutcomeFailed
	}
	if !asAsked {
		r.Note = b.summary()
	}
	structured, err := b.structured()
	if err != nil {
		return failed(joined([]string{b.tool.words.unknown, b.tool.words.look}), b.facts)
	}
	if whole := (Result{Structured: structured, Text: string(structured)}); asAsked {
		if b.facts.Disposition == DispositionReplayed {
			return replayed(b.work, Verdict{State: Replayed, Result: whole, At: b.first}, b.facts)
		}
		return Report{Result: whole, Facts: b.facts}
	}
	report := failed(r.Note, b.facts)
	report.Result.Structured = structured
	report.Result.NoEffect = r.Created+r.Unknown == 0
	return report
}
