package clerkapi_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clerkchat/mcp-gateway/internal/testkit"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// seen is what a server got.
type seen struct {
	Method, URI string
	Header      http.Header
	Body        string
}

// serve starts an API that answers everything with status and body, and a client of it with a
// credential.
func serve(t *testing.T, status int, body string) (*clerkapi.Client, *seen) {
	t.Helper()
	got := new(seen)
	client := serveFunc(t, clerkapi.Options{}, func(w http.ResponseWriter, r *http.Request) {
		payload, _ := io.ReadAll(r.Body)
		*got = seen{Method: r.Method, URI: r.RequestURI, Header: r.Header, Body: string(payload)}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
	return client, got
}

func serveFunc(t *testing.T, o clerkapi.Options, h http.HandlerFunc) *clerkapi.Client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	o.BaseURL = server.URL
	client := newClient(t, o)
	t.Cleanup(client.CloseIdleConnections)
	return client.As(clerkapi.APIKey("key-of-ann"))
}

func newClient(t *testing.T, o clerkapi.Options) *clerkapi.Client {
	t.Helper()
	client, err := clerkapi.NewClient(o)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

const messageJSON = `{"data":{"id":7,"body":"hi","conversationId":"3","inbound":false,"members":["+15559876543"],
	"sender":"+15551234567","senderType":"user","status":"sending","error":null,"seen":false,"segments":1,
	"created":"2026-11-23T10:00:00Z","updated":"2026-11-23T10:00:00Z","timestamp":"2026-11-23T10:00:00Z"}}`

func TestEachMethodMakesItsRequestAndReadsItsAnswer(t *testing.T) {
	t.Parallel()
	yes, name := true, "Jane"
	day := time.Date(2026, 11, 23, 11, 30, 0, 500_000_000, time.FixedZone("CET", 3600))
	const contact = `{"id":"c1","name":"Jane"}`
	tests := []struct {
		name   string
		call   func(context.Context, *clerkapi.Client) (any, error)
		answer string
		status int
		want   seen
		result any
	}{{
		name: "Messages.Send",
		call: func(ctx context.Context, c *clerkapi.Client) (any, error) {
			m, _, err := c.Messages.Send(ctx, &clerkapi.SendMessageRequest{
				Sender: "+15551234567", Recipients: []string{"+15559876543"}, Body: "hi"})
			return m.ID, err
		},
		status: 201, answer: messageJSON, result: clerkapi.ID("7"),
		want: seen{Method: "POST", URI: "/public/messages",
			Body: `{"body":"hi","mediaUrls":[],"recipients":["+15559876543"],"sender":"+15551234567"}`},
	}, {
		name: "Messages.Find",
		call: func(ctx context.Context, c *clerkapi.Client) (any, error) {
			page, _, err := c.Messages.Find(ctx, &clerkapi.FindMessagesParams{
				InboxIds: []string{"a", "b"}, Start: day, End: day.Add(time.Hour), Limit: 10, Page: 2})
			return page, err
		},
		status: 200, answer: `{"data":[],"total":3,"links":{"next":null,"prev":"/p"}}`,
		result: &clerkapi.MessagePage{Data: []clerkapi.Message{}, Total: 3, Links: clerkapi.PageLinks{Prev: "/p"}},
		want: seen{Method: "GET", URI: "/public/messages?end=2026-11-23T11%3A30%3A00.5Z&inboxIds=a&inboxIds=b&limit=10" +
			"&page=2&start=2026-11-23T10%3A30%3A00.5Z"},
	}, {
		name: "Contacts.Create",
		call: func(ctx context.Context, c *clerkapi.Client) (any, error) {
			got, _, err := c.Contacts.Create(ctx, &clerkapi.ContactFields{Name: name, Public: &yes})
			return got, err
		},
		status: 201, answer: `{"data":` + contact + `}`, result: &clerkapi.Contact{ID: "c1", Name: "Jane"},
		want: seen{Method: "POST", URI: "/public/contacts", Body: `{"name":"Jane","public":true}`},
	}, {
		name: "Contacts.CreateBatch",
		call: func(ctx context.Context, c *clerkapi.Client) (any, error) {
			got, _, err := c.Contacts.CreateBatch(ctx, &clerkapi.CreateContactsRequest{
				Contacts: []clerkapi.ContactFields{{Name: name}, {Phone: "+15559876543"}}})
			return got, err
		},
		status: 201, answer: `{"data":[` + contact + `]}`, result: []clerkapi.Contact{{ID: "c1", Name: "Jane"}},
		want: seen{Method: "POST", URI: "/public/contacts/batch",
			Body: `{"contacts":[{"name":"Jane"},{"phone":"+15559876543"}]}`},
	}, {
		name: "Contacts.Update",
		call: func(ctx context.Context, c *clerkapi.Client) (any, error) {
			got, _, err := c.Contacts.Update(ctx, "c1", &clerkapi.UpdateContactRequest{
				Name: &name, Data: map[string]any{}})
			return got, err
		},
		status: 200, answer: `{"data":` + contact + `}`, result: &clerkapi.Contact{ID: "c1", Name: "Jane"},
		want: seen{Method: "PUT", URI: "/public/contacts/c1", Body: `{"data":{},"name":"Jane"}`},
	}, {
		name: "Contacts.Delete",
		call: func(ctx context.Context, c *clerkapi.Client) (any, error) {
			resp, err := c.Contacts.Delete(ctx, "c1")
			return resp.StatusCode, err
		},
		status: 204, result: 204,
		want: seen{Method: "DELETE", URI: "/public/contacts/c1"},
	}, {
		name: "Contacts.Search",
		call: func(ctx context.Context, c *clerkapi.Client) (any, error) {
			got, _, err := c.Contacts.Search(ctx, url.Values{"phone": {"+15559876543"}})
			return got, err
		},
		status: 200, answer: `{"data":[` + contact + `]}`, result: []clerkapi.Contact{{ID: "c1", Name: "Jane"}},
		want: seen{Method: "GET", URI: "/public/contacts?phone=%2B15559876543"},
	}, {
		name: "Campaigns.Create",
		call: func(ctx context.Context, c *clerkapi.Client) (any, error) {
			got, _, err := c.Campaigns.Create(ctx, &clerkapi.CreateCampaignRequest{
				Sender: "+15551234567", ListName: "PremiumTierSubscribers", Body: "hi", Timestamp: day.UTC()})
			return got, err
		},
		status: 201, answer: `{"data":{"id":9,"status":"scheduled","name":null}}`,
		result: &clerkapi.Campaign{ID: "9", Status: "scheduled"},
		want: seen{Method: "POST", URI: "/public/campaigns", Body: `{"body":"hi","listName":"PremiumTierSubscribers",` +
			`"mediaUrls":[],"sender":"+15551234567","timestamp":"2026-11-23T10:30:00.5Z"}`},
	}}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			client, got := serve(t, tt.status, tt.answer)
			result, err := tt.call(t.Context(), client)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.result, result); diff != "" {
				t.Errorf("result (-want +got):\n%s", diff)
			}
			header := got.Header
			got.Header = nil
			if diff := cmp.Diff(tt.want, *got); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
			wantHeader := map[string]string{"Apikey": "key-of-ann", "Accept": "application/json", "User-Agent": "clerkapi-go",
				"Authorization": "", "Idempotency-Key": "", "X-Idempotency-Key": "", "Content-Type": ""}
			if tt.want.Body != "" {
				wantHeader["Content-Type"] = "application/json"
			}
			for name, want := range wantHeader {
				if header.Get(name) != want {
					t.Errorf("header %s is %q, want %q", name, header.Get(name), want)
				}
			}
		})
	}
}

func TestABearerCredentialTravelsInAuthorizationOnly(t *testing.T) {
	t.Parallel()
	client, got := serve(t, 200, `{"data":[],"total":0}`)
	if _, _, err := client.As(clerkapi.Bearer("tok")).Messages.Find(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if got.Header.Get("Authorization") != "Bearer tok" || got.Header.Get("apiKey") != "" {
		t.Errorf("headers are %v", got.Header)
	}
}

func TestAListIsNeverSentAsNull(t *testing.T) {
	t.Parallel()
	for name, call := range calls {
		client, got := serve(t, 400, "")
		_, _ = call(t.Context(), client)
		if strings.Contains(got.Body, "null") {
			t.Errorf("%s sent %s", name, got.Body)
		}
	}
}

func TestACallDoesNotChangeItsRequest(t *testing.T) {
	t.Parallel()
	client, _ := serve(t, 201, messageJSON)
	req := &clerkapi.SendMessageRequest{Sender: "a", Body: "b"}
	if _, _, err := client.Messages.Send(t.Context(), req); err != nil {
		t.Fatal(err)
	}
	if req.MediaURLs != nil || req.Recipients != nil {
		t.Errorf("the request became %s", must(json.Marshal(req)))
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
