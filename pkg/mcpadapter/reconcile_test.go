package mcpadapter

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// looked makes a call of send_message that looks since testNow, and gives what it found.
func looked(t *testing.T, arguments string, answer func(*http.Request) (*http.Response, error)) (found []Match, api *api, err error) {
	t.Helper()
	_, remember := remembering(func(ctx context.Context, w task) Verdict {
		found, err = w.Search(ctx, testNow())
		return Verdict{State: Indeterminate, Earlier: true}
	})
	tools, api := newTools(t, answer, remember)
	call(t, tools, "send_message", arguments)
	return found, api, err
}

func page(messages ...string) func(*http.Request) (*http.Response, error) {
	return response(200, fmt.Sprintf(`{"data":[%s],"total":%d}`, strings.Join(messages, ","), len(messages)))
}

func TestOnlyAMessageThatLooksTheSameIsASighting(t *testing.T) {
	const group = `{"sender":"+15551234567","recipients":["+15559876543","+15559876544"],"body":"See you at 2pm"}`
	with := func(pairs ...string) string { return strings.NewReplacer(pairs...).Replace(messageJSON) }
	tests := []struct {
		name, arguments, message string
		want                     bool
	}{
		{"itself", sendArguments, messageJSON, true},
		{"with the sender among the members", sendArguments, with(`["+15559876543"]`, `["+15551234567","+15559876543"]`), true},
		{"with numbers written otherwise", sendArguments, with(`["+15559876543"]`, `["+1 555-987-6543"]`), true},
		{"by the assistant", sendArguments, with(`"user"`, `"assistant"`), true},
		{"another text", sendArguments, with("2pm", "3pm"), false},
		{"the text with a space", sendArguments, with("2pm", "2pm "), false},
		{"received", sendArguments, with(`"inbound":false`, `"inbound":true`), false},
		{"another sender", sendArguments, with(`"sender":"+15551234567"`, `"sender":"+15551234568"`), false},
		{"another recipient", sendArguments, with("9876543", "9876544"), false},
		{"a recipient more", sendArguments, with(`["+15559876543"]`, `["+15559876543","+15559876544"]`), false},
		{"no recipient", sendArguments, with(`["+15559876543"]`, `[]`), false},
		{"of a campaign", sendArguments, with(`"user"`, `"campaign"`), false},
		{"of a workflow", sendArguments, with(`"user"`, `"workflow"`), false},
		{"of a campaign's message", sendArguments, with(`"user"`, `"campaign_message"`), false},
		{"of an AI pipeline", sendArguments, with(`"user"`, `"ai_pipeline"`), false},
		{"with the id of a campaign's message", sendArguments, with(`"inboxId"`, `"campaignMessageId":7,"inboxId"`), false},
		{"with its sender written otherwise", sendArguments, with(`"sender":"+15551234567"`, `"sender":"+1 (555) 123-4567"`), true},
		{"with the sender among the members, in another form", sendArguments,
			with(`["+15559876543"]`, `["+1 555 123 4567","+15559876543"]`), true},
		{"with a campaign's id", sendArguments, with(`"inboxId"`, `"campaignId":7,"inboxId"`), false},
		{"made before", sendArguments, with(`"created":"2026-11-23T10:00:00Z"`, `"created":"2026-11-23T09:59:59Z"`), false},
		{"made before, sent since", sendArguments, with(`"created":"2026-11-23T10:00:00Z"`, `"created":"2026-11-23T09:00:00Z"`), false},
		{"with the time of sending alone", sendArguments, with(`"created":"2026-11-23T10:00:00Z",`, ""), true},
		{"a group in another order", group, with(`["+15559876543"]`, `["+15559876544","+15559876543"]`), true},
		{"one of a group", group, messageJSON, false},
	}
	for _, tt := range tests {
		found, _, err := looked(t, tt.arguments, page(tt.message))
		if err != nil || len(found) == 1 != tt.want {
			t.Errorf("%s: %d sightings, %v; want one: %v", tt.name, len(found), err, tt.want)
		}
	}
}

func TestASightingIsAnsweredLikeTheMessageItself(t *testing.T) {
	tools, _ := newTools(t, answersOf(t))
	want := call(t, tools, "send_message", sendArguments).Result
	found, _, err := looked(t, sendArguments, page(messageJSON))
	if err != nil || len(found) != 1 || found[0].ID != "12" || found[0].Result.Text != want.Text {
		t.Errorf("found %+v, %v; want %s", found, err, want.Text)
	}
	failed, _, err := looked(t, sendArguments, page(strings.Replace(messageJSON, `"sending"`, `"failed"`, 1)))
	if err != nil || len(failed) != 1 || !failed[0].Result.IsError || !strings.Contains(failed[0].Result.Text, "failed") {
		t.Errorf("a message that failed: %+v, %v", failed, err)
	}
}

func TestLookingGoesThroughAllPagesAndCountsAMessageOnce(t *testing.T) {
	found, api, err := looked(t, sendArguments, func(r *http.Request) (*http.Response, error) {
		switch r.URL.Query().Get("page") {
		case "1":
			return response(200, `{"data":[`+messageJSON+`],"total":0,"links":{"next":"x"}}`)(r)
		case "2": // the first one again, since another was sent meanwhile
			other := strings.Replace(messageJSON, `"id":12`, `"id":13`, 1)
			return response(200, `{"data":[`+messageJSON+`,`+other+`],"total":0}`)(r)
		}
		return response(500, "")(r)
	})
	if err != nil || len(found) != 2 {
		t.Errorf("found %d, %v; want 2", len(found), err)
	}
	if u := api.sent()[0].url; !strings.Contains(u, "start=2026-11-23T10%3A00%3A00Z") || !strings.Contains(u, "limit=50") {
		t.Errorf("looked at %s", u)
	}
}

func TestLookingThatDoesNotComeToAnEndDoesNotTell(t *testing.T) {
	_, api, err := looked(t, sendArguments, func(r *http.Request) (*http.Response, error) {
		id := "1" + r.URL.Query().Get("page")
		return response(200, `{"data":[`+strings.Replace(messageJSON, `"id":12`, `"id":`+id, 1)+`],"links":{"next":"x"}}`)(r)
	})
	if err == nil || len(api.sent()) != 20 {
		t.Errorf("%v after %d pages", err, len(api.sent()))
	}
	if _, _, err := looked(t, sendArguments, response(500, "")); err == nil {
		t.Error("an API that fails tells that there is nothing")
	}
}

func TestAMessageWithoutAnyTimeMayBeTheOneOrNot(t *testing.T) {
	undated := strings.NewReplacer(`"created":"2026-11-23T10:00:00Z",`, "", `"timestamp":"2026-11-23T10:00:00Z",`, "").Replace(messageJSON)
	if found, _, err := looked(t, sendArguments, page(undated)); err == nil {
		t.Errorf("%d sightings tell what became of it", len(found))
	}
	other := strings.Replace(undated, "2pm", "3pm", 1)
	if found, _, err := looked(t, sendArguments, page(other, messageJSON)); err != nil || len(found) != 1 {
		t.Errorf("another message without a time: %d sightings, %v", len(found), err)
	}
}
