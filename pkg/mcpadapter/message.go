package mcpadapter

import (
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter/internal/args"
)

// message is one message in a result: what a reader needs of it, flat.
type message struct {
	ID             clerkapi.ID            `json:"id"`
	ConversationID clerkapi.ID            `json:"conversation_id,omitzero"`
	InboxID        clerkapi.ID            `json:"inbox_id,omitzero"`
	CampaignID     clerkapi.ID            `json:"campaign_id,omitzero"`
	Inbound        bool                   `json:"inbound"`
	Sender         string                 `json:"sender"`
	SenderType     clerkapi.SenderType    `json:"sender_type,omitzero"`
	SentByName     string                 `json:"sent_by_name,omitzero"`
	Members        []string               `json:"members,omitempty"`
	Body           string                 `json:"body"`
	Status         clerkapi.MessageStatus `json:"status,omitzero"`
	Error          string                 `json:"error,omitzero"`
	ErrorCode      clerkapi.ID            `json:"error_code,omitzero"`
	Segments       int                    `json:"segments,omitzero"`
	Seen           bool                   `json:"seen"`
	Timestamp      time.Time              `json:"timestamp,omitzero"`
}

func messageOf(m *clerkapi.Message) message {
	return message{
		ID: m.ID, ConversationID: m.ConversationID, InboxID: m.InboxID, CampaignID: m.CampaignID, Inbound: m.Inbound,
		Sender: args.WithPlus(m.Sender), SenderType: m.SenderType, SentByName: m.SentByName, Members: withPlus(m.Members), Body: m.Body,
		Status: m.Status, Error: m.Error, ErrorCode: m.ErrorCode, Segments: max(m.Segments, 0), Seen: m.Seen,
		Timestamp: m.Timestamp,
	}
}

// withPlus are members as they can be sent to.
func withPlus(members []string) []string {
	shown := make([]string, len(members))
	for i, m := range members {
		shown[i] = args.WithPlus(m)
	}
	return shown
}

func messageSchema() *jsonschema.Schema {
	return open("One message.",
		required("id", text("Id of the message.")),
		optional("conversation_id", text("Id of its conversation.")),
		optional("inbox_id", text("Id of its inbox.")),
		optional("campaign_id", text("Id of the campaign it belongs to.")),
		required("inbound", boolean("True if it was received, false if it was sent.")),
		required("sender", text("Number or identifier of who wrote it.")),
		optional("sender_type", text("Kind of sender: user, assistant, ai_pipeline, workflow, campaign or campaign_message.")),
		optional("sent_by_name", text("Name shown for who sent it.")),
		optional("members", list("Numbers and identifiers that take part in the conversation.",
			text("One number or identifier."))),
		required("body", text("The text.")),
		optional("status", text("Where it is on its way: sending, scheduled, sent, delivered, failed or read.")),
		optional("error", text("Why it failed.")),
		optional("error_code", text("Code of the failure.")),
		optional("segments", integer("SMS segments it took.", minimum(1))),
		required("seen", boolean("True once somebody looked at it.")),
		optional("timestamp", text("When it was sent or received.", format("date-time"))),
	)
}
