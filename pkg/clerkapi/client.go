package clerkapi

import (
	"context"
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
	// Transport carries the requests. Default: a transport of this client's own, tuned for one busy
	// host. One that is no [http.Transport] should report connections to [net/http/httptrace]; what
	// it does not report counts as sent.
	Transport http.RoundTripper
	// UserAgent of every request. Default: "clerkapi-go".
	UserAgent string
	// Timeout is the one deadline over a call: attempts, waits and reading the answer. Default: 30
	// s.
	Timeout time.Duration
	// MaxAttempts is how often a request that may be repeated is made at most. Default: 4.
	MaxAttempts int
	// CircuitFailures is how many calls of one operation with one credential must fail in a row, by
	// what is the API's fault, before it is left alone for CircuitPause: meanwhile such calls end
	// at once with [ErrPaused], and after it one call at a time is tried. Defaults: 5 and 15 s.
	CircuitFailures int
	CircuitPause    time.Duration
	// Logger hears of repeated attempts, at debug level, without credentials or bodies. Default:
	// none.
	Logger *slog.Logger
	// Now tells the time against which a date in Retry-After is read. Default: [time.Now].
	Now func() time.Time
}

// Client talks to the API. It is safe for concurrent use. It carries no credential: [Client.As]
// makes a light copy that does, for one call or one user.
type Client struct {
	Messages  *MessagesService
	Contacts  *ContactsService
	Campaigns *CampaignsService

	user user
}

// user is what the services of a client share: the core, common to all its copies, and the
// credential of this one.
type user struct {
	core       *core
	credential Credential
	given      context.Context //nolint:containedctx // see Client.Until; nil without
}

// core is made once by [NewClient] and never changed.
type core struct {
	base        *url.URL // without a slash at the end of its path
	transport   http.RoundTripper
	traces      bool // the transport surely reports connections to httptrace
	userAgent   string
	timeout     time.Duration
	maxAttempts int
	logger      *slog.Logger
	now         func() time.Time
	circuits    *circuits
	large       chan struct{} // holds one for each call with a large answer
}

// Response tells about the HTTP side of an answer. Methods return it beside an error too, as soon
// as the request was attempted.
type Response struct {
	// StatusCode is the HTTP status, 0 if there was no answer.
	StatusCode int
	// Header of the answer, nil if there was none.
	Header http.Header
	// Attempts is how often the request was made.
	Attempts int
}

// NewClient checks the options and returns a client. Its error names everything that is wrong with
// them.
func NewClient(o Options) (*Client, error) {
	core, err := o.core()
	if err != nil {
		return nil, err
	}
	return newClient(user{core: core}), nil
}

func newClient(u user) *Client {
	c := &Client{user: u}
	c.Messages = (*MessagesService)(&c.user)
	c.Contacts = (*ContactsService)(&c.user)
	c.Campaigns = (*CampaignsService)(&c.user)
	return c
}

// As returns a client that makes its calls with this credential and shares everything else. It
// costs one small allocation: make one per call or per user and let it go.
func (c *Client) As(credential Credential) *Client {
	u := c.user
	u.credential = credential
	return newClient(u)
}

// CloseIdleConnections closes the connections that wait for the next request, for this client and
// all its copies. A client that is used afterwards makes new ones.
func (c *Client) CloseIdleConnections() {
	if t, ok := c.user.core.transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}
