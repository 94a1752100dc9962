package mcpadapter

import (
	"context"
	"strings"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter/internal/args"
)

// pastGrace is how far back a timestamp may be and still mean now: the time it takes to write a
// call.
const pastGrace = time.Minute

func createCampaignTool(s setting) *tool {
	return &tool{
		name: "create_campaign", operation: "createCampaign", route: "POST /public/campaigns", effect: creates,
		scope: ScopeSendCampaigns,
		words: words{
			nothing: "No campaign was started; nobody was texted.",
			thing:   "the campaign",
			done:    "was taken for sending",
			unknown: "The campaign may have been started, and may be texting everybody in the list.",
			look: "Do not start it again. Campaigns cannot be looked up" + s.told("; get_messages may show its messages (sender_type "+
				"campaign or campaign_message, this text), but that there are none yet proves nothing", "get_messages") +
				". Have the user check in Clerk Chat.",
			missing: "Check sender and list_name: the list must exist in Clerk Chat under exactly this name.",
		},
		define: defineCreateCampaign, plan: planCreateCampaign,
	}
}

func defineCreateCampaign(s setting) definition {
	return definition{
		title: "Start a campaign",
		description: "Texts everybody in a list of the workspace, at once or at a time given. It cannot be undone or stopped " +
			"from here, and every message is billed, by recipient and segment. Have the user confirm list, text and time " +
			"before calling. How many contacts the list has cannot be looked up here." +
			s.told(" For one person or a few use send_message.", "send_message"),
		hints: hints{destructive: true, openWorld: true},
		input: closed("",
			required("sender", text("Clerk number to send from, in international form, or an identifier of the workspace such "+
				"as a short code.", minLength(1), examples("+15551234567"))),
			required("list_name", text("Name of the list, exactly as Clerk Chat shows it.", minLength(1), maxLength(maxLabel),
				examples("PremiumTierSubscribers"))),
			required("body", text("Text of the message, sent exactly as given.", minLength(1), maxLength(maxBody))),
			optional("media_urls", list("Media to attach (MMS): absolute http or https URLs that the carrier can fetch "+
				"without a login.", text("URL of one file.", format("uri")), maxItems(maxMediaURLs))),
			optional("name", text("Name of the campaign, to find it by in Clerk Chat.", maxLength(maxLabel))),
			optional("timestamp", text("When to send: an ISO 8601 time with its zone, not in the past. Left out: at once.",
				format("date-time"), examples("2026-11-23T10:00:00Z"))),
			optional("provider", text("Carrier or channel to send through. Left out: as the sender is set up.",
				oneOf(providers()...))),
		),
		output: open("The campaign as Clerk Chat took it.",
			optional("id", text("Id of the campaign.")),
			optional("name", text("Its name.")),
			optional("status", text("Where it is on its way, such as scheduled.")),
			required("sender", text("Number or identifier it is sent from.")),
			required("list_name", text("The list it goes to.")),
			optional("scheduled_for", text("When it is to be sent; not there if at once.", format("date-time"))),
			optional("inbox_id", text("Id of its inbox"+s.told(", for inbox_ids of get_messages", "get_messages")+".")),
			optional("created", text("When Clerk Chat took it.", format("date-time"))),
		),
	}
}

// createCampaign is the request of create_campaign.
type createCampaign struct {
	body clerkapi.CreateCampaignRequest
	// formerSender is the sender as versions before would have sent it.
	formerSender string
	// given is the timestamp as it was given: what the body has changes while time passes.
	given time.Time
}

func (r *createCampaign) asked() any {
	body := r.body
	body.Timestamp = r.given.UTC() // in whichever zone it was given
	return body
}

func (r *createCampaign) formerly() any {
	if r.formerSender == r.body.Sender {
		return nil
	}
	was := *r
	was.body.Sender = r.formerSender
	return was.asked()
}

func planCreateCampaign(f *fields, now time.Time) plan {
	var at time.Time
	if f.isEmpty("timestamp") {
		f.add("timestamp", "is empty: leave it out if the user wants everybody texted at once, else ask the user for the time; it looks like %s", args.ExampleTime)
	} else {
		at = f.instant("timestamp")
	}
	sender := f.sender()
	r := &createCampaign{given: at, formerSender: former(sender), body: clerkapi.CreateCampaignRequest{
		Sender:    sender.Normal,
		ListName:  f.listName(),
		Body:      f.body(),
		MediaURLs: f.mediaURLs(),
		Name:      f.label("name", `"Winter sale"`),
		Timestamp: at,
		Provider:  f.provider(),
	}}
	p := plan{request: r, segments: countSegments(r.body.Body)}
	if !at.After(now) {
		r.body.Timestamp = time.Time{} // at once
	}
	if !at.IsZero() && at.Before(now.Add(-pastGrace)) {
		p.timeProblems.add("timestamp", "is in the past (it is now %s): ask the user for a later time. Without it everybody is texted at once",
			now.UTC().Format(time.RFC3339))
	}
	return p
}

func (f *fields) listName() string {
	const example = `"PremiumTierSubscribers"`
	s, given := f.requiredText("list_name", example)
	s = strings.TrimSpace(s)
	if given && s == "" {
		f.add("list_name", "is empty: ask the user; it looks like %s", example)
	}
	f.checkLabel("list_name", s)
	return s
}

// startedCampaign is the result of create_campaign.
type startedCampaign struct {
	ID           clerkapi.ID `json:"id,omitzero"`
	Name         string      `json:"name,omitzero"`
	Status       string      `json:"status,omitzero"`
	Sender       string      `json:"sender"`
	ListName     string      `json:"list_name"`
	ScheduledFor time.Time   `json:"scheduled_for,omitzero"`
	InboxID      clerkapi.ID `json:"inbox_id,omitzero"`
	Created      time.Time   `json:"created,omitzero"`
}

func (r *createCampaign) do(ctx context.Context, api *clerkapi.Client) (answer, error) {
	c, response, err := api.Campaigns.Create(ctx, &r.body)
	if c == nil {
		return answer{response: response}, err
	}
	return answer{
		value: startedCampaign{
			ID: c.ID, Name: c.Name, Status: c.Status, Sender: r.body.Sender, ListName: r.body.ListName,
			ScheduledFor: r.body.Timestamp, InboxID: c.InboxID, Created: c.Created,
		},
		response: response, id: string(c.ID), status: c.Status,
	}, err
}

// unsupported tells what else than an unknown list a 404 or 405 may mean: that there is a time to
// send at is not documented for the API.
func (r *createCampaign) unsupported() string {
	if r.body.Timestamp.IsZero() {
		return ""
	}
	return "It may also be that this Clerk Chat API takes no campaigns with a timestamp, which is not documented for it. " +
		"Without timestamp the campaign would go out at once: ask the user before doing that."
}
