package limit

import (
	"context"
	"errors"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// The names of the limits of a subject.
const (
	calls    = "calls"
	messages = "messages"
)

// Subjects bounds what each subject may do. It may be used by many goroutines at once.
type Subjects struct {
	counter
	calls, messages int
}

var _ mcpadapter.Limiter = (*Subjects)(nil)

// NewSubjects allows so many calls in a minute and so many messages in 24 hours to each subject; 0
// is not a limit.
func NewSubjects(opts Options, callsAMinute, messagesADay int) (*Subjects, error) {
	if callsAMinute < 0 || messagesADay < 0 {
		return nil, errors.New("limit: a limit must not be negative")
	}
	opts, err := opts.check()
	if err != nil {
		return nil, err
	}
	return &Subjects{counter: counter{Options: opts}, calls: callsAMinute, messages: messagesADay}, nil
}

// Admit counts a call and its messages, both or neither. While the store is away this process alone
// counts, and refuses what is too much of what it has seen itself.
func (s *Subjects) Admit(ctx context.Context, subject string, n int) (unsent func(context.Context), limited *mcpadapter.Limited) {
	var quotas []Quota
	if s.calls > 0 {
		quotas = append(quotas, Quota{Name: calls, Amount: 1, Max: s.calls, Period: time.Minute})
	}
	unsent = func(context.Context) {}
	if s.messages > 0 && n > 0 {
		quotas = append(quotas, Quota{Name: messages, Amount: n, Max: s.messages, Period: 24 * time.Hour})
	}
	if len(quotas) == 0 {
		return unsent, nil
	}
	taken, giveBack := s.take(ctx, s.owner("subject", subject), quotas)
	if taken.Short >= 0 {
		q := quotas[taken.Short]
		return nil, &mcpadapter.Limited{
			Messages: q.Name == messages, Max: q.Max, Room: taken.Room, Period: q.Period, RetryAfter: taken.Wait,
		}
	}
	if last := len(quotas) - 1; quotas[last].Name == messages {
		unsent = func(ctx context.Context) {
			if err := giveBack(ctx, quotas[last:]); err != nil {
				s.OnEvent(messages, NotRefunded)
			}
		}
	}
	return unsent, nil
}
