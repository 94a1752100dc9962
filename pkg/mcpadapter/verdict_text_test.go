package mcpadapter

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"
)

const keyedSend = `{"sender":"+15551234567","recipients":["+15559876543"],"body":"See you at 2pm","idempotency_key":"k"}`

func TestEveryFindingIsToldForWhatItIs(t *testing.T) {
	begun := time.Date(2026, 11, 23, 9, 30, 0, 0, time.UTC)
	found := Result{Structured: json.RawMessage(`{"id":"12","sender":"+15551234567","recipients":["+15559876543"]}`)}
	const key, noKey = true, false
	tests := []struct {
		name    string
		finding Verdict
		key     bool
		isError bool
		outcome Outcome
		path    Disposition
		want    []string
	}{
		{"replayed", Verdict{State: Replayed, Result: found, At: begun, Earlier: true}, key, false, OutcomeOK, DispositionReplayed,
			[]string{`"replayed_at":"2026-11-23T09:30:00Z"`, "nothing was done again", `"id":"12"`}},
		{"replayed, without a key", Verdict{State: Replayed, Result: found, At: begun, Earlier: true}, noKey, false, OutcomeOK,
			DispositionReplayed, []string{`"replayed_at":"2026-11-23T09:30:00Z"`, "arrived before", "nothing was done again", `"id":"12"`}},
		{"a failure replayed", Verdict{State: Replayed, Result: Result{IsError: true, Text: "It failed."}, At: begun}, key, true,
			OutcomeFailed, DispositionReplayed, []string{"2026-11-23T09:30:00Z", "nothing was done again", "It failed."}},
		{"a refusal shared", Verdict{State: Replayed, Result: Result{IsError: true, NoEffect: true, Text: "No."}}, key, true,
			OutcomeRefused, DispositionNotExecuted, []string{"No."}},
		{"settled", Verdict{State: Reconciled, Result: found, At: begun}, key, false, OutcomeOK, DispositionReconciled,
			[]string{"The answer of Clerk Chat was lost", `"id":"12"`, "Do not send it again"}},
		{"settled as failed", Verdict{State: Reconciled, Result: Result{IsError: true, Text: "Failed."}}, key, true, OutcomeFailed,
			DispositionReconciled, []string{"Failed."}},
		{"not seen, with a key", Verdict{State: NotFoundYet, At: begun, Earlier: true}, key, true, OutcomeUnknown, DispositionNotFoundYet,
			[]string{"at 2026-11-23T09:30:00Z", "not there so far", "may still go out", "same idempotency_key", "never sends a second time"}},
		{"not seen, without a key", Verdict{State: NotFoundYet, Earlier: true}, noKey, true, OutcomeUnknown, DispositionNotFoundYet,
			[]string{"may still go out", "Do not send it again blindly", "get_messages"}},
		{"undecided", Verdict{State: Indeterminate, Earlier: true}, key, true, OutcomeUnknown, DispositionIndeterminate,
			[]string{"may have been sent", "same idempotency_key"}},
		{"under way", Verdict{State: InProgress}, key, true, OutcomeUnavailable, DispositionInProgress,
			[]string{"at this moment", "did nothing", "in a few seconds"}},
		{"queued", Verdict{State: Queued}, key, true, OutcomeUnavailable, DispositionNotExecuted,
			[]string{"same sender, recipients and text", "Nothing was sent.", "again in a moment"}},
		{"another call's key", Verdict{State: KeyReused, At: begun}, key, true, OutcomeInvalid, DispositionNotExecuted,
			[]string{"other arguments", "at 2026-11-23T09:30:00Z", "Nothing was done", "give a new key"}},
		{"no memory", Verdict{State: StoreDown}, key, true, OutcomeUnavailable, DispositionNotExecuted,
			[]string{"cannot reach its idempotency store", "nothing was done", "again in a moment"}},
		{"memory lost", Verdict{State: StoreReset, At: begun}, key, true, OutcomeRefused, DispositionNotExecuted,
			[]string{"at 2026-11-23T09:30:00Z", "Nothing was done", "without idempotency_key", "check in Clerk Chat"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, remember := remembering(func(context.Context, task) Verdict { return tt.finding })
			tools, api := newTools(t, answersOf(t), remember)
			arguments := sendArguments
			if tt.key {
				arguments = keyedSend
			}
			r := call(t, tools, "send_message", arguments)
			if r.Result.IsError != tt.isError || r.Facts.Outcome != tt.outcome || r.Facts.Disposition != tt.path {
				t.Errorf("error %v, outcome %v, path %v; want %v, %v, %v", r.Result.IsError, r.Facts.Outcome, r.Facts.Disposition,
					tt.isError, tt.outcome, tt.path)
			}
			if r.Result.NoEffect != (tt.path == DispositionNotExecuted) {
				t.Errorf("no effect: %v", r.Result.NoEffect)
			}
			for _, want := range tt.want {
				if !strings.Contains(r.Result.Text, want) {
					t.Errorf("%s\nwant %q in it", r.Result.Text, want)
				}
			}
			if !tt.isError {
				conforms(t, tt.name, tools.Definitions()[0].OutputSchema.(json.RawMessage), r)
			}
			if len(api.sent()) != 0 {
				t.Error("something was sent")
			}
		})
	}
}

func TestAnOwnAttemptWithoutAnAnswerSaysWhyAndWhatToDo(t *testing.T) {
	_, remember := remembering(func(ctx context.Context, w task) Verdict {
		made := w.Attempt(ctx, func(context.Context) error { return nil })
		state := Indeterminate
		if w.Search != nil {
			state = NotFoundYet
		}
		return Verdict{State: state, Result: made.Result, At: testNow()}
	})
	tools, _ := newTools(t, response(503, ""), remember)
	want := map[string]string{
		"send_message":          "not there so far",
		"create_contact":        "The contact may have been created.",
		"create_contacts_batch": "The contacts may have been created",
		"create_campaign":       "The campaign may have been started",
	}
	for _, c := range creatingCalls() {
		r := tools.Call(t.Context(), c)
		if !r.Result.IsError || r.Result.NoEffect || r.Facts.Outcome != OutcomeUnknown || r.Facts.Status != 503 {
			t.Errorf("%s: %+v", c.Tool, r)
		}
		for _, part := range []string{"HTTP 503", want[c.Tool]} {
			if !strings.Contains(r.Result.Text, part) {
				t.Errorf("%s: %s\nwant %q in it", c.Tool, r.Result.Text, part)
			}
		}
	}
}

func TestWhoHasNoKeyIsNotToldToCallAgainWhileTheCallIsUnderWay(t *testing.T) {
	_, remember := remembering(func(context.Context, task) Verdict { return Verdict{State: InProgress} })
	tools, _ := newTools(t, answersOf(t), remember)
	for _, c := range creatingCalls() {
		text := tools.Call(t.Context(), c).Result.Text // to the gateway another call would be another message
		if strings.Contains(text, "Make the same call") || !strings.Contains(text, "first") && !strings.Contains(text, "Do not start it again") {
			t.Errorf("%s: %s", c.Tool, text)
		}
	}
}

// To speak of the same key, or of a new one, to who gave none sends a model looking for one.
func TestAdviceAboutKeysFitsWhetherOneWasGiven(t *testing.T) {
	found := Result{Structured: json.RawMessage(`{"id":"12","contacts":[{"result":"created"}]}`), Text: "{}"}
	states := []Verdict{
		{State: Replayed, Result: found}, {State: Replayed, Result: Result{IsError: true, Text: "It failed."}},
		{State: Replayed, Result: Result{IsError: true, NoEffect: true, Text: "No."}},
		{State: Reconciled, Result: found}, {State: NotFoundYet, Earlier: true}, {State: Indeterminate, Earlier: true},
		{State: InProgress, Earlier: true}, {State: Queued}, {State: StoreDown},
	}
	for _, f := range states {
		for _, resends := range []bool{true, false} {
			_, remember := remembering(func(context.Context, task) Verdict { return f })
			tools, _ := newTools(t, answersOf(t), remember, func(o *Options) { o.ResendAbsent = resends })
			for _, c := range creatingCalls() {
				text := tools.Call(t.Context(), c).Result.Text
				for _, bad := range []string{"same idempotency_key", "new idempotency_key", "another key", "new key", "without one"} {
					if strings.Contains(text, bad) {
						t.Errorf("%s, state %d, without a key: %s", c.Tool, f.State, text)
					}
				}
				c.IdempotencyKey = "k"
				text = tools.Call(t.Context(), c).Result.Text
				if strings.Contains(text, "with an idempotency_key") {
					t.Errorf("%s, state %d, with a key: %s", c.Tool, f.State, text)
				}
			}
		}
	}
}

func TestWhatCannotBeLookedForIsNotSaidToBe(t *testing.T) {
	_, remember := remembering(func(context.Context, task) Verdict { return Verdict{State: Indeterminate, Earlier: true} })
	tools, _ := newTools(t, answersOf(t), remember)
	r := call(t, tools, "create_contact", `{"name":"J","idempotency_key":"k"}`)
	if strings.Contains(r.Result.Text, "but look") || !strings.Contains(r.Result.Text, "Only with the same idempotency_key the same call is safe") {
		t.Error(r.Result.Text)
	}
}

func TestAMemoryThatSendsAgainSaysSo(t *testing.T) {
	_, remember := remembering(func(context.Context, task) Verdict { return Verdict{State: NotFoundYet, Earlier: true} })
	for _, resends := range []bool{true, false} {
		tools, _ := newTools(t, answersOf(t), remember, func(o *Options) { o.ResendAbsent = resends })
		definition := string(tools.Definitions()[0].InputSchema.(json.RawMessage))
		for what, said := range map[string]bool{
			"the answer":       strings.Contains(call(t, tools, "send_message", keyedSend).Result.Text, "sends the message again"),
			"the argument":     strings.Contains(definition, "sent again"),
			"the instructions": strings.Contains(tools.Instructions(), "sent again"),
			"no answer":        !strings.Contains(call(t, tools, "send_message", keyedSend).Result.Text, "never sends"),
			"no argument":      !strings.Contains(definition, "always safe"),
		} {
			if said != resends {
				t.Errorf("sends again: %v, and %s says so: %v", resends, what, said)
			}
		}
	}
}
