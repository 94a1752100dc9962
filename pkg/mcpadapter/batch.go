package mcpadapter

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

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
	work  Work

	// single tells that there is but one part: what fails is told as of any other call.
	single bool

	result batchResult
	facts  Facts
	// stopped says why no further part is tried, "" while they are.
	stopped string
	// unknown counts the parts of this call that ended without an answer; attempted those that it tried at all.
	unknown, attempted int
}

// executeBatch creates contacts in parts, each of which is a piece of work of its own: what a call did not come to is done
// by the next one under the same key, and nothing twice.
func executeBatch(ctx context.Context, t *Tools, tool *tool, p plan, c Call, hold *hold) Report {
	ctx, cancel := context.WithTimeout(ctx, t.budget)
	defer cancel()
	b := batch{tools: t, tool: tool, plan: p, call: c, hold: hold}
	var wrong string
	if b.work, wrong = workOf(tool, p, c); wrong != "" {
		return failed(joined([]string{wrong, tool.words.nothing}), Facts{Outcome: OutcomeInvalid, Path: PathRefused})
	}
	// Parts of another size are other pieces of work.
	b.work.Digest = digest(tool.name, []any{b.work.Digest, t.batchSize})
	contacts := p.request.(*createContacts).body.Contacts
	b.single = len(contacts) <= t.batchSize
	for part := range slices.Chunk(contacts, t.batchSize) {
		b.work.Part++
		if b.stopped == "" && ctx.Err() != nil && b.work.Part > 1 {
			b.stopped = "The call ended before it was this contact's turn."
		}
		if b.stopped != "" {
			b.add(len(part), contactNotAttempted, b.stopped)
			continue
		}
		if report, over := b.do(ctx, part); over {
			return report
		}
		if c.Progress != nil {
			c.Progress(len(b.result.Contacts), len(contacts), "")
		}
	}
	return b.report()
}

// do carries out one part. over says that report is the answer to the whole call.
func (b *batch) do(ctx context.Context, part []clerkapi.ContactFields) (report Report, over bool) {
	p := b.plan
	p.request = &createContacts{body: clerkapi.CreateContactsRequest{Contacts: part}}
	w := b.work
	last := b.tools.attempt(&w, b.tool, p, b.call, b.hold)
	f := b.tools.once.Do(ctx, w)
	done := (f.State == StateKnown || f.State == StateReplayed) && !f.Result.IsError
	// Nothing may be done under the key, or there is nothing to tell part from part.
	if refused := f.State > StateUnderWay && len(b.result.Contacts) == 0; refused || b.single && !done {
		return b.tools.conclude(b.tool, b.plan, w, *last, f), true
	}
	b.take(f, last, len(part))
	return Report{}, false
}

// take adds what became of a part of n contacts.
func (b *batch) take(f Finding, last *executed, n int) {
	facts := last.report.Facts
	b.facts.Attempts += facts.Attempts
	if facts.Status != 0 {
		b.facts.Status = facts.Status
	}
	if facts.Attempts > 0 {
		b.attempted++
	}
	switch r := f.Result; f.State {
	case StateKnown, StateReplayed:
		switch {
		case !r.IsError:
			b.addMade(r.Structured, n)
		case !r.NoEffect: // it was done, and its answer cannot be read
			b.add(n, contactUnknown, r.Text)
		case aboutThePart(facts.Status):
			b.add(n, contactFailed, r.Text)
		default:
			b.stop(n, contactNotAttempted, r.Text)
		}
	case StateSettled, StateNotSeen, StateUndecided:
		reason := "An earlier call tried to create it, and its answer was lost."
		if !f.Earlier {
			reason = last.what
			b.unknown++
		}
		b.add(n, contactUnknown, reason)
		if b.unknown == maxUnknownParts {
			b.stopped = "Too many requests to Clerk Chat ended without an answer."
		}
	case StateUnderWay:
		b.stop(n, contactUnknown, "Another request is carrying out the same call at this moment: make it again in a few seconds.")
	default:
		text, _, _ := notBegun(b.tool, f)
		b.stop(n, contactNotAttempted, joined(text))
	}
}

// stop adds a part after which no other is tried.
func (b *batch) stop(n int, result, reason string) {
	b.stopped = reason
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
func (b *batch) addMade(structured json.RawMessage, n int) {
	var part createdPart
	if err := json.Unmarshal(structured, &part); err != nil || len(part.Contacts) != n {
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
	case r.Unknown > 0:
		b.facts.Outcome, b.facts.Path = OutcomeUnknown, PathUndecided
	case r.Created == 0:
		b.facts.Outcome, b.facts.Path = OutcomeRefused, PathRefused
	case b.attempted == 0:
		b.facts.Path = PathReplayed
	default:
		b.facts.Path = PathSent
	}
	if r.Created > 0 && r.Created < len(r.Contacts) && b.facts.Outcome == OutcomeOK {
		b.facts.Outcome = OutcomeFailed
	}
	structured, err := encodeJSON(r)
	if err != nil {
		return failed(joined([]string{b.tool.words.unknown, b.tool.words.look}), b.facts)
	}
	if r.Created == len(r.Contacts) {
		return Report{Result: Result{Structured: structured, Text: string(structured)}, Facts: b.facts}
	}
	report := failed(b.summary()+"\n"+string(structured), b.facts)
	report.Result.Structured = structured
	report.Result.NoEffect = r.Created+r.Unknown == 0
	return report
}

// summary says in words what is not as it should be, and what to do.
func (b *batch) summary() string {
	r := &b.result
	s := []string{fmt.Sprintf("Of %d contacts %d are created.", len(r.Contacts), r.Created)}
	if r.Failed > 0 {
		s = append(s, fmt.Sprintf("%d were refused by Clerk Chat together with what was sent with them: correct them.", r.Failed))
	}
	if r.Unknown > 0 {
		s = append(s, fmt.Sprintf("%d may have been created: have the user check those in Clerk Chat. They are not tried again "+
			"under the same idempotency_key.", r.Unknown))
	}
	if r.NotAttempted > 0 {
		s = append(s, fmt.Sprintf("%d were not tried: %s", r.NotAttempted, b.stopped))
		if b.work.Key != "" {
			s = append(s, "The same call with the same idempotency_key goes on with these and creates nothing twice.")
		} else {
			s = append(s, "Call again with these alone.")
		}
	}
	return joined(append(s, "This is what became of each:"))
}
