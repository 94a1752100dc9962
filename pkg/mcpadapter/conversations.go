package mcpadapter

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// conversation is the messages of a page that belong together, with what holds for all of them.
type conversation struct {
	ID      clerkapi.ID `json:"conversation_id,omitzero"`
	InboxID clerkapi.ID `json:"inbox_id,omitzero"`
	// SentFrom and ReceivedFrom are the sender of all the messages that were sent, and that were
	// received.
	SentFrom     string    `json:"sent_from,omitzero"`
	ReceivedFrom string    `json:"received_from,omitzero"`
	Members      []string  `json:"members,omitempty"`
	Messages     []message `json:"messages"`
}

func conversationSchema() *jsonschema.Schema {
	return open("The messages of one conversation on this page.",
		optional("conversation_id", text("Id of the conversation.")),
		optional("inbox_id", text("Id of its inbox.")),
		optional("sent_from", text("Number or identifier that its sent messages came from.")),
		optional("received_from", text("Number or identifier that its received messages came from.")),
		optional("members", list("Numbers and identifiers that take part, if others than sent_from and received_from.",
			text("One number or identifier."))),
		required("messages", list("Its messages, the newest first.", messageSchema())),
	)
}

// newestFirst sorts what has a time, and keeps one message for each id.
func newestFirst(messages []message) []message {
	seen := map[clerkapi.ID]bool{}
	messages = slices.DeleteFunc(messages, func(m message) bool {
		twice := m.ID != "" && seen[m.ID]
		seen[m.ID] = true
		return twice
	})
	slices.SortStableFunc(messages, func(a, b message) int { return b.Timestamp.Compare(a.Timestamp) })
	return messages
}

// byConversation groups messages, in the order of the newest of each conversation. Of a body at
// most so many characters are kept.
func byConversation(messages []message, mostOfBody int) []conversation {
	all := []conversation{}
	index := map[string]int{}
	for _, m := range messages {
		key := "id " + string(m.ConversationID)
		if m.ConversationID == "" {
			key = "of " + m.Sender + " " + strings.Join(m.Members, " ")
		}
		i, known := index[key]
		if !known {
			i = len(all)
			index[key] = i
			all = append(all, conversation{ID: m.ConversationID})
		}
		m.Body, m.LeftOut = beginning(m.Body, mostOfBody)
		all[i].Messages = append(all[i].Messages, m)
	}
	for i := range all {
		all[i].hoist()
	}
	return all
}

// beginning is the beginning of a text, and how many characters are left out.
func beginning(s string, most int) (shown string, leftOut int) {
	if utf8.RuneCountInString(s) <= most {
		return s, 0
	}
	end := 0
	for range most {
		_, size := utf8.DecodeRuneInString(s[end:])
		end += size
	}
	return s[:end], utf8.RuneCountInString(s[end:])
}

// hoist says once what holds for all messages.
func (c *conversation) hoist() {
	c.SentFrom, c.ReceivedFrom = c.sender(false), c.sender(true)
	first := c.Messages[0]
	all := func(is func(m message) bool) bool {
		return !slices.ContainsFunc(c.Messages, func(m message) bool { return !is(m) })
	}
	ofOneInbox := all(func(m message) bool { return m.InboxID == first.InboxID })
	if ofOneInbox {
		c.InboxID = first.InboxID
	}
	// Whoever takes part may be told with or without the one who wrote the message.
	ofTwo := all(func(m message) bool { return c.isBetweenTwo(m.Members) })
	ofTheSame := all(func(m message) bool { return sameMembers(m.Members, first.Members) })
	if ofTheSame && !ofTwo {
		c.Members = first.Members
	}
	for i := range c.Messages {
		m := &c.Messages[i]
		if ofOneInbox {
			m.InboxID = ""
		}
		if ofTheSame || ofTwo {
			m.Members = nil
		}
		if m.Inbound && c.ReceivedFrom != "" || !m.Inbound && c.SentFrom != "" {
			m.Sender = ""
		}
	}
}

// sender is who wrote all the messages of one direction, "" if there are several.
func (c *conversation) sender(inbound bool) string {
	sender := ""
	for i := range c.Messages {
		switch m := &c.Messages[i]; {
		case m.Inbound != inbound:
		case sender != "" && m.Sender != sender:
			return ""
		default:
			sender = m.Sender
		}
	}
	return sender
}

// isBetweenTwo tells whether members are nobody but the two who wrote.
func (c *conversation) isBetweenTwo(members []string) bool {
	return !slices.ContainsFunc(members, func(m string) bool { return m != c.SentFrom && m != c.ReceivedFrom })
}

func sameMembers(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}
