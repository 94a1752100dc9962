package sandbox

import (
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// campaign is a campaign with what is shown of it.
type campaign struct {
	shown   wireCampaign
	id      int64
	number  number
	request clerkapi.CreateCampaignRequest
}

// States of a campaign.
const (
	campaignScheduled = "scheduled"
	campaignSent      = "sent"
)

// wireCampaign is a campaign in REST.
type wireCampaign struct {
	ID      int64     `json:"id"`
	Body    string    `json:"body"`
	TeamID  string    `json:"teamId"`
	UserID  string    `json:"userId"`
	Name    *string   `json:"name"`
	InboxID string    `json:"inboxId"`
	Status  string    `json:"status"`
	Error   *string   `json:"error"`
	Created time.Time `json:"created"`
	Updated time.Time `json:"updated"`
}

// createCampaign takes a campaign and carries it out if it is due already.
func (st *store) createCampaign(req clerkapi.CreateCampaignRequest) (wireCampaign, error) {
	n, err := st.from(req.Sender, req.Body, req.MediaURLs)
	if err != nil {
		return wireCampaign{}, err
	}
	var p problems
	if st.checkContent(&p, req.Sender, req.Body, req.MediaURLs); len(p) > 0 {
		return wireCampaign{}, p
	}
	if _, ok := st.lists[req.ListName]; !ok {
		return wireCampaign{}, missingError("There is no list with this listName")
	}
	c := &campaign{id: st.nextCampaign, number: n, request: req}
	st.nextCampaign++
	taken := wireCampaign{
		ID: c.id, Body: req.Body, TeamID: st.team.id, UserID: st.team.user, Name: orNil(req.Name), InboxID: n.inbox,
		Status: campaignScheduled, Created: st.present, Updated: st.present,
	}
	c.shown = taken
	st.campaigns = append(st.campaigns, c)
	if req.Timestamp.After(st.present) {
		st.later(req.Timestamp.UTC().Truncate(time.Millisecond), func() { st.carryOut(c) })
	} else {
		st.carryOut(c)
	}
	return taken, nil
}

// carryOut commits a message to every contact that is on the list now and has a phone.
func (st *store) carryOut(c *campaign) {
	c.shown.Status, c.shown.Updated = campaignSent, st.present
	for _, id := range st.lists[c.request.ListName] {
		to := st.contacts[st.indexContact(id)].phone()
		if to == "" {
			continue
		}
		st.commit(&message{
			at: st.present, number: c.number, sender: c.number.phone, senderType: clerkapi.SenderTypeCampaign,
			members: []string{to}, body: c.request.Body, mediaURLs: c.request.MediaURLs,
			campaign: c.id, campaignMessage: st.nextCampaignMessage,
		})
		st.nextCampaignMessage++
	}
}
