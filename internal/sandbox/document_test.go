package sandbox

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/google/go-cmp/cmp"

	"github.com/clerkchat/mcp-gateway/openapi"
)

func TestTheSandboxServesExactlyTheOperationsOfTheDocument(t *testing.T) {
	doc, err := parseDocument(openapi.Document)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(doc.operations(), slices.Sorted(maps.Keys(operations()))); diff != "" {
		t.Errorf("(-document +sandbox):\n%s", diff)
	}

	fresh := func() *Sandbox { return &Sandbox{document: doc, routes: http.NewServeMux()} }
	less := operations()
	delete(less, "createCampaign")
	if err := fresh().mount(less); err == nil || !strings.Contains(err.Error(), "createCampaign") {
		t.Errorf("an operation that is not served goes unnoticed: %v", err)
	}
	more := operations()
	more["cancelCampaign"] = deleteContact
	if err := fresh().mount(more); err == nil || !strings.Contains(err.Error(), "cancelCampaign") {
		t.Errorf("an operation that is not in the document goes unnoticed: %v", err)
	}
}

func TestADocumentThatIsNoneIsRefused(t *testing.T) {
	spoilt := strings.Replace(string(openapi.Document), "type: object", "type: thing", 1)
	for _, data := range []string{"", "{", "openapi: 3.0.3", spoilt} {
		if _, err := parseDocument([]byte(data)); err == nil {
			t.Errorf("accepted: %.40q", data)
		}
	}
}

// An answer that violates the document must be seen, or the check of the whole would mean nothing.
func TestAnAnswerThatViolatesTheDocumentBecomesAnError(t *testing.T) {
	var log bytes.Buffer
	s, err := New(Options{Logger: slog.New(slog.NewTextHandler(&log, nil))})
	if err != nil {
		t.Fatal(err)
	}
	fine := s.stores["Acme"].wire(&message{members: []string{"+1"}, senderType: "user", number: newNumber(Sender, Inbox)})
	with := func(change func(*wireMessage)) answer {
		m := fine
		change(&m)
		return answer{http.StatusCreated, enveloped{m}}
	}
	idAsText := map[string]any{"id": "1"}
	for name, tc := range map[string]struct {
		answer    answer
		violation string // empty: it fits
	}{
		"fine":             {with(func(*wireMessage) {}), ""},
		"a foreign status": {with(func(m *wireMessage) { m.Status = "secret" }), "data.status: value is not one of"},
		"a foreign uuid":   {with(func(m *wireMessage) { m.InboxID = "secret" }), "data.inboxId: string doesn't match"},
		"null members":     {with(func(m *wireMessage) { m.Members = nil }), "data.members: Value is not nullable"},
		"no envelope":      {answer{http.StatusCreated, fine}, "data is required"},
		"an id as text":    {answer{http.StatusCreated, enveloped{idAsText}}, "data.id: value must be an integer"},
		"no JSON":          {answer{http.StatusCreated, nil}, "has the wrong form"},
		"a wrong status":   {answer{http.StatusAccepted, enveloped{fine}}, "status is not supported"},
		"not encodable":    {answer{http.StatusCreated, func() {}}, "it cannot be encoded"},
	} {
		t.Run(name, func(t *testing.T) {
			log.Reset()
			route := s.document.paths["/public/messages"]["POST"]
			r := httptest.NewRequestWithContext(context.Background(), "POST", "/public/messages", http.NoBody)
			w := httptest.NewRecorder()
			s.regular(w, r, route, tc.answer)
			if tc.violation == "" {
				if w.Code != http.StatusCreated || log.Len() > 0 {
					t.Errorf("answered %d: %s; logged %s", w.Code, w.Body, &log)
				}
				return
			}
			if w.Code != http.StatusInternalServerError || !strings.Contains(w.Body.String(), tc.violation) {
				t.Errorf("answered %d: %s", w.Code, w.Body)
			}
			if got := log.String(); !strings.Contains(got, "sendMessage") || strings.Contains(got, "secret") {
				t.Errorf("logged %q", got)
			}
		})
	}
}

func TestAnErrorTheValidatorNeverHadBeforeIsStillAViolation(t *testing.T) {
	for _, err := range []error{
		errors.New("secret"), &openapi3filter.RequestError{Reason: "secret"},
		openapi3.MultiError{&openapi3filter.ResponseError{Err: errors.New("secret")}},
	} {
		if got := explain(err).String(); got != "does not fit the document" {
			t.Errorf("%T: %q", err, got)
		}
	}
	if got := explain(nil); len(got) != 0 {
		t.Errorf("no error became %v", got)
	}
}

func TestNoSecretsAreLogged(t *testing.T) {
	var log bytes.Buffer
	s, err := New(Options{Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		t.Fatal(err)
	}
	body := `{"sender":"` + Sender + `","recipients":["+15559876543"],"body":"text-of-it","mediaUrls":[]}`
	r := httptest.NewRequestWithContext(t.Context(), "POST", "/public/messages", strings.NewReader(body))
	r.Header.Set("apiKey", Key)
	r.Header.Set("Content-Type", "application/json")
	s.ServeHTTP(httptest.NewRecorder(), r)
	if !strings.Contains(log.String(), "operation=sendMessage") {
		t.Errorf("the request is not logged: %q", log.String())
	}
	for _, secret := range []string{Key, "text-of-it", Sender, "9876543"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("logged %q: %s", secret, log.String())
		}
	}
}

func TestIdsAreWellFormedAndRepeatable(t *testing.T) {
	if a, b := uuid("a", "b"), uuid("a", "b"); a != b {
		t.Errorf("%s and %s differ", a, b)
	}
	if uuid("a", "bc") == uuid("ab", "c") {
		t.Error("different words have one id")
	}
	fill := func() *store {
		return newStore(teams()[0], 1, time.Time{}, shared{newCounters(leastFirstID), new(int64), new(settings)}, 1)
	}
	if a, b := fill(), fill(); a.contacts[0].ID != b.contacts[0].ID {
		t.Error("two runs have different contacts")
	}
}
