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
	team    team
	every   time.Duration // how long a message stays in one state
	present time.Time

	numbers   []number
	messages  []*message // in the order they were committed
	contacts  []*contact // in the order they were created
	lists     map[string][]string
	optedOut  map[string]bool // by whom an address reaches
	campaigns []*campaign     // in the order they were taken
	pending   []pending       // what is still to be carried out, the next first

	shared

	second   time.Time // in which requests were counted
	requests int
}

// shared is what a store has, but does not own.
type shared struct {
	*counters
	sequence *int64    // shared by all teams
	settings *settings // shared by all teams
}

// counters are the ids that come next. They outlive the store: an id means one thing for ever.
type counters struct {
	nextMessage, nextCampaign, nextCampaignMessage, nextContact int64
}

// number is a phone number of the team, with its inbox.
type number struct {
	phone, inbox, channel string
}

func newNumber(phone, inbox string) number {
	return number{phone: phone, inbox: inbox, channel: uuid("channel", phone)}
}

// Every error of the store is one of these, with a text for the client: a value the API does not
// accept, and something that is not there.
type (
	invalidError string
	missingError string
)

func (e invalidError) Error() string { return string(e) }
func (e missingError) Error() string { return string(e) }

// pending is what the store does by itself when it is due.
type pending struct {
	due      time.Time
	carryOut func()
}

// later puts something in line, behind what is due at the same time.
func (st *store) later(due time.Time, carryOut func()) {
	after := func(p pending) bool { return p.due.After(due) }
	i := slices.IndexFunc(st.pending, after)
	if i < 0 {
		i = len(st.pending)
	}
	st.pending = slices.Insert(st.pending, i, pending{due, carryOut})
}

// advance moves the store to a time and carries out what is due by then, in the order it was due,
// each as of its time.
func (st *store) advance(now time.Time) {
	for len(st.pending) > 0 && !st.pending[0].due.After(now) {
		next := st.pending[0]
		st.pending = st.pending[1:]
		st.present = next.due
		next.carryOut()
	}
	st.present = now
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
