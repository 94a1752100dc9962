package mcpadapter

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
)

func TestNoAnswerToABatchHasItsContactsCreatedTwice(t *testing.T) {
	const again = "The same call may be made again"
	tests := []struct {
		name    string
		second  int // status of the second part
		key     bool
		says    []string
		saysNot []string
	}{
		{"a part is refused, with a key", 422, true,
			[]string{"to give these again in another call would create them twice", "give these alone in a new call with a new idempotency_key"},
			[]string{again, "correct the arguments first", "No contact was created"}},
		{"a part is refused", 422, false,
			[]string{"to give these again in another call would create them twice", "give these alone in a new call."},
			[]string{again, "idempotency_key", "No contact was created"}},
		{"too many requests, with a key", 429, true,
			[]string{"They may be tried again in", "The same call with the same idempotency_key goes on with these"},
			[]string{again, "No contact was created"}},
		{"too many requests", 429, false,
			[]string{"They may be tried again in", "Call again with these alone."}, []string{again, "idempotency_key", "No contact was created"}},
		{"an answer is lost", 503, false, []string{"before they are given again."}, []string{again, "idempotency_key"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, remember := remembering(func(ctx context.Context, w task) Verdict {
				f := attempted(ctx, w)
				if tt.second == 503 && w.Part == 2 {
					f.State = Indeterminate
				}
				return f
			})
			tools, _ := newTools(t, answersInTurn(t, 201, tt.second, 201, 201, 201), remember, func(o *Options) { o.BatchSize = 1 })
			more := ""
			if tt.key {
				more = `,"idempotency_key":"k"`
			}
			text := call(t, tools, "create_contacts_batch", batchOf(5, more)).Result.Text
			for _, says := range tt.says {
				if !strings.Contains(text, says) {
					t.Errorf("%s\nwant %q in it", text, says)
				}
			}
			for _, not := range tt.saysNot {
				if strings.Contains(text, not) {
					t.Errorf("%s\nwant no %q in it", text, not)
				}
			}
		})
	}
}

func TestABatchWithoutAKeyIsNotMadeAgainWhileAnotherCreatesIt(t *testing.T) {
	_, remember := remembering(func(context.Context, task) Verdict { return Verdict{State: InProgress} })
	tools, _ := newTools(t, answersOf(t), remember, func(o *Options) { o.BatchSize = 2 })
	text := call(t, tools, "create_contacts_batch", batchOf(6, "")).Result.Text
	if strings.Contains(text, "same call again") || !strings.Contains(text, "Do not give them again") {
		t.Error(text)
	}
}

func TestAKeyOfAnotherBatchSaysThatWhatWasCreatedIsToBeLeftOut(t *testing.T) {
	_, remember := remembering(func(context.Context, task) Verdict { return Verdict{State: KeyReused} })
	tools, _ := newTools(t, answersOf(t), remember, func(o *Options) { o.BatchSize = 2 })
	text := call(t, tools, "create_contacts_batch", batchOf(6, `,"idempotency_key":"k"`)).Result.Text
	if !strings.Contains(text, "Leave out of it the contacts that were created") {
		t.Error(text)
	}
}

func TestABatchThatIsLimitedIsCountedAsThat(t *testing.T) {
	tools, _ := newTools(t, answersOf(t), (&allowance{limited: tooManyCalls}).set, func(o *Options) { o.BatchSize = 2 })
	if r := call(t, tools, "create_contacts_batch", batchOf(6, "")); r.Facts.Outcome != OutcomeLimited || r.Facts.Disposition != DispositionNotExecuted {
		t.Errorf("%v, %v", r.Facts.Outcome, r.Facts.Disposition)
	}
}

func TestBatchIsReplayedThoughItsRestIsRefused(t *testing.T) {
	done := &Verdict{State: Replayed, Result: Result{Structured: json.RawMessage(`{"contacts":[{"result":"created","id":"a"}]}`)}}
	_, remember := remembering(byPart(done, nil))
	tools, _ := newTools(t, response(401, ""), remember, func(o *Options) { o.BatchSize = 1 })
	if r := call(t, tools, "create_contacts_batch", batchOf(2, "")); r.Facts.Disposition != DispositionReplayed || r.Facts.Outcome != OutcomeFailed {
		t.Errorf("%v, %v", r.Facts.Outcome, r.Facts.Disposition)
	}
}
