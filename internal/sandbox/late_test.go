package sandbox_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clerkchat/mcp-gateway/internal/sandbox"
)

func TestAMessageThatIsCommittedLateIsCutNowAndSeenByAllLater(t *testing.T) {
	b := newBench(t)
	b.fault(`{"operation":"sendMessage","kind":"commit_late","ms":30000}`)
	if r, err := b.try("POST", "/public/messages", sendBody("body", `"late"`)); err == nil {
		t.Errorf("there was an answer: %d %s", r.status, r.body)
	}
	b.clock.move(30*time.Second - time.Millisecond)
	if len(b.committed()) != 0 || b.find("").Total != 0 {
		t.Error("it is there too early")
	}
	b.clock.move(3 * time.Second)
	after := b.send("body", `"after"`)

	var bodies []string
	for _, m := range b.committed() {
		bodies = append(bodies, m.Body)
	}
	if diff := cmp.Diff([]string{"late", "after"}, bodies); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	late := b.find("").Data[1]
	if !late.Created.Equal(begin.Add(30*time.Second)) || late.Body != "late" || late.ID >= after.ID {
		t.Errorf("the late one: id %s, created %v; the one after it has id %s", late.ID, late.Created, after.ID)
	}
}

func TestALateCommitMayBeAnsweredAtOnce(t *testing.T) {
	b := newBench(t)
	b.fault(`{"operation":"sendMessage","kind":"commit_late","ms":1,"status":503,"retry_after":4,"body":"busy"}`)
	r := b.do(http.StatusServiceUnavailable, "POST", "/public/messages", sendBody())
	if r.body != "busy" || r.header.Get("Retry-After") != "4" {
		t.Errorf("answered %q, Retry-After %q", r.body, r.header.Get("Retry-After"))
	}
	if got := len(b.committed()); got != 0 {
		t.Errorf("%d messages at once", got)
	}
	b.clock.move(time.Millisecond)
	if got := len(b.committed()); got != 1 {
		t.Errorf("%d messages later, want 1", got)
	}
}

func TestEveryOperationThatChangesSomethingCanBeLate(t *testing.T) {
	b := newBench(t)
	people := b.searchContacts("")
	ava, ben := "/public/contacts/"+string(people[0].ID), "/public/contacts/"+string(people[1].ID)
	for _, tc := range []struct{ operation, method, path, body string }{
		{"createContact", "POST", "/public/contacts", `{"name":"Eve","phone":"+14155550111"}`},
		{"createContacts", "POST", "/public/contacts/batch", `{"contacts":[{"name":"Fay"},{"name":"Gil"}]}`},
		{"updateContact", "PUT", ben, `{"name":"Bea"}`},
		{"createCampaign", "POST", "/public/campaigns", campaignBody()},
		{"deleteContact", "DELETE", ava, ""},
	} {
		b.fault(`{"operation":"` + tc.operation + `","kind":"commit_late","ms":60000,"status":504}`)
		b.do(http.StatusGatewayTimeout, tc.method, tc.path, tc.body)
		b.clock.move(time.Second)
	}
	if diff := cmp.Diff(people, b.searchContacts("")); diff != "" {
		t.Errorf("contacts at first (-want +got):\n%s", diff)
	}
	b.clock.move(time.Minute - 2*time.Second) // all but the last
	if got, want := len(b.committed()), 3; got != want {
		t.Errorf("%d messages of the campaign, want %d", got, want)
	}
	b.clock.move(time.Second)

	var names []string
	for _, c := range b.searchContacts("") {
		names = append(names, c.Name)
		if c.Name == "Eve" && !c.Created.Equal(begin.Add(time.Minute)) {
			t.Errorf("Eve was created %v", c.Created)
		}
	}
	if diff := cmp.Diff([]string{"Bea", "Chloe Dubois", "Dan Novak", "Eve", "Fay", "Gil"}, names); diff != "" {
		t.Errorf("contacts in the end (-want +got):\n%s", diff)
	}
	if got := b.committed()[0].Created; !got.Equal(begin.Add(time.Minute + 3*time.Second)) {
		t.Errorf("the campaign wrote %v", got)
	}
}

func TestWhatIsLateIsDoneInTheOrderItIsDueAndAsItIsThen(t *testing.T) {
	b := newBench(t)
	late := func(ms, body string) {
		b.fault(`{"operation":"sendMessage","kind":"commit_late","ms":` + ms + `,"status":500}`)
		b.do(http.StatusInternalServerError, "POST", "/public/messages", sendBody("body", body))
	}
	late("3000", `"third"`)
	late("1000", `"first"`)
	b.createCampaign("timestamp", `"2026-05-04T10:00:02Z"`)
	late("2000", `"second, after the campaign"`)
	late("2500", `""`) // refused when it is due
	b.clock.move(time.Hour)

	var bodies []string
	for _, m := range b.committed() {
		bodies = append(bodies, m.Body)
	}
	want := []string{"first", "Sale", "Sale", "Sale", "second, after the campaign", "third"}
	if diff := cmp.Diff(want, bodies); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
}

func TestAResetForgetsWhatIsStillToBeCommitted(t *testing.T) {
	b := newBench(t)
	b.fault(`{"operation":"sendMessage","kind":"commit_late","ms":1000,"status":500}`)
	b.do(http.StatusInternalServerError, "POST", "/public/messages", sendBody("sender", `"`+sandbox.Sender2+`"`))
	b.do(http.StatusNoContent, "POST", "/_sandbox/reset", "")
	b.clock.move(time.Hour)
	if got := len(b.committed()); got != 0 {
		t.Errorf("%d messages after the reset", got)
	}
}
