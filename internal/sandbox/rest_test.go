package sandbox_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/clerkchat/mcp-gateway/internal/sandbox"
)

type call struct {
	method, path, body string
	headers            []string
}

// with adds headers, as [bench.try] takes them.
func (c call) with(headers ...string) call {
	c.headers = append(c.headers, headers...)
	return c
}

func TestARequestThatDoesNotFitIsRefusedWithTheReason(t *testing.T) {
	b := newBench(t)
	long := strings.Repeat("x", 1<<20)
	post := func(body string) call { return call{"POST", "/public/messages", body, nil} }
	find := func(query string) call { return call{"GET", "/public/messages?" + query, "", nil} }
	campaign := func(changes ...string) call { return call{"POST", "/public/campaigns", campaignBody(changes...), nil} }
	const (
		noSender = "sender is not a phone number of this team"
		noDay    = "must be a date-time that exists, such as 2026-01-31T09:30:00Z"
	)

	for name, tc := range map[string]struct {
		call    call
		status  int
		message any // a string or a list; nil is any
	}{
		"no key":                  {find("").with("apiKey", ""), 401, "Unauthorized"},
		"a wrong key":             {post(sendBody()).with("apiKey", "sandbox-kez"), 401, "Unauthorized"},
		"a longer key":            {find("").with("apiKey", sandbox.Key+"0"), 401, "Unauthorized"},
		"a key as bearer token":   {find("").with("apiKey", "", "Authorization", "Bearer "+sandbox.Key), 401, "Unauthorized"},
		"a wrong key and no JSON": {post("{").with("apiKey", "x"), 401, "Unauthorized"},

		"an unknown route":       {call{"GET", "/public/lists", "", nil}, 404, "Cannot GET /public/lists"},
		"a route without its id": {call{"PUT", "/public/contacts/", "{}", nil}, 404, "Cannot PUT /public/contacts/"},

		"no JSON":             {post(`{"sender":`), 400, "the request body is not JSON"},
		"two JSON values":     {post(sendBody() + "{}"), 400, "the request body is not JSON"},
		"no body":             {post(""), 400, "the request body is empty"},
		"a form":              {post("a=b").with("Content-Type", "text/plain"), 400, "Content-Type must be application/json"},
		"a body beyond a MiB": {post(sendBody("body", `"`+long+`"`)), 413, "request entity too large"},

		"a number as the sender":          {post(sendBody("sender", "15551234567")), 422, "Unprocessable Entity"},
		"a number as a campaign's sender": {campaign("sender", "15551234567"), 422, "Unprocessable Entity"},

		"null as the sender": {post(sendBody("sender", "null")), 422, []any{"sender: Value is not nullable"}},
		"a foreign sender":   {post(sendBody("sender", `"+1555"`)), 422, noSender},
		"no recipients":      {post(sendBody("recipients", "[]")), 422, []any{"recipients: minimum number of items is 1"}},
		"an empty recipient": {post(sendBody("recipients", `["+1",""]`)), 422, "recipients.1 should not be empty"},
		"no media":           {post(sendBody("mediaUrls", "")), 422, []any{"mediaUrls is required"}},
		"null as media":      {post(sendBody("mediaUrls", "null")), 422, []any{"mediaUrls: Value is not nullable"}},
		"an empty medium":    {post(sendBody("mediaUrls", `[""]`)), 422, "each value in mediaUrls should not be empty"},

		"no text": {
			post(sendBody("body", `""`)), 422, "body should not be empty when there are no mediaUrls",
		},
		"two violations": {
			post(sendBody("recipients", "[7]", "body", "true")), 422,
			[]any{"body: value must be a string", "recipients.0: value must be a string"},
		},
		"a list as body": {post("[]"), 422, []any{"value must be an object"}},

		"a limit too large":          {find("limit=51"), 422, []any{"limit: number must be at most 50"}},
		"a limit of zero":            {find("limit=0"), 422, []any{"limit: number must be at least 1"}},
		"a limit that is none":       {find("limit=ten"), 422, []any{"limit: an invalid integer"}},
		"an empty page":              {find("page="), 422, []any{"page: empty value is not allowed"}},
		"a page beyond an integer":   {find("page=92233720368547758080"), 422, []any{"page: an invalid integer"}},
		"a start that is not a time": {find("start=yesterday"), 422, nil},
		"days that do not exist": {
			find("start=2026-02-30T00:00:00Z&end=2026-04-31T00:00:00Z"), 422, []any{"start " + noDay, "end " + noDay},
		},

		"a provider that is none": {
			campaign("provider", `"pigeon"`), 422,
			[]any{`provider: value is not one of the allowed values ["twilio","bandwidth","msteams","other","non_voip",` +
				`"whatsapp","telnyx","webex","rcs"]`},
		},
		"a timestamp that does not exist": {
			campaign("timestamp", `"2026-02-30T00:00:00Z"`), 422,
			"a value in the request body could not be read; check dates and times",
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := &bench{T: t, clock: b.clock, url: b.url, http: b.http}
			r := b.do(tc.status, tc.call.method, tc.call.path, tc.call.body, tc.call.headers...)
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
	b := newBench(t, func(o *sandbox.Options) { o.Lenient = true })
	room := 1<<20 - len(sendBody("body", `""`))
	b.send("body", `"`+strings.Repeat("x", room)+`"`)
	tooMuch := sendBody("body", `"`+strings.Repeat("x", room+1)+`"`)
	b.do(http.StatusRequestEntityTooLarge, "POST", "/public/messages", tooMuch)
}

func TestTheFrontPageAndHealthNeedNoKey(t *testing.T) {
	b := newBench(t)
	b.do(http.StatusOK, "GET", "/healthz", "", "apiKey", "")
	b.do(http.StatusOK, "GET", "/livez", "", "apiKey", "")
	r := b.do(http.StatusOK, "GET", "/", "", "apiKey", "")
	for _, want := range []string{sandbox.Key, sandbox.Sender, sandbox.Inbox, sandbox.List, "/_sandbox/messages"} {
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
