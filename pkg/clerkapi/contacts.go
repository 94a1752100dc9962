package clerkapi

import (
	"context"
	"net/url"
)

// ContactsService manages the address book.
type ContactsService user

// Create adds one contact. It is made again only if it certainly was not taken.
func (s *ContactsService) Create(ctx context.Context, fields *ContactFields) (*Contact, *Response, error) {
	if fields == nil {
		return nil, nil, noRequest(opCreateContact)
	}
	var answer contactAnswer
	resp, err := (*user)(s).do(ctx, opCreateContact, request{body: fields}, &answer)
	return unlessBad(answer.Data, resp, err)
}

// CreateBatch adds several contacts in one request. It is made again only if it certainly was not
// taken. Whether the API may add some of them and refuse others is not documented: count what comes
// back.
func (s *ContactsService) CreateBatch(ctx context.Context, req *CreateContactsRequest) ([]Contact, *Response, error) {
	if req == nil {
		return nil, nil, noRequest(opCreateContacts)
	}
	body := CreateContactsRequest{Contacts: notNil(req.Contacts)}
	var answer contactsAnswer
	resp, err := (*user)(s).do(ctx, opCreateContacts, request{body: &body}, &answer)
	return unlessBad(answer.Data, resp, err)
}

// Update changes one contact: the fields that are set. Data replaces all the metadata that was
// there.
func (s *ContactsService) Update(ctx context.Context, id ID, req *UpdateContactRequest) (*Contact, *Response, error) {
	if req == nil {
		return nil, nil, noRequest(opUpdateContact)
	}
	var answer contactAnswer
	resp, err := (*user)(s).do(ctx, opUpdateContact, request{id: id, body: req}, &answer)
	return unlessBad(answer.Data, resp, err)
}

// Delete removes one contact. That it is not there is [ErrNotFound], unless an attempt of this very
// call may have removed it; then the [Response] has the status 404.
func (s *ContactsService) Delete(ctx context.Context, id ID) (*Response, error) {
	return (*user)(s).do(ctx, opDeleteContact, request{id: id}, nil)
}

// Search looks contacts up. The names of the API's query parameters are not documented, so they are
// the caller's.
func (s *ContactsService) Search(ctx context.Context, query url.Values) ([]Contact, *Response, error) {
	var answer contactsAnswer
	resp, err := (*user)(s).do(ctx, opSearchContacts, request{query: query}, &answer)
	return unlessBad(answer.Data, resp, err)
}

type contactAnswer struct {
	Data *Contact `json:"data"`
}

func (a *contactAnswer) validate() error {
	if a.Data == nil {
		return errNoData
	}
	return nil
}

type contactsAnswer struct {
	Data []Contact `json:"data"`
}

func (a *contactsAnswer) validate() error {
	if a.Data == nil {
		return errNoData
	}
	return nil
}
