package mcpadapter

import (
	"fmt"
	"strings"
	"testing"
)

func TestWrongArgumentsAreToldAllAtOnceAndNothingIsSent(t *testing.T) {
	tests := []struct {
		name, tool, arguments string
		problems              []string // each is in a line of its own
	}{
		{"none at all", "send_message", ``, []string{
			`sender is missing: ask the user; it looks like "+15551234567"`, `recipients is missing: ask the user; it looks like ["+15559876543"]`, `body is missing`,
		}},
		{"no JSON", "send_message", `{"sender":`, []string{`the arguments are not valid JSON`}},
		{"no UTF-8", "send_message", "{\"body\":\"\xff\"}", []string{`the arguments are not valid UTF-8`}},
		{"no object", "send_message", `["+15551234567"]`, []string{`the arguments must be one JSON object; a list was given`}},
		{"wrong types", "send_message", `{"sender":15551234567,"recipients":15559876543,"body":["Hi"],"media_urls":{},"sent_by_name":true}`,
			[]string{
				`sender must be a string such as "+15551234567"; a number was given`,
				`recipients must be a list such as ["+15559876543"]; a number was given`,
				`body must be a string such as "Your appointment is confirmed for tomorrow at 2pm"; a list was given`,
				`media_urls must be a list such as ["https://example.com/picture.jpg"]; an object was given`,
				`sent_by_name must be a string such as "Jane Smith"; a boolean was given`,
			}},
		{"wrong recipients", "send_message",
			`{"sender":"","recipients":["555-987-6543",15559876543,null,""," ","+1555","+15559876543,+15551234567"],"body":"  \n"}`,
			[]string{
				`sender is empty`, `recipients[0] has no country code`,
				`recipients[1] must be a string such as "+15559876543"; a number was given`,
				`recipients[2] must be a string such as "+15559876543"; null was given`,
				`recipients[3] is empty`, `recipients[4] is empty`, `recipients[5] has too few digits`,
				`recipients[6] seems to hold several numbers`, `body is blank`,
			}},
		{"nobody to send to", "send_message", `{"sender":"72345","recipients":[],"body":"Hi"}`, []string{`recipients is empty: ask the user whom to text`}},
		{"names of other APIs", "send_message", `{"from":"72345","to":["+15559876543"],"mediaUrls":[],"bdy":"Hi","zzz":1}`,
			[]string{
				`sender is missing`, `recipients is missing`, `body is missing`,
				`"from" is not an argument of this tool: did you mean sender?`,
				`"to" is not an argument of this tool: did you mean recipients?`,
				`"mediaUrls" is not an argument of this tool: did you mean media_urls?`,
				`"bdy" is not an argument of this tool: did you mean body?`,
				`"zzz" is not an argument of this tool: it takes sender, recipients, body, media_urls, sent_by_name`,
			}},
		{"a name twice", "send_message", `{"sender":"72345","recipients":["+15559876543"],"body":"Hi","\u0062ody":"Ho"}`,
			[]string{`"body" is there twice: give it once`}},
		{"a name in capitals", "send_message", `{"sender":"72345","recipients":["+15559876543"],"body":"Hi","Body":"Ho"}`,
			[]string{`"Body" is not an argument of this tool: did you mean body?`}},
		{"texts that are no texts", "send_message", `{"sender":"72\n345","recipients":["a\u202eb"],"body":"\ud83d!","sent_by_name":"a\u0000"}`,
			[]string{
				`sender holds a line break`, `recipients[0] holds a line break or another invisible character`,
				`body holds half of a character`, `sent_by_name holds a line break`,
			}},
		{"a control character", "send_message", `{"sender":"72345","recipients":["+15559876543"],"body":"a\u001b[1m"}`,
			[]string{`body holds a control character`}},
		{"too long", "send_message", fmt.Sprintf(`{"sender":"%s","recipients":["+15559876543"],"body":"%s","sent_by_name":"%s"}`,
			strings.Repeat("x", 257), strings.Repeat("é", maxBody+1), strings.Repeat("y", 257)),
			[]string{`sender is too long`, `body has 10001 characters: at most 10000`, `sent_by_name has more than 256 characters`}},
		{"media", "send_message", `{"sender":"72345","recipients":["+15559876543"],"body":"Hi","media_urls":["","ftp://example.com/a",` +
			`"/a.jpg","https:///a","https://u:p@example.com/a","https://example.com/a b","https://example.com/%zz","example.com/a","` +
			strings.Repeat("x", 2049) + `"]}`,
			[]string{
				`media_urls[0] is empty`, `media_urls[1] does not begin with https:// or http://`,
				`media_urls[2] does not begin`, `media_urls[3] names no host`, `media_urls[4] holds a user or password`,
				`media_urls[5] holds a space`, `media_urls[6] is not a URL`, `media_urls[7] does not begin`, `media_urls[8] is too long`,
			}},
		{"wrong filters", "get_messages", `{"inbox_ids":{"id":"a"},"start":"2026-11-23","end":"2026-11-23T10:00:00","limit":51,"page":0}`,
			[]string{
				`inbox_ids must be a list such as ["5d0e8d03-d09f-47e5-8017-4d00cbf737f4"]; an object was given`,
				`start has no time of day and no zone: add them, such as "2026-11-23T00:00:00Z"`,
				`end has no time zone: add Z`, `limit must be a whole number from 1 to 50, such as 50`,
				`page must be a whole number from 1 to 1000000, such as 1`,
			}},
		{"numbers beyond the bounds", "get_messages", `{"limit":0,"page":1000001}`, []string{
			`limit must be a whole number from 1 to 50`, `page must be a whole number from 1 to 1000000`,
		}},
		{"wrong numbers", "get_messages", `{"inbox_ids":["","a\u0007",".."],"start":"x","limit":"ten","page":1.5}`,
			[]string{
				`inbox_ids[0] is empty`, `inbox_ids[1] holds a character that no id has`, `inbox_ids[2] has nothing but dots`, `start is not an ISO 8601 time`,
				`limit must be a whole number from 1 to 50, such as 50; a string was given`, `page must be a whole number`,
			}},
		{"numbers beyond all bounds", "get_messages", `{"limit":1e999,"page":9007199254740993}`,
			[]string{`limit must be a whole number`, `page must be a whole number`}},
		{"an end before the start", "get_messages", `{"start":"2026-11-23T10:00:00Z","end":"2026-11-23T12:00:00+02:00"}`,
			[]string{`start must be before end`}},
		{"a contact of nothing", "create_contact", `{"name":" ","email":"","public":true,"data":{"a":"b"}}`,
			[]string{`name, email and phone are all missing: give at least one of them`}},
		{"a wrong contact", "create_contact", `{"name":1,"email":"jane@","phone":"5551234567","public":"yes","data":[]}`,
			[]string{
				`name must be a string such as "Jane Smith"; a number was given`, `email is not an e-mail address`,
				`phone has no country code`, `public must be true or false; a string was given`,
				`data must be an object such as {"plan": "premium"}; a list was given`,
			}},
		{"metadata that says two things", "create_contact", `{"name":"J","data":{"a":{"b":1,"b":2},"c":"\udc00"}}`,
			[]string{`data has the name "b" twice: give it once`, `data holds half of a character`}},
		{"an update of nothing", "update_contact", `{"contact_id":"k-1","name":null}`,
			[]string{`name, email, phone, public and data are all missing: give at least one that shall change`}},
		{"an update that would wipe out", "update_contact", `{"contact_id":"k-1","name":"","email":" ","phone":""}`,
			[]string{
				`name is empty: leave it out to keep what is there`, `email is empty: leave it out`, `phone is empty: leave it out`,
			}},
		{"an update of nobody", "update_contact", `{"id":"k-1"}`, []string{
			`contact_id is missing`, `"id" is not an argument of this tool: did you mean contact_id?`,
		}},
		{"a deletion of nobody", "delete_contact", `{"contact_id":" "}`, []string{`contact_id is empty`}},
		{"a deletion by number", "delete_contact", `{"contact_id":1.2e1}`,
			[]string{`contact_id must be a string such as "6f1c2d7e"; a number was given`}},
		{"no contacts", "create_contacts_batch", `{"contacts":[]}`, []string{`contacts is empty: ask the user whom to add`}},
		{"contacts missing", "create_contacts_batch", `{}`, []string{`contacts is missing: ask the user; it looks like [{"name"`}},
		{"one contact", "create_contacts_batch", `{"contacts":"Jane"}`,
			[]string{`contacts must be a list such as [{"name": "Jane Smith", "phone": "+15551234567"}]; a string was given`}},
		{"wrong contacts", "create_contacts_batch", `{"contacts":[{"name":"A"},"B",{},{"email":"x","fone":"1"}]}`,
			[]string{
				`contacts[1] must be an object such as`, `contacts[2].name, email and phone are all missing`,
				`contacts[3].email is not an e-mail address`,
				`contacts[3]."fone" is not an argument of this tool: did you mean phone?`,
			}},
		{"a campaign of nothing", "create_campaign", `{}`, []string{
			`sender is missing`, `list_name is missing: ask the user; it looks like "PremiumTierSubscribers"`, `body is missing`,
		}},
		{"a wrong campaign", "create_campaign", `{"sender":"+1","list_name":" ","body":"","media_urls":[],"timestamp":"2026-11-23T09:58:59Z","provider":"pigeon"}`,
			[]string{
				`sender is not an international phone number`, `list_name is empty`, `body is blank`,
				`provider must be one of twilio, bandwidth, msteams, other, non_voip, whatsapp, telnyx, webex, rcs, or left out`,
				`timestamp is in the past (it is now 2026-11-23T10:00:00Z): ask the user for a later time. Without it everybody is texted at once`,
			}},
		{"an empty time is not now", "create_campaign", `{"sender":"72345","list_name":"L","body":"B","media_urls":[],"timestamp":"","provider":"pigeon"}`,
			[]string{`timestamp is empty: leave it out if the user wants everybody texted at once`, `provider must be one of`}},
	}
	for _, tt := range tests {
		t.Run(tt.tool+": "+tt.name, func(t *testing.T) {
			tools, far := newTools(t, answersOf(t))
			r := call(t, tools, tt.tool, tt.arguments)
			if !r.Result.IsError || r.Result.Structured != nil || r.Facts.Outcome != OutcomeInvalid || r.Err != nil {
				t.Fatalf("report = %+v, want an error result and the outcome invalid", r)
			}
			if len(far.sent()) > 0 {
				t.Fatalf("sent %v", far.sent())
			}
			lines := strings.Split(r.Result.Text, "\n")
			if want := tt.tool + " was not carried out, because its arguments need correcting:"; lines[0] != want {
				t.Errorf("first line = %q, want %q", lines[0], want)
			}
			if len(lines)-1 != len(tt.problems) {
				t.Fatalf("%d problems, want %d:\n%s", len(lines)-1, len(tt.problems), r.Result.Text)
			}
			for i, problem := range tt.problems {
				if !strings.HasPrefix(lines[i+1], "- "+problem) {
					t.Errorf("problem %d = %q\nwant %q", i, lines[i+1], problem)
				}
			}
		})
	}
}

func TestManyProblemsAreNotAllListed(t *testing.T) {
	tools, _ := newTools(t, answersOf(t))
	r := call(t, tools, "create_contacts_batch", `{"contacts":[`+strings.Repeat(`{},`, 56)+`{}]}`)
	lines := strings.Split(r.Result.Text, "\n")
	if want := "- contacts[0-56].name, email and phone (57 of them) are all missing: give at least one of them"; len(lines) != 2 || lines[1] != want {
		t.Errorf("%d lines, the last is %q, want 2 and %q", len(lines), lines[len(lines)-1], want)
	}
	r = call(t, tools, "send_message", `{`+manyNames(63)+`}`)
	lines = strings.Split(r.Result.Text, "\n")
	if want := "- and there may be more: not everything was looked at"; len(lines) != 22 || lines[21] != want {
		t.Errorf("%d lines, the last is %q, want 22 and %q", len(lines), lines[len(lines)-1], want)
	}
}

func TestProblemsRepeatNoNumberAndNoText(t *testing.T) {
	tools, _ := newTools(t, answersOf(t))
	r := call(t, tools, "send_message", `{"sender":"555 123 4567","recipients":["+1555987"],"body":"secret\u0000",`+
		`"media_urls":["https://user:secret@example.com"],"sent_by_name":"secret\n"}`)
	for _, value := range []string{"secret", "555 123", "1555987"} {
		if strings.Contains(r.Result.Text, value) {
			t.Errorf("%q is repeated in:\n%s", value, r.Result.Text)
		}
	}
}

func TestALongUnknownNameIsCut(t *testing.T) {
	tools, _ := newTools(t, answersOf(t))
	r := call(t, tools, "delete_contact", `{"contact_id":"k","`+strings.Repeat("é", 500)+`":1}`)
	if want := `"` + strings.Repeat("é", 20) + `…" is not an argument`; !strings.Contains(r.Result.Text, want) {
		t.Errorf("text = %q, want %q in it", r.Result.Text, want)
	}
}
