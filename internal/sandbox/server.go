package sandbox

import (
	"log/slog"
	"net/http"
	"time"
)

// What every sandbox starts with.
const (
	Key    = "sandbox-key"                          // the team's API key
	Sender = "+15551234567"                         // the team's first number
	Inbox  = "5d0e8d03-d09f-47e5-8017-4d00cbf737f4" // the inbox of Sender
	List   = "PremiumTierSubscribers"               // a list of contacts
)

// Options configure a [Sandbox]. The zero value works.
type Options struct {
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// Logger hears of requests and of answers that break the document. Default: none.
	Logger *slog.Logger
	// AdvanceEvery is how long a message stays in each state on its way: sending, sent, then delivered or failed.
	// Default: 2 s.
	AdvanceEvery time.Duration
	// History seeds some older messages, seen by findMessages only. Default: none, so that totals count what was sent.
	History bool
}

// Sandbox is the simulated API, an [http.Handler]. It is safe for concurrent use.
type Sandbox struct{}

// New parses the REST document and fills the team.
func New(Options) (*Sandbox, error) { return &Sandbox{}, nil }

// ServeHTTP serves REST under /public/ and control under /_sandbox/.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, _ *http.Request) { http.NotFound(w, nil) }
