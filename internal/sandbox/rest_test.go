package sandbox_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/clerkchat/mcp-gateway/internal/sandbox"
)

func TestARequestThatDoesNotFitIsRefusedWithTheReason(t *testing.T) {
	b := newBench(t)
	long := strings.Repeat("x", 1<<20)
	for name, tc := range map[string]struct {
		method, path, body string
		headers            []string
		status             int
		message            any
	}{
		"no key":       {"GET", "/public/messages", "", []string{"apiKey", ""}, 401, "Unauthorized"},
		"a wrong key":  {"POST", "/public/messages", sendBody(), []string{"apiKey", "sandbox-kez"}, 401, "Unauthorized"},
		"a longer key": {"GET", "/public/contacts", "", []string{"apiKey", sandbox.Key + "0"}, 401, "Unauthorized"},
		"a bearer token": {
			"GET", "/public/contacts", "", []string{"apiKey", "", "Authorization", "Bearer " + sandbox.Key}, 401, "Unauthorized",
		},
		"a wrong key and no JSON": {"POST", "/public/messages", "{", []string{"apiKey", "x"}, 401, "Unauthorized"},

		"an unknown route":       {"GET", "/public/lists", "", nil, 404, "Cannot GET /public/lists"},
		"a route without its id": {"PUT", "/public/contacts/", "{}", nil, 404, "Cannot PUT /public/contacts/"},

		"no JSON":                {"POST", "/public/messages", `{"sender":`, nil, 400, "the request body is not JSON"},
		"two JSON values":        {"POST", "/public/messages", sendBody() + "{}", nil, 400, "the request body is not JSON"},
		"no body":                {"POST", "/public/messages", "", nil, 400, "the request body is empty"},
		"a form":                 {"POST", "/public/messages", "a=b", []string{"Content-Type", "application/x-www-form-urlencoded"}, 400, "Content-Type must be application/json"},
		"a body beyond a MiB":    {"POST", "/public/messages", sendBody("body", `"`+long+`"`), nil, 413, "request entity too large"},
		"a number as the sender": {"POST", "/public/messages", sendBody("sender", "15551234567"), nil, 422, "Unprocessable Entity"},
		"a number as a campaign's sender": {
			"POST", "/public/campaigns", campaignBody("sender", "15551234567"), nil, 422, "Unprocessable Entity",
		},
		"no media":        {"POST", "/public/messages", sendBody("mediaUrls", ""), nil, 422, []any{"mediaUrls is required"}},
		"null as media":   {"POST", "/public/messages", sendBody("mediaUrls", "null"), nil, 422, []any{"mediaUrls: Value is not nullable"}},
		"no recipients":   {"POST", "/public/messages", sendBody("recipients", "[]"), nil, 422, []any{"recipients: minimum number of items is 1"}},
		"two violations":  {"POST", "/public/messages", sendBody("recipients", "[7]", "body", "true"), nil, 422, []any{"body: value must be a string", "recipients.0: value must be a string"}},
		"a list as body":  {"POST", "/public/messages", "[]", nil, 422, []any{"value must be an object"}},
		"empty recipient": {"POST", "/public/messages", sendBody("recipients", `["+15559876543",""]`), nil, 422, "recipients.1 should not be empty"},
		"no text":         {"POST", "/public/messages", sendBody("body", `""`), nil, 422, "body should not be empty when there are no mediaUrls"},
		"empty media":     {"POST", "/public/messages", sendBody("mediaUrls", `[""]`), nil, 422, "each value in mediaUrls should not be empty"},
		"foreign sender":  {"POST", "/public/messages", sendBody("sender", `"+15550001111"`), nil, 422, "sender is not a phone number of this team"},

		"limit too large":        {"GET", "/public/messages?limit=51", "", nil, 422, []any{"limit: number must be at most 50"}},
		"limit zero":             {"GET", "/public/messages?limit=0", "", nil, 422, []any{"limit: number must be at least 1"}},
		"limit no number":        {"GET", "/public/messages?limit=ten", "", nil, 422, []any{"limit: an invalid integer"}},
		"page beyond an integer": {"GET", "/public/messages?page=92233720368547758080", "", nil, 422, []any{"page: an invalid integer"}},
		"start no time":          {"GET", "/public/messages?start=yesterday", "", nil, 422, nil},
		"start not a day":        {"GET", "/public/messages?start=2026-02-30T00:00:00Z", "", nil, 422, []any{"start must be a date-time that exists, such as 2026-01-31T09:30:00Z"}},

		"campaign provider": {"POST", "/public/campaigns", campaignBody("provider", `"pigeon"`), nil, 422, nil},
		"campaign day that is none": {
			"POST", "/public/campaigns", campaignBody("timestamp", `"2026-02-30T00:00:00Z"`), nil, 422,
			"a value in the request body could not be read; check dates and times",
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := &bench{T: t, clock: b.clock, url: b.url, http: b.http}
			r := b.do(tc.status, tc.method, tc.path, tc.body, tc.headers...)
			got := decode[refused](b, r)
			if got.StatusCode != tc.status {
				t.Errorf("statusCode is %d, want %d", got.StatusCode, tc.status)
			}
			if diff := cmp.Diff(tc.message, got.Message); tc.message != nil && diff != "" {
				t.Errorf("message (-want +got):\n%s", diff)
			}
			if ct := r.header.Get("Content-Type"); ct != "application/json; charset=utf-8" {
				t.Errorf("Content-Type is %q", ct)
			}
		})
	}
	if got := b.committed(); len(got) != 0 {
		t.Errorf("refused requests committed %d messages", len(got))
	}
}

func TestAViolationNeverQuotesTheValue(t *testing.T) {
	b := newBench(t)
	r := b.do(422, "POST", "/public/campaigns", campaignBody("provider", `"secret-text"`, "timestamp", `"secret-time"`))
	if strings.Contains(r.body, "secret") {
		t.Errorf("the refusal quotes the request: %s", r.body)
	}
}

func TestAWrongMethodNamesTheAllowedOnes(t *testing.T) {
	b := newBench(t)
	for path, allow := range map[string]string{
		"/public/messages":       "GET, POST",
		"/public/contacts/batch": "POST",
		"/public/contacts/1":     "DELETE, PUT",
		"/public/campaigns":      "POST",
	} {
		r := b.do(http.StatusMethodNotAllowed, "PATCH", path, "{}")
		if got := r.header.Get("Allow"); got != allow {
			t.Errorf("%s: Allow is %q, want %q", path, got, allow)
		}
	}
}

func TestFieldsAndParametersNobodyKnowsAreIgnored(t *testing.T) {
	b := newBench(t)
	b.send("scheduleFor", `"never"`)
	if got := b.find("?foo=bar").Total; got != 1 {
		t.Errorf("%d messages, want 1", got)
	}
}

func TestMostBytesOfABodyMayBeText(t *testing.T) {
	b := newBench(t)
	room := 1<<20 - len(sendBody("body", `""`))
	b.send("body", `"`+strings.Repeat("x", room)+`"`)
	b.do(http.StatusRequestEntityTooLarge, "POST", "/public/messages", sendBody("body", `"`+strings.Repeat("x", room+1)+`"`))
}

func TestTheFrontPageAndHealthNeedNoKey(t *testing.T) {
	b := newBench(t)
	b.do(http.StatusOK, "GET", "/healthz", "", "apiKey", "")
	r := b.do(http.StatusOK, "GET", "/", "", "apiKey", "")
	for _, want := range []string{"sandbox", sandbox.Key, sandbox.Sender, sandbox.Inbox, sandbox.List, "/_sandbox/messages"} {
		if !strings.Contains(r.body, want) {
			t.Errorf("the front page does not mention %q", want)
		}
	}
	b.do(http.StatusNotFound, "GET", "/favicon.ico", "")
}

func TestANegativeAdvanceIsRefused(t *testing.T) {
	if _, err := sandbox.New(sandbox.Options{AdvanceEvery: -1}); err == nil {
		t.Error("no error")
	}
}

// FuzzNoBodyBreaksTheSandbox holds the sandbox to its own document, whatever it is sent.
func FuzzNoBodyBreaksTheSandbox(f *testing.F) {
	s, err := sandbox.New(sandbox.Options{})
	if err != nil {
		f.Fatal(err)
	}
	targets := []struct{ method, path string }{
		{"POST", "/public/messages"}, {"POST", "/public/contacts"}, {"POST", "/public/contacts/batch"},
		{"PUT", "/public/contacts/" + seededContact(f, s)}, {"POST", "/public/campaigns"},
	}
	for _, seed := range []string{
		sendBody(), sendBody("sender", "1"), campaignBody("timestamp", `"2026-05-04T10:00:00+02:00"`), "{}", "[]", "null",
		`{"contacts":[{"name":"A","data":{"n":1e400}}]}`, `{"name":"\ud800","public":false,"data":{}}`,
	} {
		for i := range targets {
			f.Add(i, []byte(seed))
		}
	}
	f.Fuzz(func(t *testing.T, i int, body []byte) {
		target := targets[uint(i)%uint(len(targets))]
		w := serve(s, target.method, target.path, string(body))
		if w.Code == http.StatusInternalServerError || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s %s: %d %s", target.method, target.path, w.Code, w.Body)
		}
	})
}
