package mcpadapter

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// planned is the request that arguments become, and the digest of what is asked for.
func planned(t *testing.T, tools *Tools, tool, arguments string) (request, string) {
	t.Helper()
	p, wrong := tools.tools[tool].prepare(tools, json.RawMessage(arguments))
	if wrong != "" {
		t.Errorf("%s of %s: %s", tool, arguments, wrong)
		return nil, ""
	}
	var asked any = p.request
	if c, ok := p.request.(creation); ok {
		asked = c.asked()
	}
	d := digest(tool, asked)
	return p.request, hex.EncodeToString(d[:])
}

// Each line is a call as the schema has it, and ways in which clients write the same.
func TestSoftFormsAreTheSameCall(t *testing.T) {
	for _, tt := range []struct {
		tool, plain string
		soft        []string
	}{
		{"send_message", `{"sender":"72345","recipients":["+14155550101"],"body":"Hi"}`, []string{
			`{"sender":"72345","recipients":"[\"+14155550101\"]","body":"Hi"}`, `{"sender":"72345","recipients":"+14155550101","body":"Hi"}`,
			`{"sender":"72345","recipients":" [ \"+1 415 555 0101\" ] ","body":"Hi","media_urls":"","sent_by_name":""}`,
			`{"sender":"72345","recipients":["+14155550101"],"body":"Hi","media_urls":"[]","sent_by_name":null}`,
			`{"sender":"72345","recipients":["+14155550101"],"body":"Hi","toolCallId":"c1","sessionId":"s","action":"sendMessage","chatInput":"text them","tool":"x"}`,
			`"{\"sender\":\"72345\",\"recipients\":[\"+14155550101\"],\"body\":\"Hi\"}"`,
		}},
		{"send_message", `{"sender":"72345","recipients":["+14155550101"],"body":"{\"a\":[1]}","media_urls":["https://example.com/a,b.jpg"]}`, []string{
			`{"sender":"72345","recipients":["+14155550101"],"body":"{\"a\":[1]}","media_urls":"https://example.com/a,b.jpg"}`,
			`{"sender":"72345","recipients":["+14155550101"],"body":"{\"a\":[1]}","media_urls":"[\"https://example.com/a,b.jpg\"]"}`,
		}},
		{"get_messages", `{"inbox_ids":["1042"],"limit":10,"page":2}`, []string{
			`{"inbox_ids":[1042],"limit":"10","page":"2"}`, `{"inbox_ids":1042,"limit":"10.0","page":2}`, `{"inbox_ids":"[1042]","limit":10,"page":" 2 "}`,
			`{"inbox_ids":"[\"1042\"]","limit":10,"page":2,"start":"","end":" "}`, `{"inbox_ids":"1042","limit":10,"page":2,"start":null}`,
		}},
		{"get_messages", `{"inbox_ids":["90071992547409931"]}`, []string{`{"inbox_ids":90071992547409931,"limit":"","page":""}`, `{"inbox_ids":"[90071992547409931]"}`}},
		{"get_messages", `{}`, []string{``, `null`, `[]`, ` [ ] `, `"{}"`, `{"start":"","end":"","limit":"","page":""}`}},
		{"create_contact", `{"name":"Jane","public":true,"data":{"plan":"premium","n":10000000000000000001}}`, []string{
			`{"name":"Jane","public":"true","data":"{\"plan\":\"premium\",\"n\":10000000000000000001}"}`,
			`{"name":"Jane","public":" true","data":{"plan":"premium","n":10000000000000000001},"email":"","phone":""}`,
		}},
		{"create_contact", `{"name":"Jane"}`, []string{`{"name":"Jane","public":"","data":"","email":"","phone":null}`}},
		{"update_contact", `{"contact_id":"1042","public":false}`, []string{`{"contact_id":1042,"public":"false","name":null}`}},
		{"delete_contact", `{"contact_id":"1042"}`, []string{`{"contact_id":1042,"toolCallId":5}`}},
		{"create_campaign", `{"sender":"72345","list_name":"L","body":"B"}`, []string{
			`{"sender":"72345","list_name":"L","body":"B","provider":"","media_urls":"","name":"","timestamp":null}`,
		}},
		{"create_contacts_batch", `{"contacts":[{"name":"A","public":true,"data":{"k":[1.50]}}]}`, []string{
			`{"contacts":"[{\"name\":\"A\",\"public\":true,\"data\":{\"k\":[1.50]}}]"}`, `{"contacts":{"name":"A","public":"true","data":"{\"k\":[1.50]}"}}`,
			`{"contacts":"{\"name\":\"A\",\"public\":\"true\",\"data\":{\"k\":[1.50]}}"}`, `{"contacts":["{\"name\":\"A\",\"public\":true,\"data\":{\"k\":[1.50]}}"]}`,
			`{"contacts":[{"name":"A","public":"true","data":"{\"k\":[1.50]}","email":"","phone":""}],"on_invalid":""}`,
		}},
	} {
		tools, _ := newTools(t, nil)
		want, digest := planned(t, tools, tt.tool, tt.plain)
		for _, soft := range tt.soft {
			got, same := planned(t, tools, tt.tool, soft)
			if c, ok := got.(*createContacts); ok {
				got, want = &createContacts{body: c.body}, &createContacts{body: want.(*createContacts).body}
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(sendMessage{}, findMessages{}, createContact{}, updateContact{}, deleteContact{}, createCampaign{},
				createContacts{}, batchRow{})); diff != "" || digest != same {
				t.Errorf("%s of %s (-plain +soft):\n%s", tt.tool, soft, diff)
			}
		}
	}
}

func TestFormsWithoutOneMeaningAreRefused(t *testing.T) {
	send := func(recipients string) string {
		return `{"sender":"72345","body":"Hi","recipients":` + recipients + `}`
	}
	for _, tt := range []struct{ tool, arguments, want string }{
		{"send_message", send(`"+14155550101, +14155550102"`), "recipients[0] seems to hold several numbers"},
		{"send_message", send(`"+14155550101\n+14155550102"`), "recipients[0]"},
		{"send_message", send(`"\"[\\\"+14155550101\\\"]\""`), "recipients[0]"}, // parsing is once
		{"send_message", send(`"[\"[\\\"+14155550101\\\"]\"]"`), "recipients[0]"},
		{"send_message", send(`"[\"+14155550101\""`), "recipients[0]"},
		{"send_message", send(`"[]"`), "recipients is empty"},
		{"send_message", send(`""`), "recipients is missing"},
		{"send_message", send(`"[14155550101]"`), "recipients[0] must be a string"},
		{"send_message", send(`14155550101`), "recipients must be a list"},
		{"send_message", send(`{"0":"+14155550101"}`), "recipients must be a list"},
		{"send_message", `{"sender":"72345","body":5,"recipients":["+14155550101"]}`, "body must be a string"},
		{"send_message", `{"sender":"72345","body":"Hi","recipients":["+14155550101"],"idempotency_key":""}`, "idempotency_key is empty: leave it out"},
		{"create_campaign", `{"sender":"72345","list_name":"L","body":"B","timestamp":" "}`, "timestamp is empty: leave it out"},
		{"get_messages", `{"limit":"ten"}`, "limit must be a whole number"}, {"get_messages", `{"limit":"010"}`, "limit must be a whole number"},
		{"get_messages", `{"limit":"\"10\""}`, "limit must be"}, {"get_messages", `{"limit":"[10]"}`, "limit must be"}, {"get_messages", `{"limit":true}`, "limit must be"},
		{"get_messages", `{"inbox_ids":[-5]}`, "inbox_ids[0] must be a string"}, {"get_messages", `{"inbox_ids":[1.0]}`, "inbox_ids[0] must be a string"},
		{"get_messages", `{"inbox_ids":"a,b"}`, "inbox_ids[0] holds a character"}, {"get_messages", `{"inbox_ids":["+15551234567"]}`, "inbox_ids[0] is a phone number"},
		{"get_messages", `{"inbox_ids":"all"}`, "inbox_ids[0] is a word, and not an id"},
		{"delete_contact", `{"contact_id":1e3}`, "contact_id must be a string"}, {"delete_contact", `{"contact_id":"+15551234567"}`, "contact_id is a phone number"},
		{"delete_contact", `{"contact_id":"all"}`, "contact_id is a word"}, {"delete_contact", `{"contact_id":["1"]}`, "contact_id must be a string"},
		{"create_contact", `{"name":"J","public":"yes"}`, "public must be true or false"}, {"create_contact", `{"name":"J","public":1}`, "public must be true or false"},
		{"create_contact", `{"name":"J","public":"True"}`, "public must be true or false"}, {"create_contact", `{"name":"J","data":"plan=premium"}`, "data must be an object"},
		{"create_contact", `{"name":"J","data":"{\"a\":1,\"a\":2}"}`, `data has the name "a" twice`}, {"create_contact", `{"name":"J","data":"\"{}\""}`, "data must be an object"},
		{"create_contact", `{"name":"J","data":[]}`, "data must be an object"}, {"create_contact", `{"name":"J","data":"[]"}`, "data must be an object"},
		{"create_contacts_batch", `{"contacts":"[{\"name\":\"A\",\"name\":\"B\"}]"}`, `contacts[0]."name" is there twice`},
		{"create_contacts_batch", `{"contacts":"[\"{\\\"name\\\":\\\"A\\\"}\"]"}`, "contacts[0] must be an object"},
		{"create_contacts_batch", `{"contacts":[null]}`, "contacts[0] must be an object"}, {"create_contacts_batch", `{"contacts":"A"}`, "contacts must be a list"},
		{"create_contacts_batch", `{"contacts":[{"name":"A","toolCallId":1}]}`, `contacts[0]."toolCallId" is not an argument`},
		{"create_contacts_batch", `{"contacts":[{"name":"A"}],"on_invalid":"ignore"}`, `on_invalid must be "skip", or left out`},
		{"update_contact", `{"contact_id":"k","name":"J","public":""}`, "public is empty: leave it out to keep what is there; a field cannot be cleared here"},
		{"update_contact", `{"contact_id":"k","data":"","email":""}`, "data is empty: leave it out to keep what is there; a field cannot be cleared here"},
		{"update_contact", `{"contact_id":"","name":"J"}`, "contact_id is empty"},
		{"send_message", `"\"{}\""`, "the arguments must be one JSON object"}, {"send_message", `[{}]`, "the arguments must be one JSON object"},
	} {
		_, remember := remembering(attempted)
		tools, far := newTools(t, answersOf(t), remember)
		r := call(t, tools, tt.tool, tt.arguments)
		if !r.Result.IsError || len(far.sent()) > 0 || !strings.Contains(r.Result.Text, "\n- "+tt.want) {
			t.Errorf("%s of %s: %s\nwant %q", tt.tool, tt.arguments, r.Result.Text, tt.want)
		}
	}
}

func TestBookkeepingIsFarFromEveryArgument(t *testing.T) {
	tools, _ := newTools(t, nil, func(o *Options) { o.Idempotency = &memory{do: attempted} })
	for _, d := range tools.Definitions() {
		arguments := parseSchema(t, d.InputSchema).Properties
		var known []string
		for name := range arguments {
			known = append(known, name)
		}
		for name := range bookkeeping {
			if near := nearest(plainName(name), known); near != "" || slices.Contains(known, synonym(plainName(name))) {
				t.Errorf("%s is near %s of %s", name, near, d.Name)
			}
		}
	}
}

func TestTheArgumentsAreListedOnce(t *testing.T) {
	tools, _ := newTools(t, answersOf(t))
	for _, unknown := range []string{`"to":1`, `"zzz":1`, `"zzz":1,"yyy":2,"from":3`, `"from":1,"to":2`, `"sessionID":1,"tool_call":2`} {
		text := call(t, tools, "send_message", `{"sender":"72345","recipients":["+14155550101"],"body":"Hi",`+unknown+`}`).Result.Text
		if n := strings.Count(strings.ToLower(text), "it takes sender, recipients, body, media_urls, sent_by_name"); n != 1 {
			t.Errorf("%s: listed %d times:\n%s", unknown, n, text)
		}
	}
}

func TestAnEmptyFilterIsToldInTheResult(t *testing.T) {
	tools, far := newTools(t, answersOf(t))
	r := call(t, tools, "get_messages", `{"inbox_ids":""}`)
	if !strings.HasPrefix(string(r.Result.Structured), `{"note":"inbox_ids was empty, so these are the messages of all inboxes. `) || len(far.sent()) != 1 {
		t.Errorf("%.300s", r.Result.Text)
	}
	tools, _ = newTools(t, response(200, `{"data":[],"total":0,"links":{}}`))
	for arguments, note := range map[string]bool{`{"inbox_ids":["k"]}`: true, `{}`: false, `{"inbox_ids":[]}`: false, `{"start":"2026-11-23T10:00:00Z"}`: true} {
		if r := call(t, tools, "get_messages", arguments); strings.Contains(r.Result.Text, `"note":"No message matches`) != note {
			t.Errorf("%s: %s", arguments, r.Result.Text)
		}
	}
}

// The digests are golden: the version before made them, and a call that was made under a key then
// is the same call now.
func TestDigestsOfVersionsBefore(t *testing.T) {
	for _, tt := range []struct{ tool, arguments, digest string }{
		{"send_message", `{"sender":"+1 555 123 4567","recipients":["+15559876543","+44 (0) 20 7946 0958"],"body":"Hi"}`,
			"cf6b93c12ba545999b63a0cb0faf0945ab8b755a0950d838572d5544a78c85c2"},
		{"send_message", `{"sender":"tel:+15551234567","recipients":["tel:+15559876543","+1 555 987 6543","\"+15559876544\"","<+15559876545>",` +
			`"whatsapp:+1 555 987 6546"],"body":"Hi"}`, "80416a0e6248944ebf5d97579a8898641f33f84a9a2322158c0f70e77770d935"},
		{"send_message", `{"sender":"72345","recipients":["sms:+15559876543"],"body":"Hi","media_urls":["https://example.com/a.jpg"],"sent_by_name":" Jane "}`,
			"880a437d739a3b94f409dfe4e4acb52315b398ff6c86b9a4efca0729e33a9d63"},
		{"create_campaign", `{"sender":"'+15551234567'","list_name":"L","body":"B"}`, "995b60674d66d9169aa648da49775b0e208d4e7b1aab6f02a83cb88568dc4028"},
		{"create_contact", `{"name":"Jane","phone":"tel:+15551234567","data":{"n":10000000000000000001}}`,
			"65e94c0e284222be78453bbde73ff537d8e6e1845f6da87e4b61aeac66ec7e31"},
		{"create_contacts_batch", `{"contacts":[{"name":"A","phone":"tel:+15551234567"},{"email":"b@example.com"},{"phone":"+1 555 123 4568"}]}`,
			"16e7f195eae1663e002e1f0a2ab48eec9f8fff7c115093bf1a520e27fcc1bbf9"},
	} {
		m, remember := remembering(attempted)
		tools, _ := newTools(t, answersOf(t), remember)
		r := call(t, tools, tt.tool, tt.arguments)
		if len(m.works) != 1 {
			t.Errorf("%s: %s", tt.tool, r.Result.Text)
			continue
		}
		w := m.works[0]
		if hex.EncodeToString(w.Digest[:]) != tt.digest && hex.EncodeToString(w.Former[:]) != tt.digest {
			t.Errorf("%s of %s is another call than before: %x, formerly %x", tt.tool, tt.arguments, w.Digest, w.Former)
		}
	}
}

func TestArgumentsAsTheyCameAreTheSameInAnotherOrder(t *testing.T) {
	given := func(arguments string) [32]byte {
		m, remember := remembering(func(_ context.Context, w task) Verdict { return Verdict{State: InProgress} })
		tools, _ := newTools(t, answersOf(t), remember)
		call(t, tools, "create_contact", arguments)
		if len(m.works) != 1 {
			t.Fatal(arguments)
		}
		return m.works[0].Given
	}
	want := given(`{"name":"A","data":{"b":1,"c":10000000000000000001},"idempotency_key":"k"}`)
	for arguments, same := range map[string]bool{
		`{"idempotency_key":"other","data":{"c":10000000000000000001,"b":1}, "name":"\u0041","email":null,"sessionId":"s"}`: true,
		`{"name":"A","data":{"b":1,"c":10000000000000000002}}`:                                                              false,
		`{"name":"A ","data":{"b":1,"c":10000000000000000001}}`:                                                             false,
	} {
		if got := given(arguments); (got == want) != same {
			t.Errorf("%s: the same is %v", arguments, !same)
		}
	}
}
