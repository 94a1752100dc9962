package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// perPage is how many messages a page has at most, and unless told otherwise.
const perPage = 50

// operations are those of the document, by operationId.
func operations() map[string]operation {
	return map[string]operation{
		"sendMessage":    create((*store).send),
		"findMessages":   findMessages,
		"searchContacts": searchContacts,
		"createContact":  create((*store).createContact),
		"createContacts": create((*store).createContacts),
		"updateContact":  updateContact,
		"deleteContact":  deleteContact,
		"createCampaign": create((*store).createCampaign),
	}
}

// create is an operation that makes something of its body and answers what it made.
func create[In, Out any](do func(*store, In) (Out, error)) operation {
	return func(st *store, r request) answer {
		var in In
		if err := r.decode(&in); err != nil {
			return refuseFor(err)
		}
		out, err := do(st, in)
		if err != nil {
			return refuseFor(err)
		}
		return answer{http.StatusCreated, enveloped{out}}
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

func findMessages(st *store, r request) answer {
	q := messageQuery{inboxes: r.query["inboxIds"], limit: perPage, page: 1}
	if err := errors.Join(
		parse(r, "limit", &q.limit, strconv.Atoi, "a number that is not too large"),
		parse(r, "page", &q.page, strconv.Atoi, "a number that is not too large"),
		parse(r, "start", &q.start, parseTime, "a date-time that exists, such as 2026-01-31T09:30:00Z"),
		parse(r, "end", &q.end, parseTime, "a date-time that exists, such as 2026-01-31T09:30:00Z"),
	); err != nil {
		return refuse(http.StatusUnprocessableEntity, strings.Split(err.Error(), "\n"))
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

// parse reads a parameter, if it is there. The document lets some values pass that do not exist,
// such as the 30th of February.
func parse[T any](r request, name string, into *T, read func(string) (T, error), must string) error {
	s := r.query.Get(name)
	if s == "" {
		return nil
	}
	v, err := read(s)
	if err != nil {
		return invalidError(name + " must be " + must)
	}
	*into = v
	return nil
}

func parseTime(s string) (time.Time, error) { return time.Parse(time.RFC3339, s) }

// link is the URL of another page, relative to the API.
func link(u *url.URL, page int) string {
	query := u.Query()
	query.Set("page", strconv.Itoa(page))
	return (&url.URL{Path: u.Path, RawQuery: query.Encode()}).String()
}

func searchContacts(st *store, r request) answer {
	return answer{http.StatusOK, enveloped{st.searchContacts(r.query.Get("search"))}}
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

// decode reads the body, where the same is true of dates.
func (r request) decode(into any) error {
	dec := json.NewDecoder(bytes.NewReader(r.body))
	dec.UseNumber() // free metadata keeps every digit
	if err := dec.Decode(into); err != nil {
		return invalidError("a value in the request body could not be read; check dates and times")
	}
	return nil
}
