package sandbox_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clerkchat/mcp-gateway/internal/sandbox"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// client is the client that the gateway has, on this sandbox.
func (b *bench) client(key string) *clerkapi.Client {
	b.Helper()
	c, err := clerkapi.NewClient(clerkapi.Options{BaseURL: b.url, Transport: b.http.Transport, MaxAttempts: 1})
	if err != nil {
		b.Fatal(err)
	}
	return c.As(clerkapi.APIKey(key))
}

func hello(to ...string) *clerkapi.SendMessageRequest {
	return &clerkapi.SendMessageRequest{Sender: sandbox.Sender, Recipients: to, Body: "Hello"}
}

func TestTheClientSendsAndFindsMessages(t *testing.T) {
	b := newBench(t)
	c := b.client(sandbox.Key)
	sent, _, err := c.Messages.Send(t.Context(), hello("+15559876543"))
	if err != nil {
		t.Fatal(err)
	}
	page, _, err := c.Messages.Find(t.Context(), &clerkapi.FindMessagesParams{
		InboxIds: []string{sandbox.Inbox, sandbox.Inbox2}, Start: begin, End: begin, Limit: 10, Page: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]clerkapi.Message{*sent}, page.Data); diff != "" {
		t.Errorf("(-sent +found):\n%s", diff)
	}
	for range 119 {
		if _, _, err := c.Messages.Send(t.Context(), hello("+15559876543")); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for m, err := range c.Messages.All(t.Context(), &clerkapi.FindMessagesParams{}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 120 && m.ID != sent.ID {
			t.Errorf("the last is %s, want %s", m.ID, sent.ID)
		}
	}
	if n != 120 {
		t.Errorf("went through %d messages, want 120", n)
	}
}

func TestTheClientManagesContactsAndStartsCampaigns(t *testing.T) {
	b := newBench(t)
	c := b.client(sandbox.Key)
	made, _, err := c.Contacts.Create(t.Context(), &clerkapi.ContactFields{Name: "Jane Smith", Phone: "+15551230000"})
	if err != nil {
		t.Fatal(err)
	}
	update := &clerkapi.UpdateContactRequest{Email: new("jane@example.com")}
	changed, _, err := c.Contacts.Update(t.Context(), made.ID, update)
	if err != nil || changed.Name != "Jane Smith" || changed.Email != "jane@example.com" {
		t.Errorf("update: %+v, %v", changed, err)
	}
	batch, _, err := c.Contacts.CreateBatch(t.Context(), &clerkapi.CreateContactsRequest{
		Contacts: []clerkapi.ContactFields{{Name: "Eve"}, {Name: "Fay"}},
	})
	if err != nil || len(batch) != 2 {
		t.Errorf("batch: %+v, %v", batch, err)
	}
	if _, err := c.Contacts.Delete(t.Context(), made.ID); err != nil {
		t.Errorf("delete: %v", err)
	}
	all, _, err := c.Contacts.Search(t.Context(), url.Values{"search": {"e"}})
	if err != nil || slices.ContainsFunc(all, func(c clerkapi.Contact) bool { return c.ID == made.ID }) {
		t.Errorf("search: %+v, %v", all, err)
	}
	campaign, _, err := c.Campaigns.Create(t.Context(), &clerkapi.CreateCampaignRequest{
		Sender: sandbox.Sender, ListName: sandbox.List, Body: "Sale", Timestamp: begin.Add(time.Hour),
	})
	if err != nil || campaign.Status != "scheduled" {
		t.Errorf("campaign: %+v, %v", campaign, err)
	}
}

func TestTheClientUnderstandsRefusals(t *testing.T) {
	b := newBench(t)
	c := b.client(sandbox.Key)
	send := func(c *clerkapi.Client, req *clerkapi.SendMessageRequest) error {
		_, _, err := c.Messages.Send(t.Context(), req)
		return err
	}
	gone := clerkapi.ID("no-such-contact")
	_, notDeleted := c.Contacts.Delete(t.Context(), gone)
	_, _, notUpdated := c.Contacts.Update(t.Context(), gone, &clerkapi.UpdateContactRequest{Name: new("X")})
	_, _, noList := c.Campaigns.Create(t.Context(), &clerkapi.CreateCampaignRequest{
		Sender: sandbox.Sender, ListName: "Nobody", Body: "Sale",
	})
	foreign := hello("+15559876543")
	foreign.Sender = "+15550001111"

	const foreignSender = "sender is not a phone number of this team"
	for name, tc := range map[string]struct {
		err     error
		reason  error
		outcome clerkapi.Outcome
		message string
	}{
		"a wrong key":      {send(b.client("wrong"), hello("+1")), clerkapi.ErrUnauthorized, clerkapi.NotDone, "Unauthorized"},
		"a foreign sender": {send(c, foreign), clerkapi.ErrUnprocessable, clerkapi.NotDone, foreignSender},
		"nobody to write":  {send(c, hello()), clerkapi.ErrUnprocessable, clerkapi.NotDone, "recipients: minimum"},
		"who opted out":    {send(c, hello(sandbox.OptedOut)), clerkapi.ErrFailed, clerkapi.Done, "Recipient opted out"},
		"an unknown list":  {noList, clerkapi.ErrNotFound, clerkapi.NotDone, "There is no list with this listName"},
		"a deleted one":    {notDeleted, clerkapi.ErrNotFound, clerkapi.NotDone, "Contact not found"},
		"an unknown one":   {notUpdated, clerkapi.ErrNotFound, clerkapi.NotDone, "Contact not found"},
	} {
		t.Run(name, func(t *testing.T) {
			e, ok := errors.AsType[*clerkapi.Error](tc.err)
			if !ok || !errors.Is(e, tc.reason) || e.Outcome != tc.outcome || !strings.Contains(e.Message, tc.message) {
				t.Errorf("got %#v, want %v, %v, %q", tc.err, tc.reason, tc.outcome, tc.message)
			}
		})
	}
}

func TestTheClientCannotTellOnWhichSideOfTheCommitItWasCut(t *testing.T) {
	for kind, committed := range map[string]int64{"drop_before_commit": 0, "drop_after_commit": 1} {
		t.Run(kind, func(t *testing.T) {
			b := newBench(t)
			c := b.client(sandbox.Key)
			b.fault(`{"operation":"sendMessage","kind":"` + kind + `"}`)
			_, _, err := c.Messages.Send(t.Context(), hello("+15559876543"))
			if e, ok := errors.AsType[*clerkapi.Error](err); !ok || e.Outcome != clerkapi.Unknown {
				t.Errorf("got %v, want an unknown outcome", err)
			}
			page, _, err := c.Messages.Find(t.Context(), &clerkapi.FindMessagesParams{Start: begin.Add(-time.Second)})
			if err != nil || page.Total != committed {
				t.Errorf("found %+v, %v; want %d", page, err, committed)
			}
		})
	}
}

// inProcess hands requests over without a network, so that time may be simulated.
type inProcess struct{ http.Handler }

func (p inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	p.ServeHTTP(w, r)
	return w.Result(), nil
}

func TestTheClientWaitsAsLongAsTheSandboxAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := sandbox.New(sandbox.Options{})
		if err != nil {
			t.Fatal(err)
		}
		c, err := clerkapi.NewClient(clerkapi.Options{BaseURL: "http://sandbox", Transport: inProcess{s}})
		if err != nil {
			t.Fatal(err)
		}
		serve(s, "PUT", "/_sandbox/faults",
			`{"operation":"sendMessage","kind":"status","status":429,"retry_after":5,"count":2}`)
		start := time.Now()
		_, res, err := c.As(clerkapi.APIKey(sandbox.Key)).Messages.Send(t.Context(), hello("+15559876543"))
		if err != nil || res.Attempts != 3 || time.Since(start) < 10*time.Second {
			t.Errorf("%+v, %v after %v; want 3 attempts in 10 s", res, err, time.Since(start))
		}
		if got := serve(s, "GET", "/_sandbox/requests", "").Body.String(); got != `{"requests":{"sendMessage":3}}`+"\n" {
			t.Errorf("requests: %s", got)
		}
	})
}
