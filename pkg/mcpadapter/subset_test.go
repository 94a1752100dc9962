package mcpadapter

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTheCatalogSaysOfEveryToolWhatItIs(t *testing.T) {
	want := []ToolInfo{
		{"send_message", "messages", ScopeSendMessages, false},
		{"get_messages", "messages", ScopeReadMessages, true},
		{"create_contact", "contacts", ScopeWriteContacts, false},
		{"update_contact", "contacts", ScopeWriteContacts, false},
		{"delete_contact", "contacts", ScopeWriteContacts, false},
		{"create_contacts_batch", "contacts", ScopeWriteContacts, false},
		{"create_campaign", "campaigns", ScopeSendCampaigns, false},
	}
	if diff := cmp.Diff(want, Catalog()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"messages", "contacts", "campaigns"}, Toolsets()); diff != "" {
		t.Error(diff)
	}
	tools, _ := newTools(t, nil)
	for _, d := range tools.Definitions() {
		if i := slices.IndexFunc(want, func(c ToolInfo) bool { return c.Name == d.Name }); want[i].ReadOnly != d.Annotations.ReadOnlyHint {
			t.Errorf("%s tells clients something else", d.Name)
		}
	}
}

func TestAPartHasItsToolsAndNoOthers(t *testing.T) {
	tools, far := newTools(t, response(200, `{"data":[],"total":0}`))
	part, err := tools.Subset([]string{"get_messages", "send_message"})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, d := range part.Definitions() {
		names = append(names, d.Name)
	}
	if want := []string{"send_message", "get_messages"}; !slices.Equal(names, want) {
		t.Errorf("it lists %q, want %q", names, want)
	}
	if r := part.Call(t.Context(), Call{Tool: "get_messages"}); r.Result.IsError {
		t.Errorf("a tool of it answered %q", r.Result.Text)
	}
	far.requests = nil
	other, none := Call{Tool: "delete_contact", Arguments: []byte(`{"contact_id":"1"}`)}, Call{Tool: "delete_everything"}
	r, unknown := part.Call(t.Context(), other), tools.Call(t.Context(), none)
	if diff := cmp.Diff(strings.ReplaceAll(unknown.Result.Text, none.Tool, other.Tool), r.Result.Text); diff != "" {
		t.Errorf("another tool is not as one that does not exist: %s", diff)
	}
	if !errors.Is(r.Err, ErrUnknownTool) || len(far.requests) > 0 {
		t.Errorf("another tool answered %+v after %d requests", r, len(far.requests))
	}
	if part.Scope("send_message") != ScopeSendMessages || part.Scope("delete_contact") != "" {
		t.Errorf("scopes %q and %q", part.Scope("send_message"), part.Scope("delete_contact"))
	}
}

func TestAPartHasToBeOneOfTheTools(t *testing.T) {
	tools, _ := newTools(t, nil)
	for _, names := range [][]string{nil, {"get_messages", "gone"}} {
		if _, err := tools.Subset(names); err == nil {
			t.Errorf("%q is a part", names)
		}
	}
}

func TestNothingSpeaksOfAToolThatIsNotThere(t *testing.T) {
	_, remember := remembering(attempted)
	forgetful, _ := newTools(t, nil)
	mindful, _ := newTools(t, nil, remember)
	var all []string
	for _, c := range Catalog() {
		all = append(all, c.Name)
	}
	for bits := 1; bits < 1<<len(all); bits++ {
		var names []string
		for i, name := range all {
			if bits>>i&1 == 1 {
				names = append(names, name)
			}
		}
		for _, tools := range []*Tools{forgetful, mindful} {
			part, err := tools.Subset(names)
			if err != nil {
				t.Fatal(err)
			}
			text := part.Instructions()
			definitions, err := json.Marshal(part.Definitions())
			if err != nil {
				t.Fatal(err)
			}
			for _, told := range []string{text, string(definitions)} {
				for _, name := range all {
					word := regexp.MustCompile(`\b` + name + `\b`)
					if word.MatchString(told) && !slices.Contains(names, name) {
						t.Errorf("%q speak of %s:\n%s", names, name, told)
					}
				}
				if strings.Contains(told, "idempotency_key") && tools == forgetful {
					t.Errorf("%q speak of keys:\n%s", names, told)
				}
			}
			if strings.Contains(text, "  ") || strings.Contains(text, "- \n") || strings.Contains(text, "..") {
				t.Errorf("%q:\n%s", names, text)
			}
			creates := slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(n, "create_") || n == "send_message" })
			if said := strings.Contains(text, "idempotency_key"); said != (creates && tools == mindful) {
				t.Errorf("%q speak of keys: %v\n%s", names, said, text)
			}
		}
	}
}

func TestAnUnclearAnswerNamesNoToolThatIsNotThere(t *testing.T) {
	_, remember := remembering(func(context.Context, task) Verdict { return Verdict{State: Indeterminate, Earlier: true} })
	tools, _ := newTools(t, answersOf(t), remember)
	for _, c := range creatingCalls() {
		alone, err := tools.Subset([]string{c.Tool})
		if err != nil {
			t.Fatal(err)
		}
		text := alone.Call(t.Context(), c).Result.Text
		if strings.Contains(text, "get_messages") || !strings.Contains(text, "user check in Clerk Chat") {
			t.Errorf("%s alone: %s", c.Tool, text)
		}
	}
}
