package sandbox_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clerkchat/mcp-gateway/internal/sandbox"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

func (b *bench) createContact(body string) clerkapi.Contact {
	b.Helper()
	return decode[clerkapi.ContactResponse](b, b.do(http.StatusCreated, "POST", "/public/contacts", body)).Data
}

func (b *bench) searchContacts(query string) []clerkapi.Contact {
	b.Helper()
	return decode[clerkapi.ContactsResponse](b, b.do(http.StatusOK, "GET", "/public/contacts"+query, "")).Data
}

func (b *bench) updateContact(id clerkapi.ID, body string) clerkapi.Contact {
	b.Helper()
	return decode[clerkapi.ContactResponse](b, b.do(http.StatusOK, "PUT", "/public/contacts/"+string(id), body)).Data
}

func TestAContactIsCreatedAndFound(t *testing.T) {
	b := newBench(t)
	made := b.createContact(
		`{"name":"Jane Smith","phone":"+15551230000","email":"jane@example.com","public":true,"data":{"vip":true}}`)
	want := clerkapi.Contact{
		ID: made.ID, TeamID: "1", CreatedByUserID: "1",
		Name: "Jane Smith", Phone: "+15551230000", Email: "jane@example.com",
		Public: true, Data: map[string]any{"vip": true}, Attributes: []any{}, Created: begin, Updated: begin,
	}
	if diff := cmp.Diff(want, made); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]clerkapi.Contact{want}, b.searchContacts("?search=jANE+s")); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
}

func TestWhatAContactLacksIsNull(t *testing.T) {
	b := newBench(t)
	r := b.do(http.StatusCreated, "POST", "/public/contacts", `{"name":"Jane"}`)
	for _, want := range []string{`"phone":null`, `"email":null`, `"data":null`, `"attributes":[]`, `"public":false`} {
		if !strings.Contains(r.body, want) {
			t.Errorf("no %s in %s", want, r.body)
		}
	}
}

func TestMetadataKeepsEveryDigit(t *testing.T) {
	b := newBench(t)
	const data = `"data":{"account":9007199254740993123,"nested":{"rate":0.10}}`
	r := b.do(http.StatusCreated, "POST", "/public/contacts", `{"name":"Jane",`+data+`}`)
	if !strings.Contains(r.body, data) {
		t.Errorf("no %s in %s", data, r.body)
	}
}

func TestTwoContactsMayHaveOnePhone(t *testing.T) {
	b := newBench(t)
	first, second := b.createContact(`{"phone":"+15551230000"}`), b.createContact(`{"phone":"+15551230000"}`)
	if first.ID == second.ID {
		t.Error("they have one id")
	}
}

func TestASearchLooksAtNamePhoneAndEmail(t *testing.T) {
	b := newBench(t)
	for query, want := range map[string][]string{
		"":                       {"Ava Chen", "Ben Ortiz", "Chloe Dubois", "Dan Novak"},
		"?q=ignored":             {"Ava Chen", "Ben Ortiz", "Chloe Dubois", "Dan Novak"},
		"?search=ortiz":          {"Ben Ortiz"},
		"?search=%2B14155550103": {"Chloe Dubois"},
		"?search=novak%40":       {"Dan Novak"},
		"?search=nobody":         nil,
	} {
		var got []string
		for _, c := range b.searchContacts(query) {
			got = append(got, c.Name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", query, diff)
		}
	}
}

func TestABatchIsTakenAsAWhole(t *testing.T) {
	b := newBench(t)
	const two = `{"contacts":[{"name":"Eve"},{"phone":"+15551230000"}]}`
	r := b.do(http.StatusCreated, "POST", "/public/contacts/batch", two)
	made := decode[clerkapi.ContactsResponse](b, r).Data
	if len(made) != 2 || made[0].Name != "Eve" || made[1].Phone != "+15551230000" || made[0].ID == made[1].ID {
		t.Errorf("made %+v", made)
	}
	before := len(b.searchContacts(""))

	many := func(n int) string {
		return `{"contacts":[` + strings.TrimSuffix(strings.Repeat(`{"name":"N"},`, n), ",") + `]}`
	}
	for body, want := range map[string]string{
		`{"contacts":[{"name":"Fay"},{"public":true}]}`: "contacts.1: one of name, email and phone should not be empty",
		`{"contacts":[]}`: "contacts should not be empty",
		many(1001):        "contacts must contain no more than 1000 elements",
	} {
		r := b.do(http.StatusUnprocessableEntity, "POST", "/public/contacts/batch", body)
		if got := decode[refused](b, r).Message; got != want {
			t.Errorf("message %q, want %q", got, want)
		}
	}
	if got := len(b.searchContacts("")); got != before {
		t.Errorf("a refused batch left %d contacts, want %d", got, before)
	}
	b.do(http.StatusCreated, "POST", "/public/contacts/batch", many(1000))
}

func TestAContactWithoutAnythingIsRefused(t *testing.T) {
	b := newBench(t)
	b.do(http.StatusUnprocessableEntity, "POST", "/public/contacts", `{"data":{"a":1}}`)
}

func TestAnUpdateChangesOnlyWhatItNames(t *testing.T) {
	b := newBench(t)
	made := b.createContact(`{"name":"Jane","phone":"+15551230000","public":true,"data":{"a":1,"b":2}}`)
	b.clock.move(time.Minute)

	want := made
	want.Name, want.Updated = "Jane Smith", begin.Add(time.Minute)
	if diff := cmp.Diff(want, b.updateContact(made.ID, `{"name":"Jane Smith"}`)); diff != "" {
		t.Errorf("name (-want +got):\n%s", diff)
	}
	want.Data = map[string]any{"c": float64(3)}
	if diff := cmp.Diff(want, b.updateContact(made.ID, `{"data":{"c":3}}`)); diff != "" {
		t.Errorf("data is not replaced (-want +got):\n%s", diff)
	}
	want.Data, want.Public, want.Phone, want.Email = map[string]any{}, false, "", "j@example.com"
	got := b.updateContact(made.ID, `{"data":{},"public":false,"phone":"","email":"j@example.com"}`)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("emptying (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]clerkapi.Contact{want}, b.searchContacts("?search=jane")); diff != "" {
		t.Errorf("found afterwards (-want +got):\n%s", diff)
	}
}

func TestADeletedContactIsGoneAndOffItsList(t *testing.T) {
	b := newBench(t)
	ava := b.searchContacts("?search=ava")[0]
	if r := b.do(http.StatusOK, "DELETE", "/public/contacts/"+string(ava.ID), ""); r.body != "{}\n" {
		t.Errorf("body is %q", r.body)
	}
	if got := b.searchContacts("?search=ava"); len(got) != 0 {
		t.Errorf("still there: %+v", got)
	}
	b.do(http.StatusNotFound, "DELETE", "/public/contacts/"+string(ava.ID), "")
	b.do(http.StatusNotFound, "PUT", "/public/contacts/"+string(ava.ID), `{"name":"A"}`)

	b.do(http.StatusCreated, "POST", "/public/campaigns", campaignBody())
	if got := len(b.committed()); got != 2 {
		t.Errorf("a campaign to the list made %d messages, want 2", got)
	}
}

func TestAnIdOfAnyFormIsLookedUp(t *testing.T) {
	b := newBench(t)
	for _, id := range []string{"1", "a%2Fb", "%20", "batch"} {
		want := http.StatusNotFound
		if id == "batch" {
			want = http.StatusMethodNotAllowed // a path of its own
		}
		b.do(want, "DELETE", "/public/contacts/"+id, "")
	}
}

func TestAContactThatOptedOutStaysSo(t *testing.T) {
	b := newBench(t)
	dan := b.searchContacts("?search=" + strings.TrimPrefix(sandbox.OptedOut, "+"))[0]
	if !dan.OptOut {
		t.Fatal("the contact has not opted out")
	}
	b.updateContact(dan.ID, `{"phone":"+15551230000","optOut":false}`)
	for to, want := range map[string]clerkapi.MessageStatus{
		"+15551230000":   clerkapi.MessageStatusFailed,
		sandbox.OptedOut: clerkapi.MessageStatusSending, // no longer the number of who opted out
	} {
		if got := b.send("recipients", fmt.Sprintf("[%q]", to)).Status; got != want {
			t.Errorf("a message to %s is %s, want %s", to, got, want)
		}
	}
}
