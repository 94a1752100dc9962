package mcpadapter

import (
	"context"
	"fmt"
	"math"
	"time"
)

// Limiter bounds how much each subject may do. It knows nothing of what is done.
type Limiter interface {
	// Admit counts one request of a subject to the API and the messages that it would send, or says
	// that there is no room for it and counts nothing. What it cannot count it admits. unsent gives
	// the messages back when it turns out that they were certainly not sent; it is nil if limited
	// is not.
	Admit(ctx context.Context, subject string, messages int) (unsent func(context.Context), limited *Limited)
}

// Limited is why a request is not admitted.
type Limited struct {
	// Messages tells that it is for the limit of messages; else it is for that of calls.
	Messages bool
	// Max is how many there may be in a Period, Room how many there may be at this moment.
	Max, Room int
	Period    time.Duration
	// RetryAfter is when there will be room if nobody takes it first; less than 0: never, as it is
	// more than Max.
	RetryAfter time.Duration
}

// admit asks the limiter. It stands after everything that may keep a request from being made, and
// before what is told of it to others, so that a call that is limited has neither had an effect nor
// been remembered.
func (t *Tools) admit(ctx context.Context, tool *tool, p plan, subject string) (unsent func(context.Context), wrong string) {
	if t.limiter == nil {
		return func(context.Context) {}, ""
	}
	n := messages(tool, p)
	unsent, limited := t.limiter.Admit(ctx, subject, n)
	if limited == nil {
		return unsent, ""
	}
	nothing := tool.words.nothing
	if nothing == "" {
		nothing = "No request was made."
	}
	return nil, joined([]string{limited.reached(n), nothing, limited.again(tool.words, t.now())})
}

// messages is how many a plan sends. A campaign counts as one: how many it is for cannot be looked
// up.
func messages(tool *tool, p plan) int {
	if tool.scope == ScopeSendMessages || tool.scope == ScopeSendCampaigns {
		return max(p.recipients, 1)
	}
	return 0
}

// reached says which limit it is.
func (l *Limited) reached(n int) string {
	period := l.Period.String()
	switch l.Period {
	case time.Minute:
		period = "a minute"
	case 24 * time.Hour:
		period = "24 hours"
	}
	switch {
	case !l.Messages:
		return fmt.Sprintf("The limit of this gateway, %d calls in %s for one caller, is reached.", l.Max, period)
	case l.RetryAfter < 0:
		return fmt.Sprintf("This call has %d recipients, and the limit of this gateway is %d messages in %s for one caller, where "+
			"each recipient counts.", n, l.Max, period)
	}
	return fmt.Sprintf("The limit of this gateway, %d messages in %s for one caller, leaves room for %d at the moment, and this "+
		"call is %d: each recipient counts.", l.Max, period, l.Room, n)
}

// again says when to call again, at a time that is not too early, and in round numbers if that is
// long.
func (l *Limited) again(w words, now time.Time) string {
	if l.RetryAfter < 0 {
		return fmt.Sprintf("Retrying will not help: a call may have at most %d recipients.", l.Max)
	}
	seconds := time.Duration(max(math.Ceil(l.RetryAfter.Seconds()), 1))
	in := fmt.Sprintf("%d seconds", seconds)
	if seconds == 1 {
		in = "a second"
	}
	if l.RetryAfter > 2*time.Minute {
		at := now.UTC().Add(l.RetryAfter + time.Minute - 1).Truncate(time.Minute)
		return w.again("in " + roundTime(l.RetryAfter) + " (" + at.Format("2006-01-02 15:04") + " UTC)")
	}
	at := now.UTC().Add(seconds*time.Second + time.Second - 1).Truncate(time.Second)
	return w.again("in " + in + ", at " + at.Format(time.DateTime) + " UTC")
}
