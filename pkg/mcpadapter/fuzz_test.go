package mcpadapter

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// FuzzArguments holds the decoding of arguments against encoding/json: whatever is accepted is what that reads too.
func FuzzArguments(f *testing.F) {
	for _, c := range goodCalls() {
		f.Add(c.Tool, string(c.Arguments))
	}
	f.Add("send_message", `{"sender":"72345","recipients":["\u002b15559876543"],"body":"\ud83d\ude00\\\"\ud83d","media_urls":null}`)
	f.Add("send_message", ` { "body" : "a" , "body" : "b" } `)
	f.Add("create_contact", `{"name":"J","data":{"a":[1e400,-0,{"b":[]}],"\u0061":null}}`)
	f.Add("create_contacts_batch", `{"contacts":[{"name":"}"},{"email":"a@b.c"}]}`)
	tools, _ := newTools(f, nil)
	f.Fuzz(func(t *testing.T, name, arguments string) {
		tool := tools.tools[name]
		if tool == nil {
			return
		}
		p, wrong := tool.prepare(tools, json.RawMessage(arguments))
		if !utf8.ValidString(wrong) {
			t.Errorf("the problems are not UTF-8: %q", wrong)
		}
		if wrong != "" {
			return
		}
		if arguments = strings.TrimSpace(arguments); arguments != "" && !json.Valid([]byte(arguments)) {
			t.Fatalf("accepted what is not a JSON: %q", arguments)
		}
		compare(t, p.request, arguments)
	})
}

func compare(t *testing.T, r request, arguments string) {
	t.Helper()
	switch r := r.(type) {
	case *sendMessage:
		var want struct {
			Body       string
			Recipients []string
		}
		unmarshal(t, arguments, &want)
		if r.body.Body != want.Body || len(r.body.Recipients)+r.duplicates != len(want.Recipients) || len(r.body.Recipients) == 0 {
			t.Errorf("%q became %+v", arguments, r.body)
		}
	case *createContact:
		compareData(t, r.body.Data, arguments)
	case *updateContact:
		compareData(t, r.body.Data, arguments)
	case *createContacts:
		var want struct{ Contacts []json.RawMessage }
		unmarshal(t, arguments, &want)
		if len(want.Contacts) != len(r.body.Contacts) {
			t.Fatalf("%q became %+v", arguments, r.body)
		}
		for i, c := range r.body.Contacts {
			compareData(t, c.Data, string(want.Contacts[i]))
		}
	case *createCampaign:
		if r.body.MediaURLs == nil || r.body.Sender == "" || r.body.ListName == "" {
			t.Errorf("%q became %+v", arguments, r.body)
		}
	case *findMessages:
		if p := r.params; p.Limit < 1 || p.Limit > 50 || p.Page < 1 {
			t.Errorf("%q became %+v", arguments, p)
		}
	case *deleteContact:
		if r.id == "" || r.id == clerkapi.ID("..") {
			t.Errorf("%q became %+v", arguments, r)
		}
	}
}

func compareData(t *testing.T, got map[string]any, arguments string) {
	t.Helper()
	var want struct{ Data map[string]any }
	unmarshal(t, arguments, &want)
	if !reflect.DeepEqual(got, want.Data) {
		t.Errorf("%q became %#v, want %#v", arguments, got, want.Data)
	}
}

func unmarshal(t *testing.T, arguments string, into any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(arguments))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		t.Fatalf("accepted what encoding/json refuses (%v): %q", err, arguments)
	}
}

// FuzzAddress: what is sent is normal already, so that two spellings of a number cannot be two recipients.
func FuzzAddress(f *testing.F) {
	for _, s := range []string{"+1 (555) 123-4567", "72345", "whatsapp:+1", "555-1234", "+44 (0) 20 7946 0958", "\u202a+1", "１２３", "+200000000000"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !utf8.ValidString(s) {
			return
		}
		normal, problem := address(s)
		if (normal == "") == (problem == "") {
			t.Fatalf("address(%q) = %q, %q", s, normal, problem)
		}
		if again, problem := address(normal); normal != "" && again != normal {
			t.Errorf("address(%q) = %q and then %q, %q", s, normal, again, problem)
		}
	})
}

func FuzzInstant(f *testing.F) {
	for _, s := range []string{"2026-11-23T10:00:00Z", "2026-11-23 10:00+02", "2026-11-23", "1970-01-01T00:00:00+01:00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, problem := parseInstant(s)
		if got.IsZero() == (problem == "") {
			t.Errorf("parseInstant(%q) = %v, %q", s, got, problem)
		}
		if _, err := got.UTC().MarshalJSON(); err != nil {
			t.Errorf("parseInstant(%q) = %v, which cannot be sent: %v", s, got, err)
		}
	})
}
