package sandbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clerkchat/mcp-gateway/internal/sandbox"
)

// serve hands one request to the sandbox without a server.
func serve(s http.Handler, method, path, body string) *httptest.ResponseRecorder {
	return serveIn(context.Background(), s, method, path, body)
}

func serveIn(ctx context.Context, s http.Handler, method, path, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
	r.Header.Set("apiKey", sandbox.Key)
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func TestADropCutsTheConnectionOnTheRightSideOfTheCommit(t *testing.T) {
	for kind, committed := range map[string]int{"drop_before_commit": 0, "drop_after_commit": 1} {
		t.Run(kind, func(t *testing.T) {
			b := newBench(t)
			b.fault(`{"operation":"sendMessage","kind":"` + kind + `"}`)
			if r, err := b.try("POST", "/public/messages", sendBody()); err == nil {
				t.Errorf("there was an answer: %d %s", r.status, r.body)
			}
			if got := len(b.committed()); got != committed {
				t.Errorf("%d messages were committed, want %d", got, committed)
			}
			b.send() // the fault is spent
			if got := b.requests()["sendMessage"]; got != 2 {
				t.Errorf("%d requests were counted, want 2", got)
			}
		})
	}
}

func TestEveryOperationCanBeCutAfterItsCommit(t *testing.T) {
	b := newBench(t)
	// Go's client makes a GET again when a connection breaks that had been used before.
	b.http.Transport.(*http.Transport).DisableKeepAlives = true
	ava := string(b.searchContacts("?search=ava")[0].ID)
	for _, tc := range []struct{ operation, method, path, body string }{
		{"findMessages", "GET", "/public/messages", ""},
		{"searchContacts", "GET", "/public/contacts", ""},
		{"createContact", "POST", "/public/contacts", `{"name":"Eve"}`},
		{"createContacts", "POST", "/public/contacts/batch", `{"contacts":[{"name":"Fay"}]}`},
		{"updateContact", "PUT", "/public/contacts/" + ava, `{"name":"Gil"}`},
		{"createCampaign", "POST", "/public/campaigns", campaignBody()},
		{"deleteContact", "DELETE", "/public/contacts/" + ava, ""},
	} {
		b.fault(`{"operation":"` + tc.operation + `","kind":"drop_after_commit"}`)
		if _, err := b.try(tc.method, tc.path, tc.body); err == nil {
			t.Errorf("%s was answered", tc.operation)
		}
	}
	var names []string
	for _, c := range b.searchContacts("") {
		names = append(names, c.Name)
	}
	if diff := cmp.Diff([]string{"Ben Ortiz", "Chloe Dubois", "Dan Novak", "Eve", "Fay"}, names); diff != "" {
		t.Errorf("contacts (-want +got):\n%s", diff)
	}
	if got := len(b.committed()); got != 3 {
		t.Errorf("the campaign made %d messages, want 3", got)
	}
}

func TestAStatusIsAnsweredInPlaceOfTheOperation(t *testing.T) {
	b := newBench(t)
	b.fault(`{"operation":"sendMessage","kind":"status","status":503,"retry_after":7}`)
	r := b.do(http.StatusServiceUnavailable, "POST", "/public/messages", sendBody())
	if got := r.header.Get("Retry-After"); got != "7" {
		t.Errorf("Retry-After is %q, want 7", got)
	}
	if got := decode[refused](b, r).Message; got != "Service Unavailable" {
		t.Errorf("message is %v", got)
	}
	if got := len(b.committed()); got != 0 {
		t.Errorf("%d messages were committed", got)
	}
	b.fault(`{"operation":"sendMessage","kind":"status","status":502,"after_commit":true}`)
	b.do(http.StatusBadGateway, "POST", "/public/messages", sendBody())
	if got := len(b.committed()); got != 1 {
		t.Errorf("%d messages were committed before the status, want 1", got)
	}
}

func TestAStatusMayHaveAnOddBody(t *testing.T) {
	b := newBench(t)
	for f, want := range map[string]struct {
		status            int
		body, contentType string
	}{
		`"status":502,"body":"<html>","content_type":"text/html"`: {502, "<html>", "text/html"},
		`"status":201,"body":"{\"data\":"`:                        {201, `{"data":`, "application/json; charset=utf-8"},
		`"status":201`:                                            {201, "", ""},
		`"status":204`:                                            {204, "", ""},
	} {
		b.fault(`{"operation":"createContact","kind":"status",` + f + `}`)
		r := b.do(want.status, "POST", "/public/contacts", `{"name":"Eve"}`)
		if r.body != want.body || r.header.Get("Content-Type") != want.contentType {
			t.Errorf("%s: body %q, Content-Type %q", f, r.body, r.header.Get("Content-Type"))
		}
	}
}

func TestADelayComesBeforeTheCommitOrAfterIt(t *testing.T) {
	for name, tc := range map[string]struct {
		field             string
		during, goneAfter int // messages during the delay, and when the client went away during it
	}{
		"before": {"", 0, 0},
		"after":  {`,"after_commit":true`, 1, 1},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, err := sandbox.New(sandbox.Options{})
				if err != nil {
					t.Fatal(err)
				}
				messages := func() int {
					return strings.Count(serve(s, "GET", "/_sandbox/messages", "").Body.String(), `"id":`)
				}
				serve(s, "PUT", "/_sandbox/faults",
					`{"operation":"sendMessage","kind":"delay","ms":60000,"count":2`+tc.field+`}`)

				ctx, leave := context.WithCancel(t.Context())
				gone := make(chan *httptest.ResponseRecorder, 1)
				go func() { gone <- serveIn(ctx, s, "POST", "/public/messages", sendBody()) }()
				synctest.Wait()
				if got := messages(); got != tc.during {
					t.Errorf("%d messages during the delay, want %d", got, tc.during)
				}
				leave()
				if w := <-gone; w.Body.Len() != 0 {
					t.Errorf("who went away was answered: %s", w.Body)
				}
				if got := messages(); got != tc.goneAfter {
					t.Errorf("%d messages after the client went away, want %d", got, tc.goneAfter)
				}

				start := time.Now()
				if w := serve(s, "POST", "/public/messages", sendBody()); w.Code != http.StatusCreated {
					t.Errorf("who stayed was answered %d", w.Code)
				}
				if got := time.Since(start); got != time.Minute {
					t.Errorf("the delay took %v", got)
				}
				if got := messages(); got != tc.goneAfter+1 {
					t.Errorf("%d messages in the end, want %d", got, tc.goneAfter+1)
				}
			})
		})
	}
}

func TestFaultsQueueUpByOperation(t *testing.T) {
	b := newBench(t)
	b.fault(`{"operation":"sendMessage","kind":"status","status":500,"count":2}`)
	b.fault(`{"operation":"createContact","kind":"status","status":429,"retry_after":0}`)
	b.fault(`{"operation":"sendMessage","kind":"status","status":504}`)
	for _, status := range []int{500, 500} {
		b.do(status, "POST", "/public/messages", sendBody())
	}
	const left = `{"faults":[` +
		`{"operation":"createContact","kind":"status","count":1,"status":429,"retry_after":0},` +
		`{"operation":"sendMessage","kind":"status","count":1,"status":504}]}` + "\n"
	if got := b.do(200, "GET", "/_sandbox/faults", "").body; got != left {
		t.Errorf("left are %s", got)
	}
	b.do(504, "POST", "/public/messages", sendBody())
	b.do(201, "POST", "/public/messages", sendBody())
	b.do(429, "POST", "/public/contacts", `{"name":"Eve"}`)
	if got := b.do(200, "GET", "/_sandbox/faults", "").body; got != `{"faults":[]}`+"\n" {
		t.Errorf("left are %s", got)
	}
}

func TestAFaultWaitsForARequestThatWouldHaveBeenCarriedOut(t *testing.T) {
	b := newBench(t)
	b.fault(`{"operation":"sendMessage","kind":"status","status":500}`)
	b.do(401, "POST", "/public/messages", sendBody(), "apiKey", "")
	b.do(422, "POST", "/public/messages", "{}")
	b.do(500, "POST", "/public/messages", sendBody())
}

func TestClearingForgetsFaultsOnly(t *testing.T) {
	b := newBench(t)
	b.send()
	b.fault(`{"operation":"sendMessage","kind":"drop_before_commit","count":9}`)
	b.do(http.StatusNoContent, "DELETE", "/_sandbox/faults", "")
	b.send()
	if got := len(b.committed()); got != 2 {
		t.Errorf("%d messages, want 2", got)
	}
}

func TestAFaultThatMakesNoSenseIsRefusedWithTheReason(t *testing.T) {
	b := newBench(t)
	const (
		operations = "createCampaign, createContact, createContacts, deleteContact, findMessages, searchContacts, " +
			"sendMessage, updateContact, authorize, jwks, token, userinfo"
		ofStatus = "status, retry_after, body and content_type belong to kinds status and commit_late"
	)
	for f, want := range map[string]string{
		`"kind":"explode"`: `kind "explode" is unknown; ` +
			`there are drop_before_commit, drop_after_commit, status, delay, commit_late`,
		`"kind":"delay"`:                                      "ms is 0; kind delay needs 1 to 600000",
		`"kind":"delay","ms":600001`:                          "ms is 600001; kind delay needs 1 to 600000",
		`"kind":"delay","ms":1,"retry_after":1`:               ofStatus,
		`"kind":"status"`:                                     "status is 0; it must be from 200 to 599",
		`"kind":"status","status":600`:                        "status is 600; it must be from 200 to 599",
		`"kind":"status","status":500,"retry_after":-1`:       "retry_after must be 0 seconds or more",
		`"kind":"status","status":500,"ms":5`:                 "ms belongs to kinds delay and commit_late",
		`"kind":"status","status":204,"body":"x"`:             "an answer with status 204 has no body",
		`"kind":"drop_after_commit","status":500`:             ofStatus,
		`"kind":"drop_before_commit","after_commit":true`:     "after_commit belongs to status and delay",
		`"kind":"commit_late"`:                                "ms is 0; kind commit_late needs 1 to 86400000",
		`"kind":"commit_late","ms":86400001`:                  "ms is 86400001; kind commit_late needs 1 to 86400000",
		`"kind":"commit_late","ms":1,"body":"x"`:              "status is 0; it must be from 200 to 599",
		`"kind":"commit_late","ms":1,"status":204,"body":"x"`: "an answer with status 204 has no body",
		`"kind":"commit_late","ms":1,"after_commit":true`:     "the kinds drop_before_commit, drop_after_commit and commit_late say it",
		`"kind":"commit_late","ms":1,"operation":"findMessages"`: `operation "findMessages" commits nothing that could be ` +
			"late; these do: createCampaign, createContact, createContacts, deleteContact, sendMessage, updateContact",
		`"kind":"commit_late","ms":1,"operation":"token"`:  `operation "token" commits nothing`,
		`"kind":"drop_before_commit","count":0`:            "count is 0; it must be 1 or more",
		`"kind":"drop_before_commit","times":1`:            `unknown field "times"; fields are operation, kind, count`,
		`"kind":"drop_before_commit","count":"2"`:          "count",
		`"kind":"drop_before_commit"}{`:                    "there is something after the fault",
		`"kind":"delay","ms":1,"operation":"sendMessages"`: `operation "sendMessages" is unknown; there are ` + operations,
		`"kind":"delay","count":-1,"operation":"x"`: "operation \"x\" is unknown; there are " + operations +
			"\ncount is -1; it must be 1 or more\nms is 0; kind delay needs 1 to 600000",
		`[`: "this is not a fault",
	} {
		r := b.do(http.StatusBadRequest, "PUT", "/_sandbox/faults", `{"operation":"sendMessage",`+f+`}`)
		if got := fmt.Sprint(decode[refused](b, r).Message); !strings.Contains(got, want) {
			t.Errorf("%s:\n got %s\nwant %s", f, got, want)
		}
	}
	b.do(http.StatusBadRequest, "PUT", "/_sandbox/faults", "")
	b.do(http.StatusBadRequest, "PUT", "/_sandbox/faults", strings.Repeat(" ", 1<<20+1))
	if got := b.do(200, "GET", "/_sandbox/faults", "").body; got != `{"faults":[]}`+"\n" {
		t.Errorf("a refused fault waits: %s", got)
	}
}

func FuzzAnAcceptedFaultCanBeSpent(f *testing.F) {
	s, err := sandbox.New(sandbox.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(`{"operation":"findMessages","kind":"status","status":503,"retry_after":2,"body":"x"}`))
	f.Add([]byte(`{"operation":"findMessages","kind":"status","status":200,"content_type":"a\nb"}`))
	f.Add([]byte(`{"operation":"findMessages","kind":"drop_after_commit","count":3}`))
	f.Add([]byte(`{"operation":"sendMessage","kind":"commit_late","ms":7,"status":500}`))
	f.Add([]byte(`{"operation":"findMessages","kind":"delay","ms":1,"after_commit":true}`))
	f.Fuzz(func(t *testing.T, fault []byte) {
		r := httptest.NewRequestWithContext(t.Context(), "PUT", "/_sandbox/faults", bytes.NewReader(fault))
		w := httptest.NewRecorder()
		s.ServeHTTP(w, r)
		defer serve(s, "DELETE", "/_sandbox/faults", "")
		if w.Code != http.StatusOK {
			if w.Code != http.StatusBadRequest {
				t.Errorf("refused with %d", w.Code)
			}
			return
		}
		synctest.Test(t, func(t *testing.T) {
			defer func() {
				if err, _ := recover().(error); err != nil && !errors.Is(err, http.ErrAbortHandler) {
					panic(err)
				}
			}()
			res := serve(s, "GET", "/public/messages", "").Result()
			if _, err := io.Copy(io.Discard, res.Body); err != nil {
				t.Error(err)
			}
		})
	})
}
