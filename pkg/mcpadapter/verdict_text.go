package mcpadapter

import (
	"bytes"
	"cmp"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter/internal/args"
)

// What a client is told of a creating call whose outcome was unknown, or which was not executed for
// the sake of an earlier one. What is told of other failures is in failure.go.

// conclude turns what is known of a work into what the client is told. last is the latest attempt
// of this call.
func (t *Tools) conclude(tool *tool, p plan, w Operation, last executed, f Verdict) Report {
	facts := Facts{Recipients: p.recipients, Segments: p.segments}
	switch f.State {
	case Executed:
		report := last.report
		report.Facts.Disposition = DispositionExecuted
		if report.Result.NoEffect {
			report.Facts.Disposition = DispositionNotExecuted
		}
		return report
	case Replayed:
		return replayed(w, f, facts)
	case Reconciled:
		facts.Disposition = DispositionReconciled
		if !f.Earlier {
			facts.Status, facts.Attempts = last.report.Facts.Status, last.report.Facts.Attempts
		}
		note := "The answer of Clerk Chat was lost; it was looked for, and this is what was found. Do not send it again."
		return withNote(f.Result, facts, note, time.Time{})
	case NotFoundYet, Indeterminate:
		if !f.Earlier {
			facts = last.report.Facts
		}
		facts.Outcome, facts.Disposition = OutcomeUnknown, DispositionIndeterminate
		if f.State == NotFoundYet {
			facts.Disposition = DispositionNotFoundYet
		}
		return failed(joined(t.unclear(tool, w, last, f)), facts)
	}
	var sentences []string
	sentences, facts.Outcome, facts.Disposition = notBegun(tool, w, f)
	report := failed(joined(sentences), facts)
	report.Result.NoEffect = facts.Disposition == DispositionNotExecuted
	return report
}

// replayed is the answer of another call once more. Advice about keys goes to who gave one: without
// one this call came in the same session under the same request id, or from a proxy that tried it
// again.
func replayed(w Operation, f Verdict, facts Facts) Report {
	facts.Disposition = DispositionReplayed
	if !f.Result.IsError {
		note := "This is the answer to the same request, which arrived before; nothing was done again. To do the same once more, " +
			"call with an idempotency_key."
		if w.Key != "" {
			note = "This is the answer to the same call made before; nothing was done again. For something new, give a new " +
				"idempotency_key."
		}
		return withNote(f.Result, facts, note, f.At)
	}
	facts.Outcome = OutcomeFailed
	if f.Result.NoEffect {
		facts.Outcome, facts.Disposition = OutcomeRefused, DispositionNotExecuted
	}
	r := failed("This is the answer to the same call made "+before(f.At)+"; nothing was done again: "+f.Result.Text, facts)
	r.Result.NoEffect = f.Result.NoEffect
	return r
}

// withNote adds to a result what is special about it.
func withNote(r Result, facts Facts, note string, replayedAt time.Time) Report {
	if r.IsError {
		facts.Outcome = OutcomeFailed
		return Report{Result: r, Facts: facts}
	}
	extra := struct {
		Note       string    `json:"note"`
		ReplayedAt time.Time `json:"replayed_at,omitzero"`
	}{note, replayedAt.UTC()}
	extra.Note = joined([]string{note, takeNote(&r)})
	b, err := encodeJSON(extra)
	if err == nil && len(r.Structured) > 2 { // an object with members
		b[len(b)-1] = ','
		r.Structured = append(b, r.Structured[1:]...)
		r.Text = string(r.Structured)
	}
	return Report{Result: r, Facts: facts}
}

// takeNote takes the note that a result begins with out of it.
func takeNote(r *Result) string {
	rest, ok := bytes.CutPrefix(r.Structured, []byte(`{"note":`))
	if !ok {
		return ""
	}
	end := args.ValueEnd(rest, 0)
	note, _ := args.Unquote(rest[:end])
	r.Structured = append([]byte("{"), bytes.TrimPrefix(rest[end:], []byte(","))...)
	return note
}

// unclear says that an attempt had no answer, and what to do then.
func (t *Tools) unclear(tool *tool, w Operation, last executed, f Verdict) []string {
	s := []string{last.what}
	if f.Earlier {
		s[0] = "The same call was made " + before(f.At) + ", and its answer was lost. This call did nothing" +
			when(w.Search != nil, " but look") + "."
	}
	if f.State == NotFoundYet {
		s = append(s, "It was looked for in Clerk Chat and is not there so far. It may still go out.")
	} else {
		s = append(s, tool.words.unknown)
	}
	switch {
	case w.Key == "":
		return append(s, tool.words.look)
	case w.Search == nil:
		return append(s, tool.words.look, "Only with the same idempotency_key the same call is safe: it does nothing again, and cannot "+
			"tell more either.")
	case t.setting.resends:
		s = append(s, "To find out more, make the same call with the same idempotency_key again in a minute: it looks, and sends the "+
			"message again if it still is not there. If the first one only is late, there are two then: ask the user.")
	default:
		s = append(s, "To find out more, make the same call with the same idempotency_key again in a minute: it looks, and "+
			"never sends a second time.")
	}
	return append(s, "Do not send it with another key or without one, unless the user has checked that it did not go out.")
}

// notBegun says why this call did nothing.
func notBegun(tool *tool, w Operation, f Verdict) ([]string, Outcome, Disposition) {
	nothing, again := tool.words.nothing, tool.words.again("in a moment")
	switch f.State {
	case InProgress:
		then := "Make the same call with the same idempotency_key again in a few seconds to have the answer."
		if w.Key == "" { // to the gateway the next one is another
			then = tool.words.look
		}
		return []string{"The same call is being carried out by another request at this moment, and has no answer yet. This one " +
			"did nothing.", then}, OutcomeUnavailable, DispositionInProgress
	case Queued:
		return []string{"Another message with the same sender, recipients and text is being sent right now; identical messages are " +
			"sent one at a time.", nothing, again}, OutcomeUnavailable, DispositionNotExecuted
	case KeyReused:
		return []string{"This idempotency_key was used " + before(f.At) + " for a call with other arguments. Nothing was done " +
			"now.", "To repeat that call, give the same arguments; for anything new, give a new key.", tool.words.caution}, OutcomeInvalid, DispositionNotExecuted
	case StoreReset:
		if tool.words.idle != "" {
			return []string{"The gateway's idempotency records were lost " + at(f.At) + ", so it cannot know whether these were created " +
				"before.", nothing, "Have the user check in Clerk Chat first."}, OutcomeRefused, DispositionNotExecuted
		}
		return []string{"The gateway's idempotency records were lost " + at(f.At) + ", so it cannot know whether this " +
			"idempotency_key was used before. Nothing was done now.", "If the call was certainly not made before, make it " +
			"without idempotency_key. Otherwise have the user check in Clerk Chat first."}, OutcomeRefused, DispositionNotExecuted
	default: // StoreDown
		return []string{"The gateway cannot reach its idempotency store, so " + cmp.Or(tool.words.idle, "nothing was done") +
				": it might have been a duplicate.", again},
			OutcomeUnavailable, DispositionNotExecuted
	}
}

func before(t time.Time) string {
	if t.IsZero() {
		return "before"
	}
	return "before (at " + t.UTC().Format(time.RFC3339) + ")"
}

func at(t time.Time) string {
	if t.IsZero() {
		return "a while ago"
	}
	return "at " + t.UTC().Format(time.RFC3339)
}

// addIdempotency adds what a tool takes and gives because it does things once.
func (d *definition) addIdempotency(s setting) {
	safe := "does nothing again and gets the first answer, so it is always safe to repeat."
	if s.resends {
		safe = "gets the first answer. What had no answer is looked for; a message that is not seen is sent again."
	}
	in := optional("idempotency_key", text("Any text that names this one action, such as a new UUID. A call that is repeated "+
		"with the same key and arguments within a day "+safe, minLength(1), maxLength(maxKey)))
	d.input.Properties[in.name] = in.schema
	d.input.PropertyOrder = append(d.input.PropertyOrder, in.name)
	out := optional("replayed_at", text("Only if nothing was done by this call: when the first such call was made, whose answer "+
		"this is.", format("date-time")))
	d.output.Properties[out.name] = out.schema
	d.output.PropertyOrder = append(d.output.PropertyOrder, out.name)
}

// addNote puts what there is to say of a result first in it.
func (d *definition) addNote() {
	d.output.Properties["note"] = text("What to know of this result.")
	d.output.PropertyOrder = append([]string{"note"}, d.output.PropertyOrder...)
}
