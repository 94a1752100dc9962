package sandbox_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clerkchat/mcp-gateway/internal/sandbox"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

func (b *bench) createCampaign(changes ...string) clerkapi.Campaign {
	b.Helper()
	r := b.do(http.StatusCreated, "POST", "/public/campaigns", campaignBody(changes...))
	return decode[clerkapi.CampaignResponse](b, r).Data
}

func members(all []sentMessage) []string {
	var to []string
	for _, m := range all {
		to = append(to, m.Members...)
	}
	return to
}

var onTheList = []string{"+14155550101", "+14155550102", "+14155550103"}

func TestACampaignWritesToEveryMemberOfItsList(t *testing.T) {
	b := newBench(t)
	got := b.createCampaign("name", `"Spring"`, "provider", `"twilio"`, "mediaUrls", `["https://example.com/a.png"]`)
	want := clerkapi.Campaign{
		ID: "301", Body: "Sale", TeamID: "1", UserID: "1", Name: "Spring", InboxID: sandbox.Inbox, Status: "scheduled",
		Created: begin, Updated: begin,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
	sent := b.committed()
	if diff := cmp.Diff(onTheList, members(sent)); diff != "" {
		t.Errorf("recipients (-want +got):\n%s", diff)
	}
	seen := make(map[clerkapi.ID]bool)
	for _, m := range sent {
		if m.CampaignID != "301" || m.SenderType != clerkapi.SenderTypeCampaign || m.Body != "Sale" ||
			len(m.MediaURLs) != 1 || len(m.Members) != 1 ||
			m.Sender != sandbox.Sender || m.Status != clerkapi.MessageStatusSending {
			t.Errorf("message: %+v", m)
		}
		if m.CampaignMessageID == "" || seen[m.CampaignMessageID] {
			t.Errorf("campaignMessageId is %q", m.CampaignMessageID)
		}
		seen[m.CampaignMessageID] = true
	}
	if got := b.createCampaign().ID; got != "302" {
		t.Errorf("the next campaign has id %s", got)
	}
}

func TestAScheduledCampaignWritesWhenItIsDue(t *testing.T) {
	b := newBench(t)
	due := begin.Add(time.Hour)
	if got := b.createCampaign("timestamp", `"2026-05-04T13:00:00+02:00"`).Status; got != "scheduled" {
		t.Errorf("status is %s", got)
	}
	b.clock.move(time.Hour - time.Millisecond)
	if got := b.committed(); len(got) != 0 || b.find("").Total != 0 {
		t.Errorf("%d messages before it is due", len(got))
	}
	b.clock.move(time.Millisecond + 1500*time.Millisecond)
	after := b.send() // comes after what was due before it
	sent := b.committed()
	if diff := cmp.Diff(append(onTheList[:3:3], after.Members...), members(sent)); diff != "" {
		t.Errorf("recipients (-want +got):\n%s", diff)
	}
	if m := sent[0]; !m.Created.Equal(due) || m.Status != clerkapi.MessageStatusSent {
		t.Errorf("created %v, status %s; want it as of when it was due", m.Created, m.Status)
	}
	if after.ID != "1004" {
		t.Errorf("the message after it has id %s", after.ID)
	}
}

func TestCampaignsAreCarriedOutInTheOrderTheyAreDue(t *testing.T) {
	b := newBench(t)
	b.createCampaign("timestamp", `"2026-05-04T12:00:00Z"`, "body", `"second"`)
	b.createCampaign("timestamp", `"2026-05-04T11:00:00Z"`, "body", `"first"`)
	b.clock.move(24 * time.Hour)
	if sent := b.committed(); len(sent) != 6 || sent[0].Body != "first" || sent[5].Body != "second" {
		t.Errorf("sent %+v", sent)
	}
}

func TestACampaignInThePastStartsNow(t *testing.T) {
	b := newBench(t)
	b.createCampaign("timestamp", `"2020-01-01T00:00:00Z"`)
	if sent := b.committed(); len(sent) != 3 || !sent[0].Created.Equal(begin) {
		t.Errorf("sent %+v", sent)
	}
}

func TestACampaignPassesOverMembersWithoutAPhone(t *testing.T) {
	b := newBench(t)
	b.updateContact(b.searchContacts("?search=ben")[0].ID, `{"phone":""}`)
	b.createCampaign()
	if diff := cmp.Diff([]string{"+14155550101", "+14155550103"}, members(b.committed())); diff != "" {
		t.Errorf("recipients (-want +got):\n%s", diff)
	}
}

func TestACampaignToNobodyKnownIsRefused(t *testing.T) {
	b := newBench(t)
	for body, want := range map[string]struct {
		status  int
		message string
	}{
		campaignBody("listName", `"premiumtiersubscribers"`): {404, "There is no list with this listName"},
		campaignBody("sender", `"+15550001111"`):             {422, "sender is not a phone number of this team"},
		campaignBody("body", `""`):                           {422, "body should not be empty when there are no mediaUrls"},
	} {
		r := b.do(want.status, "POST", "/public/campaigns", body)
		if got := decode[refused](b, r).Message; got != want.message {
			t.Errorf("message %q, want %q", got, want.message)
		}
	}
	if got := len(b.committed()); got != 0 {
		t.Errorf("%d messages were sent", got)
	}
}
