package mcpadapter

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// What the arguments of a call may cost, whatever they are: allocations, and bytes beside one copy
// of the arguments.
const (
	mostAllocations = 2_000
	mostBytes       = 2 << 20
)

// cost runs a call that must be refused and tells what it allocated.
func cost(t *testing.T, tool, arguments string, change ...func(*Options)) (text string, allocations, bytes uint64) {
	t.Helper()
	tools, far := newTools(t, answersOf(t), change...)
	c := Call{Tool: tool, Arguments: json.RawMessage(arguments), Subject: "jane"}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	r := tools.Call(t.Context(), c)
	runtime.ReadMemStats(&after)
	if !r.Result.IsError || r.Facts.Outcome != OutcomeInvalid || len(far.sent()) > 0 {
		t.Fatalf("it was taken: %.300s", r.Result.Text)
	}
	return r.Result.Text, after.Mallocs - before.Mallocs, after.TotalAlloc - before.TotalAlloc
}

// manyNames are n names with a value, and body.
func manyNames(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"recipient%d":1,`, i)
	}
	return b.String() + `"body":"x"`
}

func TestHostileArgumentsCostLittle(t *testing.T) {
	const megabytes = 1 << 20
	anyNumber := func(o *Options) { o.MaxRecipients = 0 }
	ten := func(o *Options) { o.MaxRecipients = 10 }
	contactWith := func(data string) string { return `{"name":"J","data":` + data + `}` }
	long := strings.Repeat("1", megabytes)
	for _, tt := range []struct {
		name, tool, arguments, want string
		change                      func(*Options)
	}{
		{"unknown arguments", "send_message", `{` + manyNames(50_000) + `}`, "the arguments have 50001 names", ten},
		{"unknown arguments just below the bound", "send_message", `{` + manyNames(63) + `}`, "there may be more", ten},
		{"unknown fields of every contact", "create_contacts_batch",
			`{"contacts":[` + strings.Repeat(`{`+manyNames(63)+`},`, 499) + `{}]}`, "there may be more", ten},
		{"unknown fields of one contact", "create_contacts_batch", `{"contacts":[{` + manyNames(50_000) + `}]}`, "has 50001 names", ten},
		{"recipients", "send_message", `{"sender":"72345","body":"x","recipients":[` + strings.Repeat(`"a",`, 200_000) + `"a"]}`,
			"recipients has 200001 entries, and one call takes at most 10", ten},
		{"wrong recipients of any number", "send_message", `{"sender":"72345","body":"x","recipients":[` + strings.Repeat(`1,`, 300_000) + `1]}`,
			"there may be more", anyNumber},
		{"contacts", "create_contacts_batch", `{"contacts":[` + strings.Repeat(`{"name":"J"},`, 85_000) + `{}]}`,
			"contacts has 85001 entries, and one call takes at most 500", ten},
		{"wrong contacts", "create_contacts_batch", `{"contacts":[` + strings.Repeat(`1,`, 499) + `1]}`, "contacts[0-499] (500 of them) must be an object", ten},
		{"wrong contacts that are skipped", "create_contacts_batch", `{"on_invalid":"skip","contacts":[` + strings.Repeat(`1,`, 499) + `1]}`,
			"contacts[0-499] (500 of them) must be an object", ten},
		{"media", "send_message", `{"sender":"72345","recipients":["72345"],"body":"x","media_urls":[` + strings.Repeat(`"",`, 200_000) + `""]}`,
			"media_urls has 200001 entries", ten},
		{"inboxes", "get_messages", `{"inbox_ids":[` + strings.Repeat(`"",`, 200_000) + `""]}`, "inbox_ids has 200001 entries", ten},
		{"a long number as a recipient", "send_message", `{"sender":"` + long + `","recipients":["+` + long + `"],"body":"x"}`, "sender is far too long", ten},
		{"a long text", "send_message", `{"sender":"72345","recipients":["72345"],"body":"` + strings.Repeat("é", megabytes/2) + `"}`, "body is far too long", ten},
		{"a text above its bound", "send_message", `{"sender":"72345","recipients":["72345"],"body":"` + strings.Repeat(`\u00e9`, 19_000) + `"}`, "body has 19000 characters", ten},
		{"a long list name", "create_campaign", `{"sender":"72345","body":"x","list_name":"` + long + `"}`, "list_name is far too long", ten},
		{"a long id", "delete_contact", `{"contact_id":"` + long + `"}`, "contact_id is far too long", ten},
		{"a long time", "get_messages", `{"start":"2026-11-23T10:00:00.` + strings.Repeat("0", 100_000) + `Z"}`, "start is not an ISO 8601 time", ten},
		{"a long address of e-mail", "create_contact", `{"email":"` + strings.Repeat("a@", 50_000) + `"}`, "email is not an e-mail address", ten},
		{"a long provider", "create_campaign", `{"sender":"72345","body":"x","list_name":"L","provider":"` + strings.Repeat("İ", 50_000) + `"}`, "provider must be one of", ten},
		{"a long number of a page", "get_messages", `{"page":` + long + `}`, "page must be a whole number", ten},
		{"a page with a large exponent", "get_messages", `{"page":1e999999999}`, "page must be a whole number", ten},
		{"a long name", "delete_contact", `{"contact_id":"k","` + long + `":1}`, "is not an argument", ten},
		{"data of many bytes", "create_contact", contactWith(`{"a":"` + long + `"}`), "data takes 1025 KiB", ten},
		{"data that is deep", "create_contact", contactWith(strings.Repeat(`{"a":`, 9_000) + `1` + strings.Repeat(`}`, 9_000)), "more than 16 levels", ten},
		{"data that is deep beside a long text", "create_contact",
			contactWith(strings.Repeat(`{"a":`, 9_000) + `"` + long + `"` + strings.Repeat(`}`, 9_000)), "data takes", ten},
		{"data of many values", "create_contact", contactWith(`{"a":[` + strings.Repeat("0,", 30_000) + `0]}`), "more than 1000 values", ten},
		{"data of many equal names", "create_contact", contactWith(`{` + strings.Repeat(`"a":1,`, 900) + `"a":1}`), "twice", ten},
		{"recipients as a text", "send_message", `{"sender":"72345","body":"x","recipients":"[` + strings.Repeat(`\"a\",`, 100_000) + `1]"}`,
			"recipients has 100001 entries", ten},
		{"a text that is almost a list", "send_message", `{"sender":"72345","body":"x","recipients":"[` + strings.Repeat(`\"a\",`, 100_000) + `"}`,
			"recipients[0] is far too long", ten},
		{"a list in lists as a text", "send_message", `{"sender":"72345","body":"x","recipients":"` + strings.Repeat("[", 500_000) + `"}`,
			"recipients[0] is far too long", ten},
		{"contacts as texts", "create_contacts_batch", `{"contacts":[` + strings.Repeat(`"{}",`, 149) + `"{}"]}`, "contacts[0-149].name, email and phone", ten},
		{"data as a text of many bytes", "create_contact", contactWith(`"{\"a\":` + strings.Repeat(`\u0031`, 100_000) + `}"`), "data takes", ten},
		{"data as a text of many values", "create_contact", contactWith(`"{\"a\":[` + strings.Repeat("0,", 30_000) + `0]}"`), "more than 1000 values", ten},
		{"arguments as a text", "send_message", `"{` + strings.ReplaceAll(manyNames(20_000), `"`, `\"`) + `}"`, "the arguments have 20001 names", ten},
		{"data with a number nobody can read", "create_contact", contactWith(`{"a":1e999999999}`), "data holds a number", ten},
		{"data with a number of many digits", "create_contact", contactWith(`{"a":` + strings.Repeat("1", 60_000) + `}`), "data holds a number", ten},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text, allocations, bytes := cost(t, tt.tool, tt.arguments, tt.change)
			if !strings.Contains(text, tt.want) {
				t.Errorf("it does not say %q: %.500s", tt.want, text)
			}
			if len(text) > 5_000 {
				t.Errorf("the answer has %d bytes", len(text))
			}
			if allocations > mostAllocations || bytes > mostBytes+uint64(len(tt.arguments)) {
				t.Errorf("%d allocations of %d KiB, at most %d of %d are allowed", allocations, bytes>>10, mostAllocations, mostBytes>>10)
			}
		})
	}
}

func TestAListMayBeAsLongAsItsBound(t *testing.T) {
	recipients := func(n int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf(`"+1555987%04d"`, i))
		}
		return `{"sender":"72345","body":"x","recipients":[` + strings.Join(list, ",") + `]}`
	}
	contacts := func(n int) string { return `{"contacts":[` + strings.Repeat(`{"name":"J"},`, n-1) + `{"name":"J"}]}` }
	for _, tt := range []struct {
		name, tool, arguments string
		options               Options
		wrong                 string
	}{
		{"recipients at the bound", "send_message", recipients(3), Options{MaxRecipients: 3}, ""},
		{"recipients above it", "send_message", recipients(4), Options{MaxRecipients: 3},
			"recipients has 4 entries, and one call takes at most 3 recipients, who may end up in one group conversation: call once for " +
				"each of them, or use create_campaign for everybody in a list"},
		{"recipients without one", "send_message", recipients(100), Options{}, ""},
		{"contacts at the bound", "create_contacts_batch", contacts(2), Options{MaxContacts: 2}, ""},
		{"contacts above it", "create_contacts_batch", contacts(3), Options{MaxContacts: 2},
			"contacts has 3 entries, and one call takes at most 2 contacts: split them over several calls"},
		{"contacts at the default", "create_contacts_batch", contacts(500), Options{}, ""},
		{"contacts above the default", "create_contacts_batch", contacts(501), Options{}, "at most 500 contacts"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tools, far := newTools(t, answersOf(t), func(o *Options) {
				o.MaxContacts, o.MaxRecipients = tt.options.MaxContacts, tt.options.MaxRecipients
			})
			r := call(t, tools, tt.tool, tt.arguments)
			if tt.wrong == "" {
				if len(far.sent()) == 0 {
					t.Errorf("nothing was sent: %.300s", r.Result.Text)
				}
				return
			}
			if !strings.Contains(r.Result.Text, tt.wrong) || len(far.sent()) > 0 {
				t.Errorf("%d requests, and %.300s", len(far.sent()), r.Result.Text)
			}
		})
	}
}

func TestTheBoundsStandInTheSchema(t *testing.T) {
	for _, tt := range []struct {
		options              Options
		recipients, contacts string
	}{
		{Options{}, "", `"maxItems":500`},
		{Options{MaxRecipients: 10, MaxContacts: 7}, `"maxItems":10`, `"maxItems":7`},
	} {
		tools, _ := newTools(t, nil, func(o *Options) { o.MaxContacts, o.MaxRecipients = tt.options.MaxContacts, tt.options.MaxRecipients })
		for _, tool := range tools.Definitions() {
			var in struct {
				Properties map[string]json.RawMessage
			}
			if err := json.Unmarshal(tool.InputSchema.(json.RawMessage), &in); err != nil {
				t.Fatal(err)
			}
			for name, want := range map[string]string{"recipients": tt.recipients, "contacts": tt.contacts} {
				list, there := in.Properties[name]
				if !there {
					continue
				}
				if has := strings.Contains(string(list), "maxItems"); has != (want != "") || !strings.Contains(string(list), want) {
					t.Errorf("%s of %s is %s, want %s", name, tool.Name, list, want)
				}
			}
		}
	}
}

func TestAnIDThatWouldChangeThePathIsRefused(t *testing.T) {
	for _, id := range []string{
		"../messages", "a/b", "/", ".", "..", "...", `..\messages`, `a\b`, "%2F", "%2e%2e", "..%2fmessages", "a?b", "a#b", "a;b", "a b",
		"a\tb", "a\nb", "a\x00b", "a\u202eb", "a\u200bb", "é", "ａ", "", " ", strings.Repeat("a", 257), "a,b", "{id}", "*",
	} {
		quoted, err := json.Marshal(id)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct{ tool, arguments string }{
			{"delete_contact", fmt.Sprintf(`{"contact_id":%s}`, quoted)},
			{"update_contact", fmt.Sprintf(`{"contact_id":%s,"name":"J"}`, quoted)},
			{"get_messages", fmt.Sprintf(`{"inbox_ids":[%s]}`, quoted)},
		} {
			tools, far := newTools(t, answersOf(t))
			r := call(t, tools, c.tool, c.arguments)
			if !r.Result.IsError || len(far.sent()) > 0 || !strings.Contains(r.Result.Text, "as Clerk Chat shows it") {
				t.Errorf("%s of %q: %v %s", c.tool, id, far.sent(), r.Result.Text)
			}
		}
	}
	for _, id := range []string{"1", "k-1", "5d0e8d03-d09f-47e5-8017-4d00cbf737f4", "usr_1A.b:c~d@e=+", " 6f1c2d7e "} {
		tools, far := newTools(t, answersOf(t))
		if r := call(t, tools, "delete_contact", fmt.Sprintf(`{"contact_id":%q}`, id)); r.Result.IsError || len(far.sent()) != 1 {
			t.Errorf("%q was refused: %s", id, r.Result.Text)
		}
	}
}

func TestOnlyAFewUnknownNamesAreCompared(t *testing.T) {
	tools, _ := newTools(t, answersOf(t))
	r := call(t, tools, "send_message", `{"sendr":1,"recipient":1,"to":1,"bdy":1,"boddy":1,"bodi":1,"sendder":1,"text":1}`)
	if n := strings.Count(r.Result.Text, "did you mean"); n != 3+maxGuesses { // recipient, to and text are known words
		t.Errorf("%d names were guessed:\n%s", n, r.Result.Text)
	}
}
