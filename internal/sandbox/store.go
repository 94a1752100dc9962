package sandbox

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"
)

// store is a team with all it has. It knows nothing of HTTP and takes no lock: its owner does.
//
// Every use begins with advance, so that one request sees one time.
type store struct {
	team     team
	sequence *int64        // shared by all teams
	every    time.Duration // how long a message stays in one state
	present  time.Time

	numbers   []number
	messages  []*message // in the order they were committed
	contacts  []*contact // in the order they were created
	lists     map[string][]string
	campaigns []*campaign // those still to be carried out

	nextMessage, nextCampaign, nextCampaignMessage int64
	contactsMade                                   int
}

// number is a phone number of the team, with its inbox.
type number struct {
	phone, inbox, channel string
}

func newNumber(phone, inbox string) number {
	return number{phone: phone, inbox: inbox, channel: uuid("channel", phone)}
}

// Every error of the store is one of these, with a text for the client: a value the API does not accept, and something
// that is not there.
type (
	invalidError string
	missingError string
)

func (e invalidError) Error() string { return string(e) }
func (e missingError) Error() string { return string(e) }

// advance moves the store to a time and carries out what is due by then, in the order it was due.
func (st *store) advance(now time.Time) {
	st.present = now
	slices.SortStableFunc(st.campaigns, func(a, b *campaign) int { return a.due.Compare(b.due) })
	for len(st.campaigns) > 0 && !st.campaigns[0].due.After(now) {
		due := st.campaigns[0]
		st.campaigns = st.campaigns[1:]
		st.carryOut(due)
	}
}

func (st *store) number(phone string) (number, bool) {
	i := slices.IndexFunc(st.numbers, func(n number) bool { return n.phone == phone })
	if i < 0 {
		return number{}, false
	}
	return st.numbers[i], true
}

// uuid derives a UUID (version 5 in form) from words, so that the same run has the same ids.
func uuid(words ...string) string {
	b := sha256.Sum256([]byte(strings.Join(words, "\x00")))
	b[6] = b[6]&0x0f | 0x50
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
