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
		finding Finding
		key     bool
		isError bool
		outcome Outcome
		path    Path
		want    []string
	}{
		{"replayed", Finding{State: StateReplayed, Result: found, At: begun, Earlier: true}, key, false, OutcomeOK, PathReplayed,
			[]string{`"replayed_at":"2026-11-23T09:30:00Z"`, "nothing was done again", `"id":"12"`}},
		{"replayed, without a key", Finding{State: StateReplayed, Result: found, At: begun, Earlier: true}, noKey, false, OutcomeOK,
			PathReplayed, []string{`"replayed_at":"2026-11-23T09:30:00Z"`, "arrived before", "nothing was done again", `"id":"12"`}},
		{"a failure replayed", Finding{State: StateReplayed, Result: Result{IsError: true, Text: "It failed."}, At: begun}, key, true,
			OutcomeFailed, PathReplayed, []string{"2026-11-23T09:30:00Z", "nothing was done again", "It failed."}},
		{"a refusal shared", Finding{State: StateReplayed, Result: Result{IsError: true, NoEffect: true, Text: "No."}}, key, true,
			OutcomeRefused, PathRefused, []string{"No."}},
		{"settled", Finding{State: StateSettled, Result: found, At: begun}, key, false, OutcomeOK, PathSettled,
			[]string{"The answer of Clerk Chat was lost", `"id":"12"`, "Do not send it again"}},
		{"settled as failed", Finding{State: StateSettled, Result: Result{IsError: true, Text: "Failed."}}, key, true, OutcomeFailed,
			PathSettled, []string{"Failed."}},
		{"not seen, with a key", Finding{State: StateNotSeen, At: begun, Earlier: true}, key, true, OutcomeUnknown, PathNotSeen,
			[]string{"at 2026-11-23T09:30:00Z", "not there so far", "may still go out", "same idempotency_key", "never sends a second time"}},
		{"not seen, without a key", Finding{State: StateNotSeen, Earlier: true}, noKey, true, OutcomeUnknown, PathNotSeen,
			[]string{"may still go out", "Do not send it again blindly", "get_messages"}},
		{"undecided", Finding{State: StateUndecided, Earlier: true}, key, true, OutcomeUnknown, PathUndecided,
			[]string{"may have been sent", "same idempotency_key"}},
		{"under way", Finding{State: StateUnderWay}, key, true, OutcomeUnavailable, PathUnderWay,
			[]string{"at this moment", "did nothing", "in a few seconds"}},
		{"queued", Finding{State: StateQueued}, key, true, OutcomeUnavailable, PathRefused,
			[]string{"same sender, recipients and text", "Nothing was sent.", "again in a moment"}},
		{"another call's key", Finding{State: StateMismatch, At: begun}, key, true, OutcomeInvalid, PathRefused,
			[]string{"other arguments", "at 2026-11-23T09:30:00Z", "Nothing was done", "give a new key"}},
		{"no memory", Finding{State: StateNoMemory}, key, true, OutcomeUnavailable, PathRefused,
			[]string{"cannot reach its memory", "Nothing was done", "again in a moment"}},
		{"memory lost", Finding{State: StateMemoryLost, At: begun}, key, true, OutcomeRefused, PathRefused,
			[]string{"at 2026-11-23T09:30:00Z", "Nothing was done", "without idempotency_key", "check in Clerk Chat"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, remember := remembering(func(context.Context, Work) Finding { return tt.finding })
			tools, api := newTools(t, answersOf(t), remember)
			arguments := sendArguments
			if tt.key {
				arguments = keyedSend
			}
			r := call(t, tools, "send_message", arguments)
			if r.Result.IsError != tt.isError || r.Facts.Outcome != tt.outcome || r.Facts.Path != tt.path {
				t.Errorf("error %v, outcome %v, path %v; want %v, %v, %v", r.Result.IsError, r.Facts.Outcome, r.Facts.Path,
					tt.isError, tt.outcome, tt.path)
			}
			if r.Result.NoEffect != (tt.path == PathRefused) {
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
	_, remember := remembering(func(ctx context.Context, w Work) Finding {
		made := w.Attempt(ctx, func(context.Context) error { return nil })
		state := StateUndecided
		if w.Look != nil {
			state = StateNotSeen
		}
		return Finding{State: state, Result: made.Result, At: testNow()}
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
	_, remember := remembering(func(context.Context, Work) Finding { return Finding{State: StateUnderWay} })
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
	states := []Finding{
		{State: StateReplayed, Result: found}, {State: StateReplayed, Result: Result{IsError: true, Text: "It failed."}},
		{State: StateReplayed, Result: Result{IsError: true, NoEffect: true, Text: "No."}},
		{State: StateSettled, Result: found}, {State: StateNotSeen, Earlier: true}, {State: StateUndecided, Earlier: true},
		{State: StateUnderWay, Earlier: true}, {State: StateQueued}, {State: StateNoMemory},
	}
	for _, f := range states {
		for _, resends := range []bool{true, false} {
			_, remember := remembering(func(context.Context, Work) Finding { return f })
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
	_, remember := remembering(func(context.Context, Work) Finding { return Finding{State: StateUndecided, Earlier: true} })
	tools, _ := newTools(t, answersOf(t), remember)
	r := call(t, tools, "create_contact", `{"name":"J","idempotency_key":"k"}`)
	if strings.Contains(r.Result.Text, "but look") || !strings.Contains(r.Result.Text, "Only with the same idempotency_key the same call is safe") {
		t.Error(r.Result.Text)
	}
}

func TestAMemoryThatSendsAgainSaysSo(t *testing.T) {
	_, remember := remembering(func(context.Context, Work) Finding { return Finding{State: StateNotSeen, Earlier: true} })
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
