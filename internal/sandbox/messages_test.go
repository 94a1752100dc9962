package sandbox_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clerkchat/mcp-gateway/internal/sandbox"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

func TestASentMessageIsAnsweredFoundAndCommitted(t *testing.T) {
	b := newBench(t)
	sent := b.send("sentByName", `"Kim"`, "recipients", `["+15559876543","+14155550101"]`)
	want := clerkapi.Message{
		ID: "1001", Body: "Hello", Sender: sandbox.Sender, SenderType: clerkapi.SenderTypeUser, SentByName: "Kim",
		Members: []string{"+15559876543", "+14155550101"}, InboxID: sandbox.Inbox, UserID: "1",
		ConversationID: sent.ConversationID, ChannelID: sent.ChannelID, ExternalID: sent.ExternalID,
		Status: clerkapi.MessageStatusSending, Seen: true, Segments: 1, Timestamp: begin, Created: begin, Updated: begin,
	}
	if diff := cmp.Diff(want, sent); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	if sent.ConversationID == "" || sent.ChannelID == "" || sent.ExternalID == "" {
		t.Errorf("an id is missing: %+v", sent)
	}
	if diff := cmp.Diff(clerkapi.MessagePage{
		Data: []clerkapi.Message{want}, Total: 1, Links: clerkapi.PageLinks{Self: "/public/messages?page=1"},
	}, b.find("")); diff != "" {
		t.Errorf("found (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]sentMessage{{Message: want}}, b.committed()); diff != "" {
		t.Errorf("committed (-want +got):\n%s", diff)
	}
}

func TestTheSameRequestTwiceIsTwoMessages(t *testing.T) {
	b := newBench(t)
	first, second := b.send(), b.send()
	if first.ID != "1001" || second.ID != "1002" {
		t.Errorf("ids are %s and %s", first.ID, second.ID)
	}
	if first.ConversationID != second.ConversationID {
		t.Error("they belong to different conversations")
	}
}

func TestMediaTravelsAndMakesOneSegment(t *testing.T) {
	b := newBench(t)
	sent := b.send("mediaUrls", `["https://example.com/a.png"]`, "body", `"`+strings.Repeat("x", 500)+`"`)
	if sent.Segments != 1 {
		t.Errorf("%d segments, want 1", sent.Segments)
	}
	if diff := cmp.Diff([]string{"https://example.com/a.png"}, b.committed()[0].MediaURLs); diff != "" {
		t.Errorf("media (-want +got):\n%s", diff)
	}
}

func TestAMessageMovesWithTheClock(t *testing.T) {
	type state struct {
		Status  clerkapi.MessageStatus
		Error   string
		Code    clerkapi.ID
		Updated time.Duration // since the message was sent
	}
	for name, tc := range map[string]struct {
		recipients string
		want       []state // after 0, 1, 2 and 60 s
	}{
		"delivered": {`["+15559876543"]`, []state{
			{"sending", "", "", 0},
			{"sent", "", "", time.Second},
			{"delivered", "", "", 2 * time.Second},
			{"delivered", "", "", 2 * time.Second},
		}},
		"unreachable": {`["+15559876543","` + sandbox.Unreachable + `"]`, []state{
			{"sending", "", "", 0},
			{"sent", "", "", time.Second},
			{"failed", "Unreachable destination handset", "30003", 2 * time.Second},
			{"failed", "Unreachable destination handset", "30003", 2 * time.Second},
		}},
		"opted out": {`["` + sandbox.OptedOut + `"]`, []state{
			{"failed", "Recipient opted out", "21610", 0},
			{"failed", "Recipient opted out", "21610", 0},
			{"failed", "Recipient opted out", "21610", 0},
			{"failed", "Recipient opted out", "21610", 0},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			of := func(m clerkapi.Message) state {
				return state{m.Status, m.Error, m.ErrorCode, m.Updated.Sub(m.Created)}
			}
			got := []state{of(b.send("recipients", tc.recipients))}
			for _, d := range []time.Duration{time.Second, time.Second, 58 * time.Second} {
				b.clock.move(d - time.Millisecond) // just before, nothing changes
				if before := of(b.find("").Data[0]); before != got[len(got)-1] {
					t.Errorf("changed too early: %+v", before)
				}
				b.clock.move(time.Millisecond)
				got = append(got, of(b.find("").Data[0]))
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if last := of(b.committed()[0].Message); last != got[3] {
				t.Errorf("committed shows %+v", last)
			}
		})
	}
}

func TestAMessageIsWrittenAsTheAPIWritesIt(t *testing.T) {
	b := newBench(t)
	r := b.do(http.StatusCreated, "POST", "/public/messages", sendBody("body", `"a < b & c"`))
	if !strings.Contains(r.body, `"error":null`) {
		t.Errorf("error is not null: %s", r.body)
	}
	if !strings.Contains(r.body, `"body":"a < b & c"`) {
		t.Errorf("the text is escaped as if for HTML: %s", r.body)
	}
	if !strings.Contains(r.body, `"id":1001,`) {
		t.Errorf("the id is not a number: %s", r.body)
	}
}

func TestTimesHaveMilliseconds(t *testing.T) {
	b := newBench(t)
	b.clock.move(123456789)
	if got := b.send().Created; !got.Equal(begin.Add(123 * time.Millisecond)) {
		t.Errorf("created is %v", got)
	}
}

func TestFindSelectsByInboxAndTime(t *testing.T) {
	b := newBench(t)
	for range 4 { // 1001 … 1008, a minute apart, inboxes in turn
		b.send()
		b.clock.move(time.Minute)
		b.send("sender", `"`+sandbox.Sender2+`"`)
		b.clock.move(time.Minute)
	}
	at := func(minutes int) string {
		return begin.Add(time.Duration(minutes) * time.Minute).Format(time.RFC3339)
	}
	both := []string{sandbox.Inbox, sandbox.Inbox2}
	for name, tc := range map[string]struct {
		query url.Values
		want  []clerkapi.ID
	}{
		"all": {
			url.Values{}, []clerkapi.ID{"1008", "1007", "1006", "1005", "1004", "1003", "1002", "1001"},
		},
		"all of it": {
			url.Values{"inboxIds": {sandbox.Inbox}, "start": {at(2)}, "end": {at(4)}}, []clerkapi.ID{"1005", "1003"},
		},
		"one inbox":            {url.Values{"inboxIds": {sandbox.Inbox2}}, []clerkapi.ID{"1008", "1006", "1004", "1002"}},
		"both inboxes":         {url.Values{"inboxIds": both, "limit": {"2"}}, []clerkapi.ID{"1008", "1007"}},
		"a foreign inbox":      {url.Values{"inboxIds": {"nobody"}}, nil},
		"start is inclusive":   {url.Values{"start": {at(6)}}, []clerkapi.ID{"1008", "1007"}},
		"end is inclusive":     {url.Values{"end": {at(1)}}, []clerkapi.ID{"1002", "1001"}},
		"between":              {url.Values{"start": {at(2)}, "end": {at(3)}}, []clerkapi.ID{"1004", "1003"}},
		"end before start":     {url.Values{"start": {at(3)}, "end": {at(2)}}, nil},
		"with a zone":          {url.Values{"start": {"2026-05-04T12:07:00+02:00"}}, []clerkapi.ID{"1008"}},
		"a fraction of second": {url.Values{"start": {"2026-05-04T10:06:00.001Z"}}, []clerkapi.ID{"1008"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := &bench{T: t, url: b.url, http: b.http}
			var got []clerkapi.ID
			for _, m := range b.find("?" + tc.query.Encode()).Data {
				got = append(got, m.ID)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestFindPagesThroughEverything(t *testing.T) {
	b := newBench(t)
	for range 52 {
		b.send()
	}
	if got := len(b.find("").Data); got != 50 {
		t.Errorf("a page has %d messages unless told otherwise, want 50", got)
	}
	var ids []string
	next := "/public/messages?inboxIds=" + sandbox.Inbox + "&limit=20"
	for page := 1; next != ""; page++ {
		got := decode[clerkapi.MessagePage](b, b.do(http.StatusOK, "GET", next, ""))
		if got.Total != 52 {
			t.Errorf("page %d: total is %d, want 52", page, got.Total)
		}
		prev := ""
		if page > 1 {
			prev = fmt.Sprintf("/public/messages?inboxIds=%s&limit=20&page=%d", sandbox.Inbox, page-1)
		}
		if got.Links.Prev != prev {
			t.Errorf("page %d: prev is %q, want %q", page, got.Links.Prev, prev)
		}
		for _, m := range got.Data {
			ids = append(ids, string(m.ID))
		}
		next = got.Links.Next
	}
	if len(ids) != 52 || ids[0] != "1052" || ids[51] != "1001" {
		t.Errorf("went through %v", ids)
	}
}

func TestAPageBeyondTheLastIsEmpty(t *testing.T) {
	b := newBench(t)
	b.send()
	for _, page := range []string{"2", "9223372036854775807"} {
		got := b.find("?page=" + page)
		if len(got.Data) != 0 || got.Total != 1 || got.Links.Next != "" {
			t.Errorf("page %s: %+v", page, got)
		}
	}
}

func TestAFullLastPageHasNoNext(t *testing.T) {
	b := newBench(t)
	b.send()
	b.send()
	if got := b.find("?limit=2"); len(got.Data) != 2 || got.Links.Next != "" {
		t.Errorf("%d messages, next is %q", len(got.Data), got.Links.Next)
	}
}

func TestHistoryIsFoundButWasNotCommitted(t *testing.T) {
	b := newBench(t, func(o *sandbox.Options) { o.History = true })
	page := b.find("?limit=10&inboxIds=" + sandbox.Inbox)
	if len(page.Data) != 10 || page.Links.Next == "" {
		t.Errorf("the first inbox has %d messages and next page %q; want 10 and one", len(page.Data), page.Links.Next)
	}
	var received, unseen bool
	for _, m := range page.Data {
		received = received || m.Inbound
		unseen = unseen || !m.Seen
		if m.Inbound && (m.Sender != m.Members[0] || m.UserID != "") {
			t.Errorf("a received message has sender %s, members %v, user %q", m.Sender, m.Members, m.UserID)
		}
		if !m.Inbound && m.Sender != sandbox.Sender {
			t.Errorf("a sent message has sender %s", m.Sender)
		}
		if m.Status != clerkapi.MessageStatusDelivered || !m.Created.Before(begin) {
			t.Errorf("message %s is %s, from %v", m.ID, m.Status, m.Created)
		}
	}
	if !received || !unseen {
		t.Errorf("received: %v, unseen: %v", received, unseen)
	}
	if got := b.find("?inboxIds=" + sandbox.Inbox2).Total; got == 0 {
		t.Error("the other inbox is empty")
	}
	if got := b.committed(); len(got) != 0 {
		t.Errorf("%d messages count as committed", len(got))
	}
	if got := b.send(); got.ID != "1001" {
		t.Errorf("the first message sent has id %s", got.ID)
	}
}
