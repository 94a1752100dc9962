package clerkapi

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// MessagesService sends and finds messages.
type MessagesService user

// Send sends one message. It is made again only if it certainly was not taken.
//
// The API may take a message and tell in the same answer that it failed: then the message is
// returned beside an error that is [ErrFailed]. A MediaURLs of nil is sent as an empty list, as the
// API wants it.
func (s *MessagesService) Send(ctx context.Context, req *SendMessageRequest) (*Message, *Response, error) {
	if req == nil {
		return nil, nil, noRequest(opSendMessage)
	}
	body := *req
	body.MediaURLs, body.Recipients = notNil(body.MediaURLs), notNil(body.Recipients)
	var answer messageAnswer
	resp, err := (*user)(s).do(ctx, opSendMessage, request{body: &body}, &answer)
	return unlessBad(answer.Data, resp, err)
}

type messageAnswer struct {
	Data *Message `json:"data"`
}

func (a *messageAnswer) validate() error {
	switch m := a.Data; {
	case m == nil:
		return errNoData
	case m.Error != "", m.ErrorCode != "" && m.ErrorCode != "0", m.Status == MessageStatusFailed:
		return &reported{message: m.Error, code: string(m.ErrorCode)}
	case m.ID == "":
		return errNoData
	}
	return nil
}

// Find returns one page of messages. A params of nil is the first page of everything.
func (s *MessagesService) Find(ctx context.Context, params *FindMessagesParams) (*MessagePage, *Response, error) {
	query, err := findQuery(params)
	if err != nil {
		return nil, nil, err
	}
	var page pageAnswer
	resp, err := (*user)(s).do(ctx, opFindMessages, request{query: query}, &page)
	if err != nil {
		return nil, resp, err
	}
	return (*MessagePage)(&page), resp, nil
}

type pageAnswer MessagePage

func (p *pageAnswer) validate() error {
	if p.Data == nil {
		return errNoData
	}
	return nil
}

func findQuery(p *FindMessagesParams) (url.Values, error) {
	query := url.Values{}
	if p == nil {
		return query, nil
	}
	for _, id := range p.InboxIds {
		query.Add("inboxIds", id)
	}
	for _, bound := range []struct {
		name string
		time time.Time
	}{{"start", p.Start}, {"end", p.End}} {
		if bound.time.IsZero() {
			continue
		}
		t := bound.time.UTC()
		if year := t.Year(); year < 0 || year > 9999 {
			return nil, &Error{Operation: opFindMessages.id, Reason: ErrInvalid,
				Message: fmt.Sprintf("%s is in the year %d: RFC 3339 knows 0 to 9999", bound.name, year)}
		}
		query.Set(bound.name, t.Format(time.RFC3339Nano))
	}
	if p.Limit != 0 {
		query.Set("limit", strconv.Itoa(p.Limit))
	}
	if p.Page != 0 {
		query.Set("page", strconv.Itoa(p.Page))
	}
	return query, nil
}

func noRequest(op operation) *Error {
	return &Error{Operation: op.id, Reason: ErrInvalid, Message: "the request is nil"}
}

// notNil makes a list that is written as [] in JSON, not as null.
func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
