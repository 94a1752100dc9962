package sandbox

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// message is a message as the store keeps it. What depends on the time of reading is worked out by
// wire.
type message struct {
	id         int64
	seq        int64     // counts what all teams committed
	at         time.Time // when it was committed
	number     number    // the team's number it belongs to
	sender     string
	senderType clerkapi.SenderType
	members    []string
	body       string
	mediaURLs  []string
	sentByName string
	segments   int
	ending     ending

	campaign        int64
	campaignMessage int64

	history         bool // was there before anybody used the sandbox
	inbound, unseen bool
	settled         bool // has arrived, and does not change
	automatic       bool // answers a word such as HELP; nobody sent it through the API
}

// ending is how a message ends.
type ending struct {
	errText string // empty: delivered
	code    int64
	at      int // the step in which it fails
}

var (
	optedOut    = ending{errText: "Recipient opted out", code: 21610, at: 0}
	unreachable = ending{errText: "Unreachable destination handset", code: 30003, at: 2}
)

// wireMessage is a message in REST. The models of clerkapi read more than the API writes (ids of
// either type) and so cannot write what it does.
type wireMessage struct {
	ID                int64                  `json:"id"`
	Body              string                 `json:"body"`
	ConversationID    string                 `json:"conversationId"`
	UserID            string                 `json:"userId,omitempty"`
	CampaignMessageID int64                  `json:"campaignMessageId,omitempty"`
	CampaignID        int64                  `json:"campaignId,omitempty"`
	ChannelID         string                 `json:"channelId"`
	InboxID           string                 `json:"inboxId"`
	Inbound           bool                   `json:"inbound"`
	Members           []string               `json:"members"`
	Sender            string                 `json:"sender"`
	SenderType        clerkapi.SenderType    `json:"senderType"`
	Status            clerkapi.MessageStatus `json:"status"`
	Error             *string                `json:"error"`
	ErrorCode         int64                  `json:"errorCode,omitempty"`
	SentByName        string                 `json:"sentByName,omitempty"`
	ExternalID        string                 `json:"externalId"`
	Seen              bool                   `json:"seen"`
	Segments          int                    `json:"segments"`
	Timestamp         time.Time              `json:"timestamp"`
	Created           time.Time              `json:"created"`
	Updated           time.Time              `json:"updated"`
}

func (st *store) wire(m *message) wireMessage {
	w := wireMessage{
		ID: m.id, Body: m.body, ConversationID: conversation(m.number.phone, m.members), ChannelID: m.number.channel,
		InboxID: m.number.inbox, Inbound: m.inbound, Members: m.members, Sender: m.sender, SenderType: m.senderType,
		CampaignID: m.campaign, CampaignMessageID: m.campaignMessage, SentByName: m.sentByName,
		ExternalID: fmt.Sprintf("SM%032x", m.id), Seen: !m.unseen, Segments: m.segments,
		Timestamp: m.at, Created: m.at, Updated: m.at,
	}
	if !m.inbound {
		w.UserID = st.team.user
	}
	if m.history || m.settled {
		w.Status = clerkapi.MessageStatusDelivered
		return w
	}

	way := []clerkapi.MessageStatus{
		clerkapi.MessageStatusSending, clerkapi.MessageStatusSent, clerkapi.MessageStatusDelivered,
	}
	if m.ending.errText != "" {
		way = append(way[:m.ending.at], clerkapi.MessageStatusFailed)
	}
	step := int(max(0, min(st.present.Sub(m.at)/st.every, time.Duration(len(way)-1))))
	w.Status, w.Updated = way[step], m.at.Add(time.Duration(step)*st.every)
	if w.Status == clerkapi.MessageStatusFailed {
		w.Error, w.ErrorCode = &m.ending.errText, m.ending.code
	}
	return w
}

func conversation(number string, members []string) string {
	return uuid("conversation", number, strings.Join(slices.Sorted(slices.Values(members)), " "))
}

// send commits one message.
func (st *store) send(req clerkapi.SendMessageRequest) (wireMessage, error) {
	n, err := st.from(req.Sender, req.Body, req.MediaURLs)
	if err != nil {
		return wireMessage{}, err
	}
	if i := slices.Index(req.Recipients, ""); i >= 0 {
		return wireMessage{}, invalidError(fmt.Sprintf("recipients.%d should not be empty", i))
	}
	if err := st.checkSend(req); err != nil {
		return wireMessage{}, err
	}
	return st.wire(st.commit(&message{
		at: st.present, number: n, sender: n.phone, senderType: clerkapi.SenderTypeUser, members: req.Recipients,
		body: req.Body, mediaURLs: req.MediaURLs, sentByName: req.SentByName,
	})), nil
}

// from checks what messages and campaigns have in common and finds the number they go out from.
func (st *store) from(sender, body string, mediaURLs []string) (number, error) {
	n, ok := st.number(sender)
	if !ok {
		return number{}, invalidError("sender is not a phone number of this team")
	}
	if body == "" && len(mediaURLs) == 0 {
		return number{}, invalidError("body should not be empty when there are no mediaUrls")
	}
	if slices.Contains(mediaURLs, "") {
		return number{}, invalidError("each value in mediaUrls should not be empty")
	}
	return n, nil
}

// commit keeps a message that goes out.
func (st *store) commit(m *message) *message {
	m.ending = st.endingOf(m.members)
	return st.keep(m)
}

// keep gives a message its id.
func (st *store) keep(m *message) *message {
	m.id, m.segments = st.nextMessage, segments(m.body)
	if len(m.mediaURLs) > 0 {
		m.segments = 1 // an MMS is one, however long its text
	}
	st.nextMessage++
	*st.sequence++
	m.seq = *st.sequence
	st.messages = append(st.messages, m)
	return m
}

func (st *store) endingOf(members []string) ending {
	if slices.ContainsFunc(members, func(m string) bool { return st.optedOut[reached(m)] }) {
		return optedOut
	}
	if slices.Contains(members, Unreachable) {
		return unreachable
	}
	return ending{}
}

// committed lists what was sent through the API, in order.
func (st *store) committed() []*message {
	return slices.DeleteFunc(slices.Clone(st.messages), func(m *message) bool { return m.history || m.inbound || m.automatic })
}

// messageQuery selects messages. Zero times and no inboxes do not restrict it.
type messageQuery struct {
	inboxes    []string
	start, end time.Time
	limit      int // at least 1
	page       int // at least 1
}

// find answers one page of the messages that match, newest first, and how many match in all.
func (st *store) find(q messageQuery) (page []*message, total int) {
	var all []*message
	for _, m := range st.messages {
		if len(q.inboxes) > 0 && !slices.Contains(q.inboxes, m.number.inbox) ||
			!q.start.IsZero() && m.at.Before(q.start) ||
			!q.end.IsZero() && m.at.After(q.end) {
			continue
		}
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b *message) int { return cmp.Or(b.at.Compare(a.at), cmp.Compare(b.id, a.id)) })
	if q.page-1 > len(all)/q.limit {
		return nil, len(all) // far beyond; the product below would not fit
	}
	from := min(len(all), (q.page-1)*q.limit)
	return all[from:min(len(all), from+q.limit)], len(all)
}
