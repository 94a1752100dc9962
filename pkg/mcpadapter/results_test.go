package mcpadapter

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/jsonschema-go/jsonschema"
)

func TestResultsAreWhatTheAPIAnsweredFlatAndInSnakeCase(t *testing.T) {
	const wantContact = `{"id":"k-1","name":"Jane Smith","phone":"+15551234567","public":true,"opt_out":false,` +
		`"data":{"plan":"premium"},"created":"2026-11-23T10:00:00Z","updated":"2026-11-23T10:00:00Z"}`
	want := map[string]string{
		"send_message": `{"id":"12","status":"sending","sender":"+15551234567","recipients":["+15559876543"],"segments":1,` +
			`"conversation_id":"c-1","inbox_id":"5d0e8d03-d09f-47e5-8017-4d00cbf737f4","created":"2026-11-23T10:00:00Z"}`,
		"get_messages": `{"note":"` + pageNote + `","total":51,"page":1,"limit":50,"has_more":true,"next_page":2,` +
			`"next_end":"2026-11-23T10:00:00Z","conversations":[{"conversation_id":"c-1","inbox_id":"5d0e8d03-d09f-47e5-8017-4d00cbf737f4",` +
			`"sent_from":"+15551234567","members":["+15559876543"],"messages":[{"id":"12","timestamp":"2026-11-23T10:00:00Z",` +
			`"sent_by_name":"Jane","body":"See you at 2pm","status":"sending"}]}]}`,
		"create_contact":        wantContact,
		"update_contact":        `{"note":"` + contactNote + `",` + wantContact[1:],
		"delete_contact":        `{"contact_id":"k-1","deleted":true}`,
		"create_contacts_batch": `{"created":2,"ids":["k-1","k-1"]}`,
		"create_campaign": `{"id":"99","status":"scheduled","sender":"+15551234567","list_name":"PremiumTierSubscribers",` +
			`"inbox_id":"i-1","created":"2026-11-23T10:00:00Z"}`,
	}
	tools, _ := newTools(t, answersOf(t))
	for _, c := range goodCalls() {
		r := tools.Call(t.Context(), c)
		if diff := cmp.Diff(want[c.Tool], string(r.Result.Structured)); diff != "" || r.Result.IsError {
			t.Errorf("%s: %s\n(-want +got):\n%s", c.Tool, r.Result.Text, diff)
		}
		if r.Result.Text != string(r.Result.Structured) {
			t.Errorf("%s: the text is not the same as the structured result:\n%s", c.Tool, r.Result.Text)
		}
	}
}

func TestResultsConformToTheOutputSchemas(t *testing.T) {
	const bare = `{"id":1,"body":"","conversationId":"c","inbound":true,"members":null,"sender":"","senderType":"new","status":"new"}`
	failed := strings.Replace(messageJSON, `"error":null`, `"error":"no","errorCode":7,"campaignId":8`, 1)
	sparse := `{"id":7,"name":null,"data":null}`
	more := map[string][]string{
		"send_message":          {`{"data":` + bare + `}`},
		"get_messages":          {`{"data":[],"total":0}`, `{"data":[` + bare + `,` + failed + `],"total":-1}`},
		"create_contact":        {`{"data":` + sparse + `}`},
		"update_contact":        {`{"data":{}}`},
		"create_contacts_batch": {`{"data":[` + sparse + `,{}]}`},
		"create_campaign":       {`{"data":{}}`, `{"data":{"id":"x","name":"N","status":"new"}}`},
	}
	tools, _ := newTools(t, answersOf(t))
	for i, c := range goodCalls() {
		raw := tools.Definitions()[i].OutputSchema.(json.RawMessage)
		conforms(t, c.Tool, raw, tools.Call(t.Context(), c))
		for _, answer := range more[c.Tool] {
			odd, _ := newTools(t, response(201, answer))
			conforms(t, c.Tool+" after "+answer, raw, odd.Call(t.Context(), c))
		}
	}
}

func conforms(t *testing.T, name string, raw json.RawMessage, r Report) {
	t.Helper()
	var s jsonschema.Schema
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	resolved, err := s.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(r.Result.Structured, &value); err != nil {
		t.Fatalf("%s: %v: %s", name, err, r.Result.Text)
	}
	if err := resolved.Validate(value); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	declared(t, name, &s, value)
}

// declared checks that a result has nothing that its schema does not tell of.
func declared(t *testing.T, path string, s *jsonschema.Schema, value any) {
	t.Helper()
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			p := s.Properties[name]
			if p == nil && s.Properties != nil {
				t.Errorf("%s.%s is not in the output schema", path, name)
			}
			if p != nil {
				declared(t, path+"."+name, p, member)
			}
		}
	case []any:
		for _, element := range v {
			declared(t, path+"[]", s.Items, element)
		}
	}
}

func TestThereIsANextPageIfThereIsMoreToSee(t *testing.T) {
	tests := []struct {
		name           string
		page, limit, n int
		total          int64
		next           string
		want           bool
	}{
		{"nothing at all", 1, 50, 0, 0, "", false},
		{"all on the first page", 1, 50, 20, 20, "", false},
		{"a full page that is all", 1, 50, 50, 50, "/n", false},
		{"one more than a page", 1, 50, 50, 51, "", true},
		{"the last page", 2, 50, 1, 51, "", false},
		{"the last page of an API that always links on", 2, 50, 1, 51, "/n", false},
		{"no total, but a link", 1, 50, 50, 0, "/n", true},
		{"neither total nor link", 1, 50, 50, 0, "", false},
		{"pages smaller than asked for", 1, 50, 20, 100, "", true},
		{"and later ones, where only the link can tell", 5, 50, 20, 120, "/n", true},
		{"an empty page is the end", 9, 50, 0, 100, "/n", false},
		{"an empty first page is the end", 1, 50, 0, 100, "/n", false},
		{"the greatest page", maxPage, maxLimit, 50, 1 << 62, "", true},
	}
	for _, tt := range tests {
		if got := hasMore(tt.page, tt.limit, tt.n, tt.total, tt.next); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestAResultCanBeReadByAModel(t *testing.T) {
	answer := strings.Replace(messageJSON, "See you at 2pm", `<b>Fish & Chips</b> \ud83d\ude00`, 1)
	tools, _ := newTools(t, response(200, `{"data":[`+answer+`],"total":1}`))
	if r := call(t, tools, "get_messages", `{}`); !strings.Contains(r.Result.Text, `"body":"<b>Fish & Chips</b> 😀"`) {
		t.Error(r.Result.Text)
	}
}

func TestIdsKeepEveryDigit(t *testing.T) {
	const id = "12345678901234567890123"
	tools, _ := newTools(t, response(201, `{"data":`+strings.Replace(messageJSON, `"id":12`, `"id":`+id, 1)+`}`))
	if r := call(t, tools, "send_message", sendArguments); !strings.Contains(r.Result.Text, fmt.Sprintf(`"id":%q`, id)) {
		t.Error(r.Result.Text)
	}
}

func TestAnUpdatedContactHasItsIDEvenIfTheAnswerLacksIt(t *testing.T) {
	tools, _ := newTools(t, response(200, `{"data":{"name":"Jane"}}`))
	r := call(t, tools, "update_contact", `{"contact_id":"k-1","name":"Jane"}`)
	if want := `{"note":"` + contactNote + `","id":"k-1","name":"Jane","public":false,"opt_out":false}`; r.Result.Text != want {
		t.Errorf("text = %s, want %s", r.Result.Text, want)
	}
}
