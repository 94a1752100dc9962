package sandbox_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/sandbox"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// begin is when the clock of a test starts.
var begin = time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)

// clock stands still until it is moved.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// bench is a sandbox behind a real server.
type bench struct {
	*testing.T
	clock *clock
	url   string
	http  *http.Client
}

func newBench(t *testing.T, change ...func(*sandbox.Options)) *bench {
	t.Helper()
	c := &clock{now: begin}
	o := sandbox.Options{Now: c.Now, AdvanceEvery: time.Second, FirstID: 1001}
	for _, f := range change {
		f(&o)
	}
	s, err := sandbox.New(o)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(s)
	t.Cleanup(srv.Close)
	return &bench{T: t, clock: c, url: srv.URL, http: srv.Client()}
}

// reply is what came back.
type reply struct {
	status int
	header http.Header
	body   string
}

// try makes a request; headers come in pairs and replace the usual ones, an empty value removes
// one.
func (b *bench) try(method, path, body string, headers ...string) (reply, error) {
	b.Helper()
	req, err := http.NewRequestWithContext(b.Context(), method, b.url+path, strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	req.Header.Set("apiKey", sandbox.Key)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
		if headers[i+1] == "" {
			req.Header.Del(headers[i])
		}
	}
	res, err := b.http.Do(req)
	if err != nil {
		return reply{}, err
	}
	defer func() { _ = res.Body.Close() }()
	data, err := io.ReadAll(res.Body)
	if err != nil {
		return reply{}, err
	}
	return reply{status: res.StatusCode, header: res.Header, body: string(data)}, nil
}

// do makes a request that has to be answered with this status.
func (b *bench) do(status int, method, path, body string, headers ...string) reply {
	b.Helper()
	r, err := b.try(method, path, body, headers...)
	if err != nil {
		b.Fatalf("%s %s: %v", method, path, err)
	}
	if r.status != status {
		b.Fatalf("%s %s: status %d, want %d; body: %s", method, path, r.status, status, r.body)
	}
	return r
}

// decode reads the body strictly: what is not expected is an error.
func decode[T any](b *bench, r reply) T {
	b.Helper()
	var v T
	dec := json.NewDecoder(bytes.NewReader([]byte(r.body)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&v); err != nil {
		b.Fatalf("decode: %v; body: %s", err, r.body)
	}
	return v
}

// refused is how the API words an error; Message is a string or a list.
type refused struct {
	StatusCode int    `json:"statusCode"`
	Message    any    `json:"message"`
	Error      string `json:"error"`
}

type sentMessage struct {
	clerkapi.Message
	MediaURLs []string `json:"mediaUrls"`
}

func (b *bench) committed() []sentMessage {
	b.Helper()
	return decode[struct {
		Messages []sentMessage `json:"messages"`
	}](b, b.do(http.StatusOK, "GET", "/_sandbox/messages", "", "apiKey", "")).Messages
}

func (b *bench) requests() map[string]int {
	b.Helper()
	return decode[struct {
		Requests map[string]int `json:"requests"`
	}](b, b.do(http.StatusOK, "GET", "/_sandbox/requests", "", "apiKey", "")).Requests
}

func (b *bench) fault(f string) {
	b.Helper()
	b.do(http.StatusOK, "PUT", "/_sandbox/faults", f, "apiKey", "")
}

// sendBody is a message that is fine; changes are "field", value as JSON, where an empty value
// removes the field.
func sendBody(changes ...string) string {
	return withChanges(map[string]json.RawMessage{
		"sender":     json.RawMessage(`"` + sandbox.Sender + `"`),
		"recipients": json.RawMessage(`["+15559876543"]`),
		"body":       json.RawMessage(`"Hello"`),
		"mediaUrls":  json.RawMessage(`[]`),
	}, changes)
}

func campaignBody(changes ...string) string {
	return withChanges(map[string]json.RawMessage{
		"sender":    json.RawMessage(`"` + sandbox.Sender + `"`),
		"listName":  json.RawMessage(`"` + sandbox.List + `"`),
		"body":      json.RawMessage(`"Sale"`),
		"mediaUrls": json.RawMessage(`[]`),
	}, changes)
}

func withChanges(fields map[string]json.RawMessage, changes []string) string {
	for i := 0; i < len(changes); i += 2 {
		fields[changes[i]] = json.RawMessage(changes[i+1])
		if changes[i+1] == "" {
			delete(fields, changes[i])
		}
	}
	data, err := json.Marshal(fields)
	if err != nil {
		panic(err)
	}
	return string(data)
}

func (b *bench) send(changes ...string) clerkapi.Message {
	b.Helper()
	r := b.do(http.StatusCreated, "POST", "/public/messages", sendBody(changes...))
	return decode[clerkapi.MessageResponse](b, r).Data
}

func (b *bench) find(query string) clerkapi.MessagePage {
	b.Helper()
	return decode[clerkapi.MessagePage](b, b.do(http.StatusOK, "GET", "/public/messages"+query, ""))
}
