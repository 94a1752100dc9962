package mcpadapter

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestACallIsOneExactRequest holds tools, arguments and requests together: what is written here is
// what leaves.
func TestACallIsOneExactRequest(t *testing.T) {
	const send = `{"sender":"+15551234567","recipients":["+15559876543"],"body":"Hi"`
	tests := []struct {
		name, tool, arguments string
		method, url, body     string
	}{
		{
			"a plain text has an empty list of media", "send_message", send + `}`,
			"POST", "/public/messages", `{"body":"Hi","mediaUrls":[],"recipients":["+15559876543"],"sender":"+15551234567"}`,
		},
		{
			"null counts as absent", "send_message", send + `,"media_urls":null,"sent_by_name":null}`,
			"POST", "/public/messages", `{"body":"Hi","mediaUrls":[],"recipients":["+15559876543"],"sender":"+15551234567"}`,
		},
		{
			"everything given", "send_message", send + `,"media_urls":[" https://example.com/a%20b.jpg?x=1 "],"sent_by_name":" Jane "}`,
			"POST", "/public/messages", `{"body":"Hi","mediaUrls":["https://example.com/a%20b.jpg?x=1"],` +
				`"recipients":["+15559876543"],"sender":"+15551234567","sentByName":"Jane"}`,
		},
		{
			"numbers are normalized, once each, and identifiers pass", "send_message",
			`{"sender":" +1 (555) 123-4567 ","body":"Hi","recipients":["+1 555.987.6543","+15559876543","72345","whatsapp:+4930123456"]}`,
			"POST", "/public/messages", `{"body":"Hi","mediaUrls":[],` +
				`"recipients":["+15559876543","72345","whatsapp:+4930123456"],"sender":"+15551234567"}`,
		},
		{
			"the text is sent as it came", "send_message",
			`{"sender":"72345","recipients":["+15559876543"],"body":"  a\n<b> \ud83d\ude00 \u00e9 "}`,
			"POST", "/public/messages", `{"body":"  a\n\u003cb\u003e 😀 é ","mediaUrls":[],"recipients":["+15559876543"],"sender":"72345"}`,
		},
		{"page and limit are always said", "get_messages", ``, "GET", "/public/messages?limit=50&page=1", ``},
		{"the least page and limit", "get_messages", `{"page":1,"limit":1}`, "GET", "/public/messages?limit=1&page=1", ``},
		{"the most of them", "get_messages", `{"page":1000000,"limit":50}`, "GET", "/public/messages?limit=50&page=1000000", ``},
		{"no arguments are null", "get_messages", `null`, "GET", "/public/messages?limit=50&page=1", ``},
		{
			"every filter", "get_messages",
			`{"inbox_ids":["a","b@c"],"start":"2026-11-23T10:00+02:00","end":"2026-11-23 10:00:00.5z","limit":10.0,"page":2e0}`,
			"GET", "/public/messages?end=2026-11-23T10%3A00%3A00.5Z&inboxIds=a&inboxIds=b%40c&limit=10&page=2" +
				"&start=2026-11-23T08%3A00%3A00Z", ``,
		},
		{
			"a contact, blank fields left out", "create_contact",
			`{"name":" Jane Smith ","email":"","phone":"+1 555 123 4567","public":false,"data":{"n":12345678901234567890,"l":[1.50,null,{"x":"y"}]}}`,
			"POST", "/public/contacts", `{"data":{"l":[1.50,null,{"x":"y"}],"n":12345678901234567890},"name":"Jane Smith",` +
				`"phone":"+15551234567","public":false}`,
		},
		{
			"an update has what was given only", "update_contact", `{"contact_id":" a:b@c ","public":false,"data":{}}`,
			"PUT", "/public/contacts/a:b@c", `{"data":{},"public":false}`,
		},
		{
			"all fields of an update", "update_contact",
			`{"contact_id":"k-1","name":"J","email":"j@example.com","phone":"+1-555-123-4567","public":true,"data":{"a":"b"}}`,
			"PUT", "/public/contacts/k-1", `{"data":{"a":"b"},"email":"j@example.com","name":"J","phone":"+15551234567","public":true}`,
		},
		{"a deletion", "delete_contact", `{"contact_id":"k-1"}`, "DELETE", "/public/contacts/k-1", ``},
		{
			"contacts keep their order", "create_contacts_batch", `{"contacts":[{"name":"B"},{"email":"a@example.com"}]}`,
			"POST", "/public/contacts/batch", `{"contacts":[{"name":"B"},{"email":"a@example.com"}]}`,
		},
		{
			"a campaign at once", "create_campaign", campaignArguments,
			"POST", "/public/campaigns", `{"body":"Sale","listName":"PremiumTierSubscribers","mediaUrls":[],"sender":"+15551234567"}`,
		},
		{
			"a campaign without media has an empty list of them", "create_campaign", `{"sender":"72345","list_name":"L","body":"Sale"}`,
			"POST", "/public/campaigns", `{"body":"Sale","listName":"L","mediaUrls":[],"sender":"72345"}`,
		},
		{
			"a campaign with everything", "create_campaign",
			`{"sender":"72345","list_name":"L","body":"Sale","media_urls":["http://example.com/a.png"],"name":"Winter",` +
				`"timestamp":"2026-11-23T10:00:01Z","provider":"Twilio"}`,
			"POST", "/public/campaigns", `{"body":"Sale","listName":"L","mediaUrls":["http://example.com/a.png"],"name":"Winter",` +
				`"provider":"twilio","sender":"72345","timestamp":"2026-11-23T10:00:01Z"}`,
		},
		{
			"a time just gone means now", "create_campaign",
			`{"sender":"72345","list_name":"L","body":"Sale","media_urls":[],"timestamp":"2026-11-23T09:59:00Z"}`,
			"POST", "/public/campaigns", `{"body":"Sale","listName":"L","mediaUrls":[],"sender":"72345"}`,
		},
	}
	for _, tt := range tests {
		t.Run(tt.tool+": "+tt.name, func(t *testing.T) {
			tools, far := newTools(t, answersOf(t))
			r := call(t, tools, tt.tool, tt.arguments)
			if r.Result.IsError {
				t.Fatal(r.Result.Text)
			}
			want := []sentRequest{{tt.method, tt.url, "key-of-jane", tt.body}}
			if diff := cmp.Diff(want, far.sent(), cmp.AllowUnexported(sentRequest{})); diff != "" {
				t.Errorf("(-want +sent):\n%s", diff)
			}
		})
	}
}

func TestAPlanKnowsRecipientsAndSegments(t *testing.T) {
	tools, _ := newTools(t, response(201, `{"data":`+messageJSON+`}`))
	r := call(t, tools, "send_message", `{"sender":"72345","body":"Größe 😀","recipients":["+15559876543","+15551234567"]}`)
	if r.Facts.Recipients != 2 || r.Facts.Segments != 1 {
		t.Errorf("recipients %d, segments %d, want 2 and 1", r.Facts.Recipients, r.Facts.Segments)
	}
}

func TestAPlanWithoutMediaHasAnEmptyList(t *testing.T) {
	tools, _ := newTools(t, nil)
	send, _ := tools.tools["send_message"].prepare(tools, []byte(sendArguments))
	campaign, _ := tools.tools["create_campaign"].prepare(tools, []byte(campaignArguments))
	if send.request.(*sendMessage).body.MediaURLs == nil || campaign.request.(*createCampaign).body.MediaURLs == nil {
		t.Errorf("plans %+v and %+v have no list of media", send.request, campaign.request)
	}
}
