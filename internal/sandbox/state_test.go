package sandbox_test

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clerkchat/mcp-gateway/internal/sandbox"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

type shownList struct {
	Name    string   `json:"name"`
	Members []string `json:"members"`
}

type shownState struct {
	Team    string    `json:"team"`
	Now     time.Time `json:"now"`
	Numbers []struct {
		Phone   string `json:"phone"`
		InboxID string `json:"inboxId"`
	} `json:"numbers"`
	Messages  []sentMessage       `json:"messages"`
	Contacts  []clerkapi.Contact  `json:"contacts"`
	Campaigns []clerkapi.Campaign `json:"campaigns"`
	Lists     []shownList         `json:"lists"`
	OptOuts   []string            `json:"optOuts"`
}

func (b *bench) state(team string) shownState {
	b.Helper()
	return decode[shownState](b, b.do(200, "GET", "/_sandbox/state?team="+team, "", "apiKey", ""))
}

func TestStateShowsAllThatATeamHas(t *testing.T) {
	b := newBench(t, func(o *sandbox.Options) { o.History = true })
	sent := b.send("mediaUrls", `["https://example.com/a.png"]`)
	b.createCampaign("timestamp", `"2026-05-05T10:00:00Z"`)
	got := b.state("")
	last := got.Messages[len(got.Messages)-1]
	if len(got.Messages) != 15 || last.ID != sent.ID || len(last.MediaURLs) != 1 || !got.Messages[0].Created.Before(got.Messages[1].Created) {
		t.Errorf("messages: %+v", got.Messages)
	}
	if len(got.Numbers) != 3 || got.Numbers[0].Phone != sandbox.Sender || got.Numbers[2].InboxID != sandbox.InboxWhatsApp {
		t.Errorf("numbers: %+v", got.Numbers)
	}
	if diff := cmp.Diff(b.searchContacts(""), got.Contacts); diff != "" {
		t.Errorf("contacts (-search +state):\n%s", diff)
	}
	if len(got.Campaigns) != 1 || len(got.Lists) != 1 || len(got.Lists[0].Members) != 3 || len(got.OptOuts) != 1 || !got.Now.Equal(begin) {
		t.Errorf("got %+v", got)
	}
	if got := b.state("Globex"); got.Team != "Globex" || len(got.Contacts) != 2 || len(got.Messages) != 0 {
		t.Errorf("the second team: %+v", got)
	}
	b.control(404, "GET", "state?team=Initech", "")
}

func TestListsAreMadeFilledAndEmptied(t *testing.T) {
	b := newBench(t)
	ava := string(b.searchContacts("?search=ava")[0].ID)
	contacts := len(b.searchContacts(""))
	put := func(body string) []shownList {
		t.Helper()
		r := b.do(200, "PUT", "/_sandbox/lists", body, "apiKey", "")
		return decode[struct {
			Lists []shownList `json:"lists"`
		}](b, r).Lists
	}
	lists := put(`{"name":"Pilot","members":["` + ava + `","+14155550102","+15559876543","+14155550101"]}`)
	if len(lists) != 2 || lists[0].Name != "Pilot" || len(lists[0].Members) != 3 || lists[0].Members[0] != ava {
		t.Errorf("lists: %+v", lists)
	}
	if got := len(b.searchContacts("")); got != contacts+1 {
		t.Errorf("%d contacts, want one more than %d", got, contacts)
	}
	b.createCampaign("listName", `"Pilot"`)
	if diff := cmp.Diff([]string{"+14155550101", "+14155550102", "+15559876543"}, members(b.committed())); diff != "" {
		t.Errorf("recipients (-want +got):\n%s", diff)
	}
	put(`{"name":"Nobody"}`)
	if lists = put(`{"name":"Pilot","members":[]}`); len(lists) != 3 || lists[1].Members == nil || len(lists[1].Members) != 0 {
		t.Errorf("lists: %+v", lists)
	}
	b.createCampaign("listName", `"Pilot"`)
	if got := len(b.committed()); got != 3 {
		t.Errorf("a campaign to an empty list wrote %d messages", got-3)
	}
	before := b.control(200, "GET", "lists", "")
	b.control(422, "PUT", "lists", `{"name":"New","members":["+15559870000","nobody"]}`)
	b.control(400, "PUT", "lists", `{"name":""}`)
	b.control(400, "PUT", "lists", `{"listName":"New"}`)
	b.control(404, "PUT", "lists", `{"team":"Initech","name":"New"}`)
	if after := b.control(200, "GET", "lists", ""); after != before || len(b.searchContacts("")) != contacts+1 {
		t.Errorf("a refused list: %s", after)
	}
	if got := b.control(200, "PUT", "lists", `{"team":"Globex","name":"A","members":["+14155550151"]}`); got == before {
		t.Errorf("the second team: %s", got)
	}
}

func TestAHistoryOfAThousandMessagesIsMade(t *testing.T) {
	b := newBench(t)
	b.control(201, "PUT", "history", `{"messages":1000,"every":"1h"}`)
	page := b.find("?page=20")
	if page.Total != 1000 || len(page.Data) != 50 || page.Links.Next != "" {
		t.Errorf("the last page: %d of %d, next %q", len(page.Data), page.Total, page.Links.Next)
	}
	oldest, newest := page.Data[49], b.find("?limit=1").Data[0]
	if !oldest.Created.Equal(begin.Add(-1000*time.Hour)) || !newest.Created.Equal(begin.Add(-time.Hour)) {
		t.Errorf("from %v to %v", oldest.Created, newest.Created)
	}
	ids, conversations, inbound := map[clerkapi.ID]bool{}, map[clerkapi.ID]bool{}, 0
	for _, m := range b.state("").Messages {
		ids[m.ID] = true
		conversations[m.ConversationID] = true
		if m.Inbound {
			inbound++
		}
	}
	if len(ids) != 1000 || len(conversations) != 40 || inbound != 333 || len(b.committed()) != 0 {
		t.Errorf("%d ids, %d conversations, %d received, %d committed", len(ids), len(conversations), inbound, len(b.committed()))
	}
	if got := b.send().ID; ids[got] {
		t.Errorf("id %s is given twice", got)
	}
	for body, status := range map[string]int{
		`{}`: 400, `{"messages":10001}`: 400, `{"messages":1,"every":"0s"}`: 400, `{"messages":1,"every":"x"}`: 400,
		`{"messages":1,"number":"+15550001111"}`: 422, `{"messages":1,"team":"Initech"}`: 404,
	} {
		b.control(status, "PUT", "history", body)
	}
	b.control(201, "PUT", "history", `{"team":"Globex","messages":1,"number":"`+sandbox.SenderGlobex+`"}`)
}

// Whoever remembers an id must not find another message or contact under it.
func TestIdsNeverStartAgain(t *testing.T) {
	seen := map[string]string{}
	unique := func(b *bench, when, kind string, id clerkapi.ID) {
		if before, ok := seen[kind+string(id)]; ok {
			b.Errorf("%s: the %s %s was given %s", when, kind, id, before)
		}
		seen[kind+string(id)] = when
	}
	run := func(b *bench, when string) {
		for range 3 {
			unique(b, when, "message", b.send().ID)
			unique(b, when, "campaign", b.createCampaign("timestamp", `"2030-05-04T11:00:00Z"`).ID)
			unique(b, when, "contact", b.createContact(`{"name":"Jane"}`).ID)
		}
		for _, m := range b.state("").Messages {
			if m.Created.Before(begin) {
				unique(b, when, "message", m.ID)
			}
		}
	}
	for i := range 3 { // processes, a second after one another
		b := newBench(t, func(o *sandbox.Options) {
			start := begin.Add(time.Duration(i) * time.Second)
			o.FirstID, o.History, o.Now = 0, true, func() time.Time { return start }
		})
		run(b, "in process "+strconv.Itoa(i))
		b.control(204, "POST", "reset", "")
		run(b, "after a reset in process "+strconv.Itoa(i))
	}
}

func TestFirstIDOutOfRangeIsRefused(t *testing.T) {
	for _, id := range []int64{-1, 1, 1000, 1 << 53} {
		if _, err := sandbox.New(sandbox.Options{FirstID: id}); err == nil {
			t.Errorf("%d is taken", id)
		}
	}
}
