package mcpadapter

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// FuzzArguments holds the decoding of arguments against encoding/json: whatever is accepted is what
// that reads too.
func FuzzArguments(f *testing.F) {
	for _, c := range goodCalls() {
		f.Add(c.Tool, string(c.Arguments))
	}
	f.Add("send_message", `{"sender":"72345","recipients":["\u002b15559876543"],"body":"\ud83d\ude00\\\"\ud83d","media_urls":null}`)
	f.Add("send_message", ` { "body" : "a" , "body" : "b" } `)
	f.Add("create_contact", `{"name":"J","data":{"a":[1e400,-0,{"b":[]}],"\u0061":null}}`)
	f.Add("create_contacts_batch", `{"contacts":[{"name":"}"},{"email":"a@b.c"}]}`)
	f.Add("create_contacts_batch", `{"contacts":"[{\"name\":\"a\",\"data\":{\"n\":10000000000000000001}},1]","on_invalid":"skip"}`)
	f.Add("create_contacts_batch", `{"contacts":["{\"name\":\"a\",\"data\":\"{}\"}"]}`)
	f.Add("send_message", `{"sender":"72345","recipients":"[\"+15559876543\"]","body":"[1]","toolCallId":1}`)
	f.Add("create_contact", `{"name":"J","public":"true","data":"{\"a\":1}"}`)
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
		if object := textOf(json.RawMessage(arguments), '{'); object != "" {
			compare(t, p.request, object)
		}
	})
}

func compare(t *testing.T, r request, arguments string) {
	t.Helper()
	switch r := r.(type) {
	case *sendMessage:
		var want struct {
			Body       string
			Recipients json.RawMessage
		}
		unmarshal(t, arguments, &want)
		n := 1 // a lone value
		if list := textOf(want.Recipients, '['); list != "" {
			var all []any
			unmarshal(t, list, &all)
			n = len(all)
		}
		if r.body.Body != want.Body || len(r.body.Recipients)+r.duplicates != n || len(r.body.Recipients) == 0 {
			t.Errorf("%q became %+v", arguments, r.body)
		}
	case *createContact:
		compareData(t, r.body.Data, arguments)
	case *updateContact:
		compareData(t, r.body.Data, arguments)
	case *createContacts:
		var want struct{ Contacts json.RawMessage }
		unmarshal(t, arguments, &want)
		rows := []json.RawMessage{want.Contacts}
		if list := textOf(want.Contacts, '['); list != "" {
			rows = nil
			unmarshal(t, list, &rows)
		}
		if len(rows) != len(r.rows) {
			t.Fatalf("%q became %+v", arguments, r.body)
		}
		for i := range rows {
			if !r.rows[i].isSkipped() {
				compareData(t, r.rows[i].fields.Data, textOf(rows[i], '{'))
			}
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
	var object struct{ Data json.RawMessage }
	unmarshal(t, arguments, &object)
	var want map[string]any
	if data := textOf(object.Data, '{'); data != "" {
		unmarshal(t, data, &want)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%q became %#v, want %#v", arguments, got, want)
	}
}

// textOf is a value of a kind, or what the text that it is holds; "" if it is of another kind.
func textOf(raw json.RawMessage, begins byte) string {
	s := strings.TrimSpace(string(raw))
	if strings.HasPrefix(s, `"`) {
		var text string
		if json.Unmarshal(raw, &text) != nil || !json.Valid([]byte(text)) {
			return ""
		}
		s = strings.TrimSpace(text)
	}
	if s == "" || s[0] != begins {
		return ""
	}
	return s
}

func unmarshal(t *testing.T, arguments string, into any) {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(arguments))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		t.Fatalf("accepted what encoding/json refuses (%v): %q", err, arguments)
	}
}
