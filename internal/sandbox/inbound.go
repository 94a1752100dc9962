package sandbox

import (
	"net/http"
	"slices"
	"strings"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// inbound is a message that somebody writes to a team.
type inbound struct {
	From      string   `json:"from"`
	To        string   `json:"to"`
	Body      string   `json:"body"`
	MediaURLs []string `json:"mediaUrls"`
}

// Words that carriers and platforms understand, alone and in either case.
var (
	stopWords  = []string{"STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"}
	startWords = []string{"START", "YES", "UNSTOP"}
	helpWords  = []string{"HELP", "INFO"}
)

// What is answered to them.
const (
	stopReply  = "You are unsubscribed and will receive no further messages. Reply START to resubscribe."
	startReply = "You are resubscribed. Reply HELP for help, STOP to unsubscribe."
	helpReply  = "This is a simulated Clerk Chat. Reply STOP to unsubscribe."
)

// receiveInbound takes a message to one of the teams' numbers.
func (s *Sandbox) receiveInbound(w http.ResponseWriter, r *http.Request) {
	var in inbound
	if err := readControl(w, r, &in, "from, to, body, mediaUrls"); err != nil {
		s.write(w, refuse(http.StatusBadRequest, err.Error()))
		return
	}
	s.mu.Lock()
	a := s.takeInbound(in)
	s.mu.Unlock()
	s.write(w, a)
}

func (s *Sandbox) takeInbound(in inbound) answer {
	for _, t := range s.teams {
		st := s.stores[t.name]
		n, ok := st.number(in.To)
		if !ok {
			continue
		}
		st.advance(s.present())
		got, replies, err := st.receive(n, in)
		if err != nil {
			return refuseFor(err)
		}
		shown := []wireMessage{}
		for _, m := range replies {
			shown = append(shown, st.wire(m))
		}
		return answer{http.StatusCreated, map[string]any{"message": st.wire(got), "replies": shown}}
	}
	return refuse(http.StatusUnprocessableEntity, "to is not a phone number of any team")
}

// receive keeps a message and does what it asks for, if it is one of the words.
func (st *store) receive(n number, in inbound) (got *message, replies []*message, err error) {
	var p problems
	switch {
	case !isAddress(in.From):
		p.add("from must be a valid phone number")
	case in.From == in.To:
		p.add("from must not be the number it is sent to")
	}
	if in.Body == "" && len(in.MediaURLs) == 0 {
		p.add("body should not be empty when there are no mediaUrls")
	}
	if len(p) > 0 {
		return nil, nil, p
	}
	got = st.keep(&message{
		at: st.present, number: n, sender: in.From, senderType: clerkapi.SenderTypeUser, members: []string{in.From},
		body: in.Body, mediaURLs: in.MediaURLs, inbound: true, unseen: true, settled: true,
	})
	word := strings.ToUpper(strings.TrimSpace(in.Body))
	reply := ""
	switch {
	case slices.Contains(stopWords, word):
		if !st.optedOut[reached(in.From)] { // carriers confirm once
			reply = stopReply
		}
		st.optOut(in.From, true)
	case slices.Contains(startWords, word):
		if st.optedOut[reached(in.From)] {
			reply = startReply
		}
		st.optOut(in.From, false)
	case slices.Contains(helpWords, word):
		reply = helpReply
	}
	if reply != "" {
		replies = append(replies, st.keep(&message{
			at: st.present, number: n, sender: n.phone, senderType: clerkapi.SenderTypeWorkflow, members: []string{in.From},
			body: reply, automatic: true,
		}))
	}
	return got, replies, nil
}

// reached is whom an address reaches: on WhatsApp it is the same person as by text.
func reached(address string) string {
	if number, ok := onWhatsApp(address); ok {
		return number
	}
	return address
}

// optOut keeps whether somebody declined messages, whether there is a contact or not.
func (st *store) optOut(address string, declined bool) {
	if declined {
		st.optedOut[reached(address)] = true
	} else {
		delete(st.optedOut, reached(address))
	}
	for i, c := range st.contacts {
		if reached(c.phone()) != reached(address) || c.OptOut == declined {
			continue
		}
		changed := *c // others may hold the contact as it was
		changed.OptOut, changed.Updated = declined, st.present
		st.contacts[i] = &changed
	}
}
