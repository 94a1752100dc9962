package sandbox

import (
	"strconv"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/sandbox/provider"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// What every sandbox starts with.
const (
	Key     = "sandbox-key"                          // the team's API key
	Sender  = "+15551234567"                         // the team's first number
	Inbox   = "5d0e8d03-d09f-47e5-8017-4d00cbf737f4" // the inbox of Sender
	Sender2 = "+15557654321"                         // the team's other number
	Inbox2  = "c3a5f0de-6b1c-4e52-9a77-2f8d1b90e6a4" // the inbox of Sender2

	SenderWhatsApp = "whatsapp:+15557778888"                // the team's identity on WhatsApp
	InboxWhatsApp  = "e2b7c6a1-5d43-4f0b-8c19-6a0f3d92b7e5" // the inbox of SenderWhatsApp

	List        = "PremiumTierSubscribers" // a list of three contacts
	OptedOut    = "+14155550199"           // a contact that declined messages
	Unreachable = "+14155550000"           // a number that no carrier reaches
)

// The second team, whose only person is not on the first.
const (
	KeyGlobex    = "sandbox-key-globex"                   // its API key
	SenderGlobex = "+15553334444"                         // its number
	InboxGlobex  = "9a41c7e2-38f5-4b0d-a6c3-71de50b28f19" // the inbox of SenderGlobex
	ListGlobex   = "GlobexCustomers"                      // a list of two contacts
)

// The client that relying parties sign people in with at BaseURL plus /oidc.
const (
	ClientID     = provider.ClientID
	ClientSecret = provider.ClientSecret
)

// Where ids start: messages where [Options].FirstID says, the others this much before.
const (
	leastFirstID        = 1001
	beforeHistory       = 100
	beforeCampaign      = 700
	beforeCampaignParts = 500
)

// teamOffset is between the ids of one team and the next.
const teamOffset = 1_000_000_000_000_000

// idsBegan is when ids that derive from the time began.
var idsBegan = time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC)

// firstIDAt is where ids of a sandbox begin that starts now: ten thousand further on for every
// second since the last start, so that none is given twice over restarts.
func firstIDAt(now time.Time) int64 {
	return max(leastFirstID, int64(now.Sub(idsBegan)/(100*time.Microsecond)))
}

func newCounters(first int64) *counters {
	return &counters{
		nextMessage: first, nextCampaign: first - beforeCampaign, nextCampaignMessage: first - beforeCampaignParts,
		nextContact: first,
	}
}

// team is what makes one team another than the next.
type team struct {
	name, key string
	id, user  string   // as REST has them
	words     []string // what derived ids begin with; none in the first team
	offset    int64    // what is added to where ids start
	numbers   []number
	list      string
	contacts  []person // on the list
	optedOut  []person // not on it
	history   func(st *store, firstID int64)
}

type person struct{ name, email, phone string }

// teams are all teams. The first one is shown without its name.
func teams() []team {
	return []team{{
		name: provider.Acme, key: Key, id: "1", user: "1",
		numbers: []number{newNumber(Sender, Inbox), newNumber(Sender2, Inbox2), newNumber(SenderWhatsApp, InboxWhatsApp)},
		list:    List,
		contacts: []person{
			{"Ava Chen", "ava.chen@example.com", "+14155550101"},
			{"Ben Ortiz", "ben.ortiz@example.com", "+14155550102"},
			{"Chloe Dubois", "chloe.dubois@example.com", "+14155550103"},
		},
		optedOut: []person{{"Dan Novak", "dan.novak@example.com", OptedOut}},
		history:  (*store).seedHistory,
	}, {
		name: provider.Globex, key: KeyGlobex, id: "2", user: "2", words: []string{provider.Globex}, offset: teamOffset,
		numbers: []number{newNumber(SenderGlobex, InboxGlobex)},
		list:    ListGlobex,
		contacts: []person{
			{"Gita Rao", "gita.rao@example.com", "+14155550151"},
			{"Hugo Lind", "hugo.lind@example.com", "+14155550152"},
		},
	}}
}

// newStore is a team as it starts, with history from an id on if that is not 0.
func newStore(t team, every time.Duration, now time.Time, in shared, history int64) *store {
	st := &store{
		team: t, every: every, present: now, numbers: t.numbers, lists: make(map[string][]string),
		optedOut: make(map[string]bool), shared: in,
	}
	seeded := 0
	seed := func(f clerkapi.ContactFields) *contact { // the same ids in every sandbox
		seeded++
		return st.addContactAs(strconv.Itoa(seeded), f)
	}
	for _, c := range t.contacts {
		added := seed(clerkapi.ContactFields{
			Name: c.name, Email: c.email, Phone: c.phone, Public: new(true), Data: map[string]any{"tier": "premium"},
		})
		st.lists[t.list] = append(st.lists[t.list], added.ID)
	}
	for _, c := range t.optedOut {
		st.optedOut[c.phone] = true
		seed(clerkapi.ContactFields{Name: c.name, Email: c.email, Phone: c.phone, Public: new(true)})
	}
	if history != 0 && t.history != nil {
		t.history(st, history)
	}
	return st
}

// seedHistory adds messages that were there before anybody used the sandbox.
func (st *store) seedHistory(firstID int64) {
	const ava, ben, jane = "+14155550101", "+14155550102", "+15559876543"
	for i, h := range []struct {
		ago     time.Duration
		number  string
		contact string
		inbound bool
		unseen  bool
		body    string
	}{
		{ago: 72 * time.Hour, number: Sender, contact: ava, body: "Hi Ava, your order 1042 has shipped."},
		{ago: 71 * time.Hour, number: Sender, contact: ava, inbound: true, body: "Great, thank you!"},
		{ago: 50 * time.Hour, number: Sender, contact: ben, inbound: true, body: "Are you open on Saturday?"},
		{ago: 49 * time.Hour, number: Sender, contact: ben, body: "Yes, from 9 to 4."},
		{ago: 48 * time.Hour, number: Sender, contact: ben, inbound: true, body: "Perfect, see you then 👍"},
		{ago: 30 * time.Hour, number: Sender, contact: jane, body: "Reminder: your appointment is tomorrow at 2pm."},
		{ago: 29 * time.Hour, number: Sender, contact: jane, inbound: true, body: "Can we make it 3pm?"},
		{ago: 28 * time.Hour, number: Sender, contact: jane, body: "3pm works. You are booked."},
		{ago: 26 * time.Hour, number: Sender2, contact: ava, body: "Your invoice for May is ready."},
		{ago: 25 * time.Hour, number: Sender2, contact: ava, inbound: true, body: "Paid, please confirm."},
		{ago: 6 * time.Hour, number: Sender, contact: ava, inbound: true, body: "Do you have the blue one in stock?"},
		{ago: 5 * time.Hour, number: Sender, contact: ava, body: "We do. Shall we put one aside for you?"},
		{ago: 4 * time.Hour, number: Sender, contact: ava, inbound: true, body: "Yes please, until Friday."},
		{ago: 20 * time.Minute, number: Sender, contact: ben, inbound: true, unseen: true, body: "Is my repair ready?"},
	} {
		n, _ := st.number(h.number)
		m := &message{
			id: firstID + int64(i), at: st.present.Add(-h.ago), number: n, sender: h.number,
			members: []string{h.contact}, body: h.body, segments: segments(h.body),
			senderType: clerkapi.SenderTypeUser, history: true, inbound: h.inbound, unseen: h.unseen,
		}
		if h.inbound {
			m.sender = h.contact
		}
		st.messages = append(st.messages, m)
	}
}
