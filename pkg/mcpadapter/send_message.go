package mcpadapter

import (
	"context"
	"fmt"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter/internal/args"
)

func sendMessageTool(s setting) *tool {
	return &tool{
		name: "send_message", operation: "sendMessage", route: "POST /public/messages", effect: creates,
		scope: ScopeSendMessages,
		words: words{
			nothing: "Nothing was sent.",
			thing:   "the message",
			done:    "was taken for sending",
			unknown: "The message may have been sent, or may still go out.",
			look: "Do not send it again blindly: " + s.told("first look with get_messages for a message from this sender since just "+
				"before this call (start), and send again only if the user agrees.", "get_messages") +
				when(!s.has("get_messages"), "have the user check in Clerk Chat first."),
			missing: "Check sender and recipients: the sender must be a number or identifier of this workspace.",
		},
		define: defineSendMessage, plan: func(f *fields, _ time.Time) plan { return planSendMessage(f, s) },
	}
}

func defineSendMessage(s setting) definition {
	return definition{
		title: "Send a text message",
		description: "Sends one SMS, or an MMS if media_urls are given, from a Clerk Chat number to one recipient or several. " +
			"A real message goes out at once, cannot be taken back, and is billed for each recipient and segment (160 " +
			"characters, or 70 with emoji or letters outside of the GSM alphabet; less in longer texts). Several recipients " +
			"in one call may become one group conversation in which all see each other's numbers: for separate messages " +
			"call once for each recipient. " + s.recipientLimit() +
			s.told("For everybody in a list use create_campaign. ", "create_campaign") + "Before calling, be sure of sender, " +
			"recipients and text. A recipient given twice gets one message.",
		// A message sent is additive, but it cannot be unsent: clients that ask before they destroy
		// should ask here.
		hints: hints{destructive: true, openWorld: true},
		input: closed("",
			required("sender", text("Clerk number to send from, in international form, or an identifier of the workspace such "+
				"as a short code.", minLength(1), examples("+15551234567"))),
			required("recipients", list("Numbers to send to, each in international form, or identifiers of another channel.",
				text("Number or identifier of one recipient.", minLength(1)), minItems(1), maxItems(s.maxRecipients),
				examples([]string{"+15559876543"}))),
			required("body", text("Text of the message, sent exactly as given.", minLength(1), maxLength(maxBody))),
			optional("media_urls", list("Media to attach (MMS): absolute http or https URLs that the carrier can fetch "+
				"without a login.", text("URL of one file.", format("uri")), maxItems(maxMediaURLs))),
			optional("sent_by_name", text("Name that Clerk Chat shows for who sent the message.", maxLength(maxLabel))),
		),
		output: open("The message as Clerk Chat took it. It is on its way"+
			s.told(": ask get_messages later whether it was delivered", "get_messages")+".",
			required("id", text("Id of the message.")),
			optional("status", text("Where it is on its way: sending, scheduled, sent, delivered, failed or read.")),
			required("sender", text("Number or identifier it is sent from.")),
			required("recipients", list("Numbers and identifiers it is sent to, as the API was given them.",
				text("Number or identifier of one recipient."))),
			optional("duplicates_removed", integer("How many recipients were given more than once and so got one message only.",
				minimum(1))),
			optional("segments", integer("SMS segments it takes, as counted by Clerk Chat.", minimum(1))),
			optional("conversation_id", text("Id of its conversation.")),
			optional("inbox_id", text("Id of its inbox"+s.told(", for inbox_ids of get_messages", "get_messages")+".")),
			optional("created", text("When Clerk Chat took it.", format("date-time"))),
		),
	}
}

// recipientLimit says in the description how many recipients there may be.
func (s setting) recipientLimit() string {
	if s.maxRecipients == 0 {
		return ""
	}
	return fmt.Sprintf("One call takes at most %d recipients. ", s.maxRecipients)
}

// sendMessage is the request of send_message.
type sendMessage struct {
	body       clerkapi.SendMessageRequest
	duplicates int
	// positions are those of the recipients in the list that was given.
	positions []int
	// These are as versions before would have sent them.
	formerSender     string
	formerRecipients []string
}

func planSendMessage(f *fields, s setting) plan {
	sender := f.sender()
	r := &sendMessage{body: clerkapi.SendMessageRequest{Sender: sender.Normal}, formerSender: former(sender)}
	f.recipients(r, s.recipientBound())
	r.body.Body = f.body()
	r.body.MediaURLs = f.mediaURLs()
	r.body.SentByName = f.label("sent_by_name", `"Jane Smith"`)
	return plan{request: r, recipients: len(r.body.Recipients), segments: countSegments(r.body.Body)}
}

// recipientBound is how many recipients one message may have: it is for people who talk to each
// other, or for one.
func (s setting) recipientBound() listBound {
	return listBound{s.maxRecipients, "recipients, who may end up in one group conversation: call once for each of them" +
		s.told(", or use create_campaign for everybody in a list", "create_campaign")}
}

// recipients sets each recipient once, in the order given, and how many there were beyond that.
func (f *fields) recipients(r *sendMessage, bound listBound) {
	seen, seenFormerly := map[string]bool{}, map[string]bool{}
	before, position := f.problems.total, -1
	given := f.texts("recipients", exampleRecipient, bound, func(path, text string) {
		position++
		a, problem := args.ParseAddress(text, args.Recipient)
		if problem.Is() {
			f.addProblem(path, problem)
			return
		}
		if a.Normal == r.body.Sender {
			f.add(path, "is the sender: nobody is texted from their own number. Leave it out, or give the number that was meant")
			return
		}
		if was := former(a); !seenFormerly[was] {
			seenFormerly[was] = true
			r.formerRecipients = append(r.formerRecipients, was)
		}
		if seen[a.Normal] {
			r.duplicates++
			return
		}
		seen[a.Normal] = true
		r.body.Recipients = append(r.body.Recipients, a.Normal)
		r.positions = append(r.positions, position)
	})
	switch {
	case f.absent("recipients"):
		f.requiredMissing("recipients", "["+exampleRecipient+"]")
	case given && len(r.body.Recipients) == 0 && f.problems.total == before:
		f.add("recipients", "is empty: ask the user whom to text; it looks like [%s]", exampleRecipient)
	}
}

// asGiven makes of the recipients that the API names those that the caller gave: duplicates were
// left out.
func (r *sendMessage) asGiven(message string) string {
	return positionsAsGiven(message, "recipients", func(sent int) (given int, known bool) {
		if sent >= len(r.positions) {
			return 0, false
		}
		return r.positions[sent], true
	})
}

// sentMessage is the result of send_message.
type sentMessage struct {
	Note              string                 `json:"note,omitzero"`
	ID                clerkapi.ID            `json:"id"`
	Status            clerkapi.MessageStatus `json:"status,omitzero"`
	Sender            string                 `json:"sender"`
	Recipients        []string               `json:"recipients"`
	DuplicatesRemoved int                    `json:"duplicates_removed,omitzero"`
	Segments          int                    `json:"segments,omitzero"`
	ConversationID    clerkapi.ID            `json:"conversation_id,omitzero"`
	InboxID           clerkapi.ID            `json:"inbox_id,omitzero"`
	Created           time.Time              `json:"created,omitzero"`
}

func (r *sendMessage) do(ctx context.Context, api *clerkapi.Client) (answer, error) {
	m, response, err := api.Messages.Send(ctx, &r.body)
	if m == nil {
		return answer{response: response}, err
	}
	return answer{value: r.sent(m), response: response, id: string(m.ID), status: string(m.Status)}, err
}

func (r *sendMessage) sent(m *clerkapi.Message) sentMessage {
	sent := sentMessage{
		ID: m.ID, Status: m.Status, Sender: r.body.Sender, Recipients: r.body.Recipients,
		DuplicatesRemoved: r.duplicates, Segments: max(m.Segments, 0), ConversationID: m.ConversationID,
		InboxID: m.InboxID, Created: m.Created,
	}
	if members := r.others(m.Members); len(members) > 0 && !r.isFor(members) {
		sent.Recipients = members
		sent.Note = "Clerk Chat says that it goes to others than were given: recipients are those it names. Tell the user."
	}
	return sent
}
