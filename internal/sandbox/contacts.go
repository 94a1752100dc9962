package sandbox

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// maxBatch is how many contacts a batch may have. The real API's limit is not documented.
const maxBatch = 1000

// contact is a contact, in the store and in REST.
type contact struct {
	ID              string         `json:"id"`
	TeamID          string         `json:"teamId"`
	CreatedByUserID string         `json:"createdByUserId"`
	Name            *string        `json:"name"`
	Phone           *string        `json:"phone"`
	Email           *string        `json:"email"`
	ExternalID      *string        `json:"externalId"`
	OptOut          bool           `json:"optOut"`
	AvatarURL       *string        `json:"avatarURL"`
	Public          bool           `json:"public"`
	Data            map[string]any `json:"data"`
	Attributes      []any          `json:"attributes"`
	Created         time.Time      `json:"created"`
	Updated         time.Time      `json:"updated"`
}

func (c *contact) phone() string {
	if c.Phone == nil {
		return ""
	}
	return *c.Phone
}

// matches reports whether the name, phone or email contains s, in either case. Everything contains
// "".
func (c *contact) matches(s string) bool {
	if s == "" {
		return true
	}
	return slices.ContainsFunc([]*string{c.Name, c.Phone, c.Email}, func(field *string) bool {
		return field != nil && strings.Contains(strings.ToLower(*field), strings.ToLower(s))
	})
}

// createContacts adds all of them, or none.
func (st *store) createContacts(req clerkapi.CreateContactsRequest) ([]contact, error) {
	switch {
	case len(req.Contacts) == 0:
		return nil, invalidError("contacts should not be empty")
	case len(req.Contacts) > maxBatch:
		return nil, invalidError(fmt.Sprintf("contacts must contain no more than %d elements", maxBatch))
	}
	var wrong problems
	for i, fields := range req.Contacts {
		if err := checkContact(fields); err != nil {
			return nil, invalidError(fmt.Sprintf("contacts.%d: %v", i, err))
		}
		if err := st.checkFields(fmt.Sprintf("contacts.%d.", i), fields.Phone, fields.Email); err != nil {
			wrong = append(wrong, strings.Split(err.Error(), "; ")...)
		}
	}
	if len(wrong) > 0 {
		return nil, wrong
	}
	made := make([]contact, len(req.Contacts))
	for i, fields := range req.Contacts {
		made[i] = *st.addContact(fields)
	}
	return made, nil
}

func (st *store) createContact(fields clerkapi.ContactFields) (contact, error) {
	if err := checkContact(fields); err != nil {
		return contact{}, err
	}
	if err := st.checkFields("", fields.Phone, fields.Email); err != nil {
		return contact{}, err
	}
	return *st.addContact(fields), nil
}

func checkContact(f clerkapi.ContactFields) error {
	if f.Name == "" && f.Email == "" && f.Phone == "" {
		return invalidError("one of name, email and phone should not be empty")
	}
	return nil
}

// addContact adds a contact with an id that no other contact ever has.
func (st *store) addContact(f clerkapi.ContactFields) *contact {
	st.nextContact++
	return st.addContactAs(strconv.FormatInt(st.nextContact, 10), f)
}

// addContactAs adds a contact whose id derives from a word.
func (st *store) addContactAs(word string, f clerkapi.ContactFields) *contact {
	c := &contact{
		ID: uuid(append(slices.Clone(st.team.words), "contact", word)...), TeamID: st.team.id, CreatedByUserID: st.team.user,
		Name: orNil(f.Name), Phone: orNil(f.Phone), Email: orNil(f.Email),
		OptOut: st.optedOut[reached(f.Phone)], Public: f.Public != nil && *f.Public, Data: f.Data, Attributes: []any{},
		Created: st.present, Updated: st.present,
	}
	st.contacts = append(st.contacts, c)
	return c
}

// updateContact changes what the request has; data takes the place of what was there.
func (st *store) updateContact(id string, u clerkapi.UpdateContactRequest) (contact, error) {
	i := st.indexContact(id)
	if i < 0 {
		return contact{}, errNoContact
	}
	if err := st.checkFields("", orEmpty(u.Phone), orEmpty(u.Email)); err != nil {
		return contact{}, err
	}
	c := *st.contacts[i]
	if u.Name != nil {
		c.Name = orNil(*u.Name)
	}
	if u.Email != nil {
		c.Email = orNil(*u.Email)
	}
	if u.Phone != nil {
		if c.OptOut && c.phone() != *u.Phone { // the person declined, not the number
			delete(st.optedOut, reached(c.phone()))
			st.optOut(*u.Phone, true)
		}
		c.Phone = orNil(*u.Phone)
		c.OptOut = c.OptOut || st.optedOut[reached(*u.Phone)]
	}
	if u.Public != nil {
		c.Public = *u.Public
	}
	if u.Data != nil {
		c.Data = u.Data
	}
	c.Updated = st.present
	st.contacts[i] = &c
	return c, nil
}

// deleteContact also takes the contact off its lists.
func (st *store) deleteContact(id string) error {
	i := st.indexContact(id)
	if i < 0 {
		return errNoContact
	}
	st.contacts = slices.Delete(st.contacts, i, i+1)
	for name, members := range st.lists {
		st.lists[name] = slices.DeleteFunc(members, func(member string) bool { return member == id })
	}
	return nil
}

func (st *store) searchContacts(s string) []contact {
	found := []contact{}
	for _, c := range st.contacts {
		if c.matches(s) {
			found = append(found, *c)
		}
	}
	return found
}

const errNoContact = missingError("Contact not found")

func (st *store) indexContact(id string) int {
	return slices.IndexFunc(st.contacts, func(c *contact) bool { return c.ID == id })
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// orNil is null for what is empty.
func orNil(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
