package clerkapi

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"net/http"
	"net/url"
	"time"
)

// DefaultBaseURL is the vendor's production API.
const DefaultBaseURL = "https://web-api.clerk.chat"

// Options configure a [Client]. The zero value works.
type Options struct {
	// BaseURL of the API, absolute, http or https, without a query. Default: [DefaultBaseURL].
	BaseURL string
	// Transport carries the requests. Default: a transport of this client's own, tuned for one busy host.
	Transport http.RoundTripper
	// UserAgent of every request. Default: "clerkapi-go".
	UserAgent string
	// Timeout is the one deadline over a call: attempts, waits and reading the answer. Default: 30 s.
	Timeout time.Duration
	// MaxAttempts is how often a request that may be repeated is made at most. Default: 4.
	MaxAttempts int
	// Logger hears of repeated attempts, at debug level, without credentials or bodies. Default: none.
	Logger *slog.Logger
}

// Client talks to the API. It is safe for concurrent use. It carries no credential: [Client.As] makes a light copy that
// does, for one call or one user.
type Client struct {
	Messages  *MessagesService
	Contacts  *ContactsService
	Campaigns *CampaignsService
}

// Response tells about the HTTP side of an answer.
type Response struct {
	// StatusCode is the HTTP status.
	StatusCode int
	// Attempts is how often the request was made.
	Attempts int
}

// MessagesService sends and finds messages.
type MessagesService struct{}

// ContactsService manages the address book.
type ContactsService struct{}

// CampaignsService starts campaigns.
type CampaignsService struct{}

var errTodo = errors.New("not there yet")

// NewClient checks the options and returns a client.
func NewClient(Options) (*Client, error) { return nil, errTodo }

// As returns a client that makes its calls with this credential and shares everything else.
func (c *Client) As(Credential) *Client { return c }

// Send sends one message. It is made again only if it certainly was not taken.
func (s *MessagesService) Send(context.Context, *SendMessageRequest) (*Message, *Response, error) {
	return nil, nil, errTodo
}

// Find returns one page of messages.
func (s *MessagesService) Find(context.Context, *FindMessagesParams) (*MessagePage, *Response, error) {
	return nil, nil, errTodo
}

// All iterates over the messages of every page from params.Page on; it stops at the first error, which it yields.
func (s *MessagesService) All(context.Context, *FindMessagesParams) iter.Seq2[*Message, error] {
	return nil
}

// Create adds one contact.
func (s *ContactsService) Create(context.Context, *ContactFields) (*Contact, *Response, error) {
	return nil, nil, errTodo
}

// CreateBatch adds several contacts in one request.
func (s *ContactsService) CreateBatch(context.Context, *CreateContactsRequest) ([]Contact, *Response, error) {
	return nil, nil, errTodo
}

// Update changes one contact.
func (s *ContactsService) Update(context.Context, ID, *UpdateContactRequest) (*Contact, *Response, error) {
	return nil, nil, errTodo
}

// Delete removes one contact.
func (s *ContactsService) Delete(context.Context, ID) (*Response, error) { return nil, errTodo }

// Search looks contacts up.
func (s *ContactsService) Search(context.Context, url.Values) ([]Contact, *Response, error) {
	return nil, nil, errTodo
}

// Create starts a campaign.
func (s *CampaignsService) Create(context.Context, *CreateCampaignRequest) (*Campaign, *Response, error) {
	return nil, nil, errTodo
}
