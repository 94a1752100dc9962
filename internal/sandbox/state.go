package sandbox

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// state is all that a team has.
type state struct {
	Team      string           `json:"team"`
	Now       time.Time        `json:"now"`
	Numbers   []wireNumber     `json:"numbers"`
	Messages  []controlMessage `json:"messages"` // also those received and answered by itself, the oldest first
	Contacts  []contact        `json:"contacts"`
	Campaigns []wireCampaign   `json:"campaigns"`
	Lists     []wireList       `json:"lists"`
	OptOuts   []string         `json:"optOuts"` // also of those who are not contacts
}

type wireNumber struct {
	Phone string `json:"phone"`
	Inbox string `json:"inboxId"`
}

// wireList is a list as it is shown and written.
type wireList struct {
	Team    string   `json:"team,omitempty"`
	Name    string   `json:"name"`
	Members []string `json:"members"` // ids of contacts; when writing, numbers too
}

// teamNamed is the store of a team, of the first one unless named.
func (s *Sandbox) teamNamed(name string) (*store, error) {
	if name == "" {
		name = s.teams[0].name
	}
	st, ok := s.stores[name]
	if !ok {
		return nil, fmt.Errorf("there is no such team; there are %v", slices.Sorted(maps.Keys(s.stores)))
	}
	st.advance(s.present())
	return st, nil
}

func (s *Sandbox) showState(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, err := s.teamNamed(r.URL.Query().Get("team"))
	if err != nil {
		s.write(w, refuse(http.StatusNotFound, err.Error()))
		return
	}
	all := state{
		Team: st.team.name, Now: st.present, Numbers: []wireNumber{}, Messages: []controlMessage{}, Contacts: st.searchContacts(""),
		Campaigns: []wireCampaign{}, Lists: st.wireLists(), OptOuts: slices.AppendSeq([]string{}, maps.Keys(st.optedOut)),
	}
	slices.Sort(all.OptOuts)
	for _, n := range st.numbers {
		all.Numbers = append(all.Numbers, wireNumber{n.phone, n.inbox})
	}
	messages := slices.Clone(st.messages)
	slices.SortStableFunc(messages, func(a, b *message) int { return a.at.Compare(b.at) })
	for _, m := range messages {
		all.Messages = append(all.Messages, controlMessage{wireMessage: st.wire(m), MediaURLs: m.mediaURLs})
	}
	for _, c := range st.campaigns {
		all.Campaigns = append(all.Campaigns, c.shown)
	}
	s.write(w, answer{http.StatusOK, all})
}

func (st *store) wireLists() []wireList {
	lists := []wireList{}
	for _, name := range slices.Sorted(maps.Keys(st.lists)) {
		lists = append(lists, wireList{Name: name, Members: append([]string{}, st.lists[name]...)})
	}
	return lists
}

func (s *Sandbox) showLists(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, err := s.teamNamed(r.URL.Query().Get("team"))
	if err != nil {
		s.write(w, refuse(http.StatusNotFound, err.Error()))
		return
	}
	s.write(w, answer{http.StatusOK, map[string]any{"lists": st.wireLists()}})
}

// putList makes a list, or fills it with other members.
func (s *Sandbox) putList(w http.ResponseWriter, r *http.Request) {
	var list wireList
	err := readControl(w, r, &list, "team, name, members")
	switch {
	case err != nil:
	case list.Name == "":
		err = errors.New("name should not be empty")
	case len(list.Members) > mostMade:
		err = fmt.Errorf("members must contain no more than %d elements", mostMade)
	}
	if err != nil {
		s.write(w, refuse(http.StatusBadRequest, err.Error()))
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	st, err := s.teamNamed(list.Team)
	if err != nil {
		s.write(w, refuse(http.StatusNotFound, err.Error()))
		return
	}
	if err := st.fillList(list.Name, list.Members); err != nil {
		s.write(w, refuseFor(err))
		return
	}
	s.write(w, answer{http.StatusOK, map[string]any{"lists": st.wireLists()}})
}

// fillList puts contacts on a list, named by their id or their number; a number that no contact has
// becomes one.
func (st *store) fillList(name string, members []string) error {
	var p problems
	for i, m := range members {
		if st.indexContact(m) < 0 && st.contactWith(m) == nil && !isAddress(m) {
			p.add("members.%d is neither the id of a contact nor a phone number", i)
		}
	}
	if len(p) > 0 {
		return p
	}
	ids := []string{}
	for _, m := range members {
		id := m
		if st.indexContact(m) < 0 {
			c := st.contactWith(m)
			if c == nil {
				c = st.addContact(clerkapi.ContactFields{Phone: m})
			}
			id = c.ID
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	st.lists[name] = ids
	return nil
}

// contactWith is the first contact with a number.
func (st *store) contactWith(phone string) *contact {
	i := slices.IndexFunc(st.contacts, func(c *contact) bool { return phone != "" && c.phone() == phone })
	if i < 0 {
		return nil
	}
	return st.contacts[i]
}
