package mcpadapter

import (
	"encoding/json"
	"fmt"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// What of a batch is shown at most: ids, ranges of contacts with a problem, bytes of a reason, and
// opted-out contacts.
const (
	maxIDsShown      = 500
	maxProblemsShown = 60
	maxReasonShown   = 800
	maxOptedOutShown = 200

	roomForNotes = 2_000
)

// structured is the result as JSON, within its bound. What is left out is said.
func (b *batch) structured() (json.RawMessage, error) {
	r := b.result
	for i := range r.contacts {
		c := &r.contacts[i]
		r.IDs = append(r.IDs, clerkapi.ID(cut(string(c.ID), maxTextShown)))
		if c.OptOut {
			r.OptedOut = append(r.OptedOut, i)
		}
	}
	if r.Created == 0 {
		r.IDs = nil
	}
	ids, problems, optedOut := len(r.IDs), len(r.Problems), len(r.OptedOut)
	r.IDs = append([]clerkapi.ID{}, r.IDs[:min(ids, maxIDsShown)]...)
	r.OptedOut = r.OptedOut[:min(optedOut, maxOptedOutShown)]
	r.Problems = append([]batchProblem{}, r.Problems[:min(problems, maxProblemsShown)]...)
	for i := range r.Problems {
		r.Problems[i].Reason = cut(r.Problems[i].Reason, maxReasonShown)
	}
	for {
		r.Note = joined([]string{
			b.result.Note,
			when(optedOut > 0, "Those in opted_out declined messages: do not text them."),
			when(len(r.OptedOut) < optedOut, fmt.Sprintf("Of %d who opted out the first %d are shown.", optedOut, len(r.OptedOut))),
			when(len(r.Problems) < problems, fmt.Sprintf("Of %d ranges in problems the first %d are shown.", problems, len(r.Problems))),
			when(len(r.IDs) < ids, fmt.Sprintf("Of %d ids the first %d are shown.", ids, len(r.IDs))),
		})
		structured, err := encodeJSON(&r)
		if err != nil {
			return nil, err
		}
		if len(escapedJSON(structured)) <= maxResult-roomForNotes { // a replay says so in front
			return structured, nil
		}
		if len(r.Problems) > 1 {
			r.Problems = r.Problems[:len(r.Problems)/2]
			continue
		}
		if len(r.IDs) <= 1 {
			return structured, nil
		}
		r.IDs = r.IDs[:len(r.IDs)/2]
	}
}

// summary says in words what is not as it should be, and what to do. What it must never make
// anybody do is to give contacts once more that were created, or may have been.
func (b *batch) summary() string {
	r := &b.result
	key := b.work.Key != ""
	s := []string{fmt.Sprintf("Of %d contacts %d are created%s.", len(r.contacts), r.Created,
		when(r.Created > 0, "; to give these again in another call would create them twice"))}
	if r.Failed > 0 {
		s = append(s, fmt.Sprintf("%d were refused by Clerk Chat together with what was sent with them: correct them, and give "+
			"these alone in a new call%s.", r.Failed, when(key, " with a new idempotency_key")))
	}
	if r.Skipped > 0 {
		s = append(s, fmt.Sprintf("%d were skipped for mistakes: correct them, and give these alone in a new call%s.", r.Skipped,
			when(key, " with a new idempotency_key")))
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
	return joined(append(s, "Positions count from 0."))
}
