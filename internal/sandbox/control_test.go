package sandbox_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/clerkchat/mcp-gateway/internal/sandbox"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// seededContact is the id of a contact that is always there.
func seededContact(t interface{ Fatal(...any) }, s http.Handler) string {
	var found clerkapi.ContactsResponse
	if err := json.Unmarshal(serve(s, "GET", "/public/contacts", "").Body.Bytes(), &found); err != nil {
		t.Fatal(err)
	}
	return string(found.Data[0].ID)
}

func TestResetRestoresTheStart(t *testing.T) {
	b := newBench(t)
	before := b.searchContacts("")

	b.send()
	b.createCampaign("timestamp", `"2026-05-04T11:00:00Z"`)
	b.do(http.StatusOK, "DELETE", "/public/contacts/"+string(before[0].ID), "")
	b.updateContact(before[1].ID, `{"name":"X","data":{}}`)
	b.createContact(`{"name":"Eve"}`)
	b.fault(`{"operation":"sendMessage","kind":"drop_before_commit"}`)
	b.do(http.StatusNoContent, "POST", "/_sandbox/reset", "", "apiKey", "")

	if got := b.requests(); len(got) != 0 {
		t.Errorf("requests are still counted: %v", got)
	}
	if got := b.committed(); len(got) != 0 {
		t.Errorf("%d messages are left", len(got))
	}
	if diff := cmp.Diff(before, b.searchContacts("")); diff != "" {
		t.Errorf("contacts (-before +after):\n%s", diff)
	}
	if got := b.send().ID; got != "1002" {
		t.Errorf("the first message has id %s, want the one after the last before", got)
	}
	b.clock.move(24 * 60 * 60 * 1e9)
	if got := len(b.committed()); got != 1 {
		t.Errorf("the forgotten campaign was carried out: %d messages", got)
	}
	if got := b.createCampaign().ID; got != "302" {
		t.Errorf("the first campaign has id %s, want the one after the last before", got)
	}
	if got := b.committed(); len(members(got)) != 4 {
		t.Errorf("the list has %d members, want 3", len(members(got))-1)
	}
}

func TestRequestsAreCountedByOperationWhateverBecomesOfThem(t *testing.T) {
	b := newBench(t)
	b.send()
	b.do(422, "POST", "/public/messages", "{}")
	b.do(401, "POST", "/public/messages", sendBody(), "apiKey", "")
	b.find("")
	b.do(404, "GET", "/public/nothing", "")
	if diff := cmp.Diff(map[string]int{"sendMessage": 3, "findMessages": 1}, b.requests()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestControlRefusesPagesOfOtherSites(t *testing.T) {
	b := newBench(t)
	for origin, status := range map[string]int{
		"":                          http.StatusNoContent,
		b.url:                       http.StatusNoContent,
		"http://localhost:3000":     http.StatusNoContent,
		"http://127.0.0.1:1":        http.StatusNoContent,
		"http://[::1]:8080":         http.StatusNoContent,
		"https://example.com":       http.StatusForbidden,
		"http://localhost.evil.com": http.StatusForbidden,
		"http://10.0.0.1":           http.StatusForbidden,
		"null":                      http.StatusForbidden,
		"http://a b":                http.StatusForbidden,
	} {
		b.do(status, "POST", "/_sandbox/reset", "", "Origin", origin)
	}
	b.do(http.StatusForbidden, "GET", "/_sandbox/messages", "", "Origin", "https://example.com")
	b.do(http.StatusForbidden, "PUT", "/_sandbox/faults", `{}`, "Origin", "https://example.com")
}

func TestControlServesItsOwnOriginUnderAnyName(t *testing.T) {
	s, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for origin, status := range map[string]int{
		"https://sandbox.test:9090": http.StatusNoContent,
		"https://sandbox.test":      http.StatusForbidden,
	} {
		r := httptest.NewRequestWithContext(t.Context(), "POST", "http://sandbox.test:9090/_sandbox/reset", http.NoBody)
		r.Header.Set("Origin", origin)
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		if w.Code != status {
			t.Errorf("%s is answered %d, want %d", origin, w.Code, status)
		}
	}
}

func TestControlAnswersWrongMethodsAndPaths(t *testing.T) {
	b := newBench(t)
	b.do(http.StatusMethodNotAllowed, "POST", "/_sandbox/messages", "")
	b.do(http.StatusMethodNotAllowed, "GET", "/_sandbox/reset", "")
	b.do(http.StatusNotFound, "GET", "/_sandbox/nothing", "")
}

func TestManyAtOnceLoseNothing(t *testing.T) {
	b := newBench(t)
	const each = 20
	b.fault(fmt.Sprintf(`{"operation":"sendMessage","kind":"status","status":503,"count":%d}`, each))
	var refusals sync.Map
	var wg sync.WaitGroup
	for worker := range 4 {
		wg.Go(func() {
			for i := range each {
				r, err := b.try("POST", "/public/messages", sendBody())
				if err != nil {
					t.Error(err)
				} else if r.status == http.StatusServiceUnavailable {
					refusals.Store(fmt.Sprint(worker, i), true)
				}
				for _, call := range [][3]string{
					{"GET", "/public/messages", ""}, {"GET", "/_sandbox/messages", ""}, {"GET", "/_sandbox/faults", ""},
					{"POST", "/public/contacts", `{"name":"N","data":{"a":1}}`}, {"GET", "/public/contacts", ""},
				} {
					if r, err := b.try(call[0], call[1], call[2]); err != nil || r.status >= 300 {
						t.Errorf("%v: %d %v", call, r.status, err)
					}
				}
				b.clock.move(1e6)
			}
		})
	}
	wg.Wait()
	refused := 0
	refusals.Range(func(any, any) bool { refused++; return true })
	if got := len(b.committed()); refused != each || got != 3*each {
		t.Errorf("%d refused, %d committed; want %d and %d", refused, got, each, 3*each)
	}
	ids := make(map[clerkapi.ID]bool)
	for _, m := range b.committed() {
		ids[m.ID] = true
	}
	if len(ids) != 3*each {
		t.Errorf("%d different ids, want %d", len(ids), 3*each)
	}
	if got := len(b.searchContacts("?search=N")); got < 4*each {
		t.Errorf("%d contacts, want %d or more", got, 4*each)
	}
	if diff := cmp.Diff(4*each, b.requests()["sendMessage"]); diff != "" {
		t.Error(diff)
	}
}

func TestTheDefaultsWork(t *testing.T) {
	s, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if w := serve(s, "POST", "/public/messages", sendBody()); w.Code != http.StatusCreated {
		t.Errorf("answered %d: %s", w.Code, w.Body)
	}
}
