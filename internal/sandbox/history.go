package sandbox

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// pastConversations is how many people a made history is with.
const pastConversations = 40

// wantedHistory is what a history is made of.
type wantedHistory struct {
	Team     string `json:"team"`
	Number   string `json:"number"` // of the team; its first unless named
	Messages int    `json:"messages"`
	Every    string `json:"every"` // from one to the next; a minute unless given
}

// makeHistory adds messages that were there before: every third was received. Their ids go on from
// the last one, as those of a team that moved to Clerk Chat.
func (s *Sandbox) makeHistory(w http.ResponseWriter, r *http.Request) {
	var want wantedHistory
	err := readControl(w, r, &want, "team, number, messages, every")
	every, errEvery := time.ParseDuration(cmp.Or(want.Every, "1m"))
	switch {
	case err != nil:
	case want.Messages < 1 || want.Messages > mostMade:
		err = fmt.Errorf("messages is %d; it must be from 1 to %d", want.Messages, mostMade)
	case errEvery != nil || every < time.Millisecond || every > 24*time.Hour:
		err = errors.New(`every must be a duration from "1ms" to "24h"`)
	}
	if err != nil {
		s.write(w, refuse(http.StatusBadRequest, err.Error()))
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st, err := s.teamNamed(want.Team)
	if err != nil {
		s.write(w, refuse(http.StatusNotFound, err.Error()))
		return
	}
	n, ok := st.number(cmp.Or(want.Number, st.numbers[0].phone))
	if !ok {
		s.write(w, refuse(http.StatusUnprocessableEntity, "number is not a phone number of this team"))
		return
	}
	st.addHistory(n, want.Messages, every)
	s.write(w, answer{http.StatusCreated, map[string]any{"messages": want.Messages}})
}

func (st *store) addHistory(n number, count int, every time.Duration) {
	for i := range count {
		contact := fmt.Sprintf("+1415555%04d", 2000+i%pastConversations)
		m := &message{
			at: st.present.Add(-time.Duration(count-i) * every), number: n, sender: n.phone, members: []string{contact},
			senderType: clerkapi.SenderTypeUser, body: fmt.Sprintf("Message %d of %d.", i+1, count), history: true,
		}
		if i%3 == 2 {
			m.sender, m.inbound = contact, true
		}
		st.keep(m)
	}
}
