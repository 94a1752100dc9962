package mcpadapter

import "fmt"

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
	return joined(append(s, "This is what became of each:"))
}
