package mcpadapter

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// The tests run the tools over a real client; api is the far end of its transport.

// testNow is what the tools take for the present time.
func testNow() time.Time { return time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC) }

// api answers requests and keeps them.
type api struct {
	answer func(*http.Request) (*http.Response, error)

	mu       sync.Mutex
	requests []sentRequest
}

type sentRequest struct{ method, url, key, body string }

func (a *api) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
		_ = r.Body.Close()
	}
	a.mu.Lock()
	a.requests = append(a.requests, sentRequest{r.Method, r.URL.RequestURI(), r.Header.Get("apiKey"), string(body)})
	a.mu.Unlock()
	r = r.Clone(r.Context())
	r.Body = io.NopCloser(bytes.NewReader(body))
	return a.answer(r)
}

func (a *api) sent() []sentRequest {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.requests
}

// response is an answer of the API; a body that begins like JSON is labelled as such.
func response(status int, body string, header ...string) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		h := http.Header{"Content-Type": {"text/html"}}
		if strings.HasPrefix(body, "{") {
			h.Set("Content-Type", "application/json")
		}
		for i := 0; i < len(header); i += 2 {
			h.Set(header[i], header[i+1])
		}
		return &http.Response{
			StatusCode: status, Status: fmt.Sprint(status), Header: h, Body: io.NopCloser(strings.NewReader(body)),
			ContentLength: int64(len(body)), Request: r, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		}, nil
	}
}

// keys gives every subject a key of its own.
type keys struct{ err error }

func (k keys) Credential(_ context.Context, subject string) (clerkapi.Credential, error) {
	return clerkapi.APIKey("key-of-" + subject), k.err
}

// newTools makes tools whose API answers like this. Requests are made once, so that no test waits.
func newTools(t testing.TB, answer func(*http.Request) (*http.Response, error), change ...func(*Options)) (*Tools, *api) {
	t.Helper()
	far := &api{answer: answer}
	client, err := clerkapi.NewClient(clerkapi.Options{Transport: far, MaxAttempts: 1, Now: testNow})
	if err != nil {
		t.Fatal(err)
	}
	o := Options{Client: client, Credentials: keys{}, Now: testNow}
	for _, c := range change {
		c(&o)
	}
	tools, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	tools.pause = func(context.Context, time.Duration) bool { return false } // no time is left for another try
	return tools, far
}

func call(t testing.TB, tools *Tools, tool, arguments string) Report {
	t.Helper()
	r := tools.Call(t.Context(), Call{Tool: tool, Arguments: json.RawMessage(arguments), Subject: "jane"})
	saysTheSame(t, r)
	return r
}

// Arguments that are right, and answers to them.
const (
	sendArguments     = `{"sender":"+15551234567","recipients":["+15559876543"],"body":"See you at 2pm"}`
	campaignArguments = `{"sender":"+15551234567","list_name":"PremiumTierSubscribers","body":"Sale","media_urls":[]}`

	messageJSON = `{"id":12,"body":"See you at 2pm","conversationId":"c-1","inboxId":"5d0e8d03-d09f-47e5-8017-4d00cbf737f4",` +
		`"inbound":false,"members":["+15559876543"],"sender":"+15551234567","senderType":"user","status":"sending",` +
		`"error":null,"sentByName":"Jane","seen":true,"segments":1,"timestamp":"2026-11-23T10:00:00Z",` +
		`"created":"2026-11-23T10:00:00Z","updated":"2026-11-23T10:00:00Z"}`
	contactJSON = `{"id":"k-1","teamId":"t","name":"Jane Smith","phone":"+15551234567","email":null,"optOut":false,` +
		`"public":true,"data":{"plan":"premium"},"created":"2026-11-23T10:00:00Z","updated":"2026-11-23T10:00:00Z"}`
	campaignJSON = `{"id":99,"body":"Sale","name":null,"inboxId":"i-1","status":"scheduled","error":null,` +
		`"created":"2026-11-23T10:00:00Z","updated":"2026-11-23T10:00:00Z"}`
)

// goodCalls is a call of each tool that works.
func goodCalls() []Call {
	return []Call{
		{Tool: "send_message", Arguments: json.RawMessage(sendArguments)},
		{Tool: "get_messages", Arguments: json.RawMessage(`{}`)},
		{Tool: "create_contact", Arguments: json.RawMessage(`{"name":"Jane Smith","phone":"+1 555 123 4567"}`)},
		{Tool: "update_contact", Arguments: json.RawMessage(`{"contact_id":"k-1","public":true}`)},
		{Tool: "delete_contact", Arguments: json.RawMessage(`{"contact_id":"k-1"}`)},
		{Tool: "create_contacts_batch", Arguments: json.RawMessage(`{"contacts":[{"name":"Jane Smith"},{"name":"J"}]}`)},
		{Tool: "create_campaign", Arguments: json.RawMessage(campaignArguments)},
	}
}

// answersOf answers each route as the API does when all is well.
func answersOf(t testing.TB) func(*http.Request) (*http.Response, error) {
	return func(r *http.Request) (*http.Response, error) {
		var status int
		var body string
		switch r.Method + " " + r.URL.Path {
		case "POST /public/messages":
			status, body = 201, `{"data":`+messageJSON+`}`
		case "GET /public/messages":
			status, body = 200, `{"data":[`+messageJSON+`],"total":51,"links":{"next":"/public/messages?page=2"}}`
		case "POST /public/contacts":
			status, body = 201, `{"data":`+contactJSON+`}`
		case "POST /public/contacts/batch":
			status, body = 201, `{"data":[`+contactJSON+`,`+contactJSON+`]}`
		case "POST /public/campaigns":
			status, body = 201, `{"data":`+campaignJSON+`}`
		default:
			switch r.Method {
			case "PUT":
				status, body = 200, `{"data":`+contactJSON+`}`
			case "DELETE":
				status = 204
			default:
				t.Errorf("no such route: %s %s", r.Method, r.URL)
				status = 404
			}
		}
		return response(status, body)(r)
	}
}
