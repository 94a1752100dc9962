package mcpadapter

import (
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter/internal/args"
)

// message is one message in a result: what a reader needs of it, flat, without what is as usual and
// without what its conversation says of all its messages.
type message struct {
	ID             clerkapi.ID            `json:"id"`
	ConversationID clerkapi.ID            `json:"-"`
	Timestamp      time.Time              `json:"timestamp,omitzero"`
	Inbound        bool                   `json:"inbound,omitzero"`
	Sender         string                 `json:"sender,omitzero"`
	Members        []string               `json:"members,omitempty"`
	InboxID        clerkapi.ID            `json:"inbox_id,omitzero"`
	CampaignID     clerkapi.ID            `json:"campaign_id,omitzero"`
	SenderType     clerkapi.SenderType    `json:"sender_type,omitzero"`
	SentByName     string                 `json:"sent_by_name,omitzero"`
	Body           string                 `json:"body"`
	LeftOut        int                    `json:"characters_left_out,omitzero"`
	Media          []string               `json:"media,omitempty"`
	Status         clerkapi.MessageStatus `json:"status,omitzero"`
	Error          string                 `json:"error,omitzero"`
	ErrorCode      clerkapi.ID            `json:"error_code,omitzero"`
	Segments       int                    `json:"segments,omitzero"`
	Unseen         bool                   `json:"unseen,omitzero"`
}

// The most bytes of what is not a body, and entries of lists, of one message: more than there are
// in earnest.
const (
	maxIDShown, maxTextShown, maxURLShown = 100, 300, 1_000
	maxListShown                          = 20
)

func messageOf(m *clerkapi.Message) message {
	shown := message{
		ID: idShown(m.ID), ConversationID: idShown(m.ConversationID), InboxID: idShown(m.InboxID), CampaignID: idShown(m.CampaignID),
		Timestamp: m.Timestamp, Inbound: m.Inbound, Sender: cut(args.WithPlus(m.Sender), maxTextShown), Members: withPlus(m.Members),
		SentByName: cut(m.SentByName, maxTextShown), Body: m.Body, Media: listShown(m.MediaURLs, maxURLShown),
		Error: cut(m.Error, maxTextShown), ErrorCode: idShown(m.ErrorCode), Unseen: m.Inbound && !m.Seen,
	}
	if m.SenderType != clerkapi.SenderTypeUser && !m.Inbound {
		shown.SenderType = clerkapi.SenderType(cut(string(m.SenderType), maxIDShown))
	}
	switch {
	case !m.Inbound && m.Status == "":
		shown.Status = "unknown"
	case !m.Inbound && m.Status != clerkapi.MessageStatusDelivered, m.Status == clerkapi.MessageStatusFailed:
		shown.Status = clerkapi.MessageStatus(cut(string(m.Status), maxIDShown))
	}
	if m.Segments > 1 {
		shown.Segments = m.Segments
	}
	return shown
}

func idShown(id clerkapi.ID) clerkapi.ID { return clerkapi.ID(cut(string(id), maxIDShown)) }

// listShown is the beginning of a list.
func listShown(list []string, most int) []string {
	var shown []string
	for _, s := range list[:min(len(list), maxListShown)] {
		shown = append(shown, cut(s, most))
	}
	return shown
}

// withPlus are members as they can be sent to.
func withPlus(members []string) []string {
	shown := listShown(members, maxTextShown)
	for i, m := range shown {
		shown[i] = args.WithPlus(m)
	}
	return shown
}

func messageSchema() *jsonschema.Schema {
	return open("One message.",
		required("id", text("Id of the message.")),
		optional("timestamp", text("When it was sent or received.", format("date-time"))),
		optional("inbound", boolean("True if it was received; left out if it was sent.")),
		optional("sender", text("Who wrote it, if not the conversation's sent_from or received_from.")),
		optional("members", list("Who takes part, if not said of the conversation.", text("One number or identifier."))),
		optional("inbox_id", text("Id of its inbox, if not the conversation's.")),
		optional("campaign_id", text("Id of the campaign it belongs to.")),
		optional("sender_type", text("Kind of sender, if not user: assistant, ai_pipeline, workflow, campaign or campaign_message.")),
		optional("sent_by_name", text("Name shown for who sent it.")),
		required("body", text("The text.")),
		optional("characters_left_out", integer("How many characters are missing at the end of body.", minimum(1))),
		optional("media", list("Media that came with it.", text("URL of one file."))),
		optional("status", text("Where a sent one is on its way, if not delivered: sending, scheduled, sent, failed, read or unknown.")),
		optional("error", text("Why it failed.")),
		optional("error_code", text("Code of the failure.")),
		optional("segments", integer("SMS segments it took, if more than one.", minimum(2))),
		optional("unseen", boolean("True if it was received and nobody looked at it yet.")),
	)
}
