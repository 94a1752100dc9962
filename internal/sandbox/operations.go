package sandbox

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// perPage is how many messages a page has at most, and unless told otherwise.
const perPage = 50

// operations are those of the document, by operationId.
func operations() map[string]operation {
	return map[string]operation{
		"sendMessage":    sendMessage,
		"findMessages":   findMessages,
		"searchContacts": searchContacts,
		"createContact":  createContact,
		"createContacts": createContacts,
		"updateContact":  updateContact,
		"deleteContact":  deleteContact,
		"createCampaign": createCampaign,
	}
}

// enveloped is how the API wraps what it answers.
type enveloped struct {
	Data any `json:"data"`
}

type messagePage struct {
	Data  []wireMessage `json:"data"`
	Total int           `json:"total"`
	Links pageLinks     `json:"links"`
}

type pageLinks struct {
	Next *string `json:"next"`
	Prev *string `json:"prev"`
	Self string  `json:"self"`
}

func sendMessage(st *store, r request) answer {
	var in clerkapi.SendMessageRequest
	if err := r.decode(&in); err != nil {
		return refuseFor(err)
	}
	m, err := st.send(in)
	if err != nil {
		return refuseFor(err)
	}
	return answer{http.StatusCreated, enveloped{st.wire(m)}}
}

func findMessages(st *store, r request) answer {
	q := messageQuery{inboxes: r.query["inboxIds"], limit: perPage, page: 1}
	var invalid []string
	for name, into := range map[string]*int{"limit": &q.limit, "page": &q.page} {
		if v := r.query.Get(name); v != "" {
			n, err := strconv.Atoi(v)
			if err != nil {
				invalid = append(invalid, name+" must be a number that is not too large")
			}
			*into = n
		}
	}
	for name, into := range map[string]*time.Time{"start": &q.start, "end": &q.end} {
		if v := r.query.Get(name); v != "" {
			t, err := time.Parse(time.RFC3339, v)
			if err != nil {
				invalid = append(invalid, name+" must be a date-time that exists, such as 2026-01-31T09:30:00Z")
			}
			*into = t
		}
	}
	if len(invalid) > 0 {
		return refuse(http.StatusUnprocessableEntity, invalid)
	}

	found, total := st.find(q)
	page := messagePage{Data: []wireMessage{}, Total: total, Links: pageLinks{Self: link(r.url, q.page)}}
	for _, m := range found {
		page.Data = append(page.Data, st.wire(m))
	}
	if len(found) > 0 && q.page*q.limit < total {
		page.Links.Next = new(link(r.url, q.page+1))
	}
	if q.page > 1 {
		page.Links.Prev = new(link(r.url, q.page-1))
	}
	return answer{http.StatusOK, page}
}

// link is the URL of another page, relative to the API.
func link(u *url.URL, page int) string {
	query := u.Query()
	query.Set("page", strconv.Itoa(page))
	return (&url.URL{Path: u.Path, RawQuery: query.Encode()}).String()
}

func searchContacts(st *store, r request) answer {
	return answer{http.StatusOK, enveloped{st.searchContacts(r.query.Get("search"))}}
}

func createContact(st *store, r request) answer {
	var in clerkapi.ContactFields
	if err := r.decode(&in); err != nil {
		return refuseFor(err)
	}
	made, err := st.createContact(in)
	if err != nil {
		return refuseFor(err)
	}
	return answer{http.StatusCreated, enveloped{made}}
}

func createContacts(st *store, r request) answer {
	var in clerkapi.CreateContactsRequest
	if err := r.decode(&in); err != nil {
		return refuseFor(err)
	}
	made, err := st.createContacts(in.Contacts)
	if err != nil {
		return refuseFor(err)
	}
	return answer{http.StatusCreated, enveloped{made}}
}

func updateContact(st *store, r request) answer {
	var in clerkapi.UpdateContactRequest
	if err := r.decode(&in); err != nil {
		return refuseFor(err)
	}
	changed, err := st.updateContact(r.id, in)
	if err != nil {
		return refuseFor(err)
	}
	return answer{http.StatusOK, enveloped{changed}}
}

func deleteContact(st *store, r request) answer {
	if err := st.deleteContact(r.id); err != nil {
		return refuseFor(err)
	}
	return answer{http.StatusOK, struct{}{}}
}

func createCampaign(st *store, r request) answer {
	var in clerkapi.CreateCampaignRequest
	if err := r.decode(&in); err != nil {
		return refuseFor(err)
	}
	taken, err := st.createCampaign(in)
	if err != nil {
		return refuseFor(err)
	}
	return answer{http.StatusCreated, enveloped{taken}}
}

// decode reads the body. The document lets some values pass that do not exist, such as the 30th of February.
func (r request) decode(into any) error {
	dec := json.NewDecoder(bytes.NewReader(r.body))
	dec.UseNumber() // free metadata keeps every digit
	if err := dec.Decode(into); err != nil {
		return invalidError("a value in the request body could not be read; check dates and times")
	}
	return nil
}
