package mcpadapter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// ErrUnknownTool is the error of a [Report] for a tool that does not exist.
var ErrUnknownTool = errors.New("unknown tool")

// Credentials finds the credential that a caller's requests are made with. The subject "" is an
// anonymous caller.
//
// An error says that there is none now, and the client is told to try again. If it is
// [clerkapi.ErrNoCredential], trying again is said to be of no use; if it, or an error it wraps,
// has a method PublicText() string, the client is told that text, which must be a sentence that
// says what to do.
type Credentials interface {
	Credential(ctx context.Context, subject string) (clerkapi.Credential, error)
}

// Renewer is what [Credentials] may be besides: after the API refused a credential with 401, which
// means that nothing happened, it gives another one for one more try.
type Renewer interface {
	Renewed(ctx context.Context, subject string, refused clerkapi.Credential) (clerkapi.Credential, error)
}

// Observer is told of every finished call of a tool that exists, once, before [Tools.Call] returns.
// It must not block. Its ctx has the values of the call's and does not end with it.
type Observer interface {
	Observe(ctx context.Context, f Facts)
}

const (
	defaultBudget    = 55 * time.Second
	defaultBatchSize = 100
	defaultContacts  = 500
)

// Options configure [Tools]. Client and Credentials are required.
type Options struct {
	// Client makes the requests. Its credential does not matter: each call brings its own.
	Client *clerkapi.Client
	// Credentials are asked once per call that has something to send.
	Credentials Credentials
	// Idempotency keeps calls that create something from doing so twice, and gives their tools the
	// argument idempotency_key. Default: each call stands for itself.
	Idempotency Idempotency
	// ResendAbsent says that Idempotency executes a call again whose outcome is unknown, if it is
	// repeated under its key and nothing of it is found. Clients are told so.
	ResendAbsent bool
	// Budget is the longest that a call which creates something may take, but for a request under
	// way. Default: 55 s, since many clients give up after a minute.
	Budget time.Duration
	// BatchSize is how many contacts go into one request of create_contacts_batch at most. Default:
	// 100.
	BatchSize int
	// MaxContacts is how many contacts one call of create_contacts_batch may have. Default: 500.
	MaxContacts int
	// MaxRecipients is how many recipients one call of send_message may have. Default: any number.
	MaxRecipients int
	// Limiter bounds calls and messages of each subject. Default: no limits.
	Limiter Limiter
	// Observer hears of finished calls. Default: nobody.
	Observer Observer
	// Now is the clock. Default: [time.Now].
	Now func() time.Time
}

// Tools are the seven tools. They are safe for concurrent use.
type Tools struct {
	client      *clerkapi.Client
	credentials Credentials
	once        Idempotency
	budget      time.Duration
	batchSize   int
	limiter     Limiter
	observer    Observer
	now         func() time.Time

	*toolset
	setting setting
	reasons []reason
	writes  writes
	// stopping says that nothing is begun any more that need not be.
	stopping atomic.Bool
	// pause waits before something is tried again, and tells whether there is time for it.
	pause func(ctx context.Context, wait time.Duration) bool
}

// New checks the options and builds the definitions.
func New(o Options) (*Tools, error) {
	if o.Client == nil || o.Credentials == nil {
		return nil, errors.New("mcpadapter: Options.Client and Options.Credentials are required")
	}
	t := &Tools{
		client: o.Client, credentials: o.Credentials, once: o.Idempotency, observer: o.Observer, now: o.Now,
		budget: o.Budget, batchSize: o.BatchSize, limiter: o.Limiter, reasons: reasons(),
	}
	t.pause = pauseWithin
	if t.budget <= 0 {
		t.budget = defaultBudget
	}
	if t.batchSize <= 0 {
		t.batchSize = defaultBatchSize
	}
	t.setting = setting{
		has: func(string) bool { return true }, keys: t.once != nil, resends: t.once != nil && o.ResendAbsent,
		maxContacts: o.MaxContacts, maxRecipients: max(o.MaxRecipients, 0),
	}
	if t.setting.maxContacts <= 0 {
		t.setting.maxContacts = defaultContacts
	}
	if t.once == nil {
		t.once = unguarded{}
	}
	if t.now == nil {
		t.now = time.Now
	}
	var err error
	t.toolset, err = newToolset(t.setting)
	return t, err
}

// toolset is the tools that some callers have.
type toolset struct {
	tools       map[string]*tool
	definitions []*mcp.Tool
	// instructions are for a model.
	instructions string
}

// newToolset makes the tools that the setting enables.
func newToolset(s setting) (*toolset, error) {
	ts := &toolset{tools: map[string]*tool{}, instructions: instructions(s)}
	for _, tool := range sevenTools(s) {
		if !s.has(tool.name) {
			continue
		}
		d := tool.define(s)
		d.addNote()
		if tool.named = s.keys && tool.effect == creates; tool.named {
			d.addIdempotency(s)
		}
		definition, err := d.tool(tool.name)
		if err != nil {
			return nil, fmt.Errorf("mcpadapter: %w", err)
		}
		ts.tools[tool.name] = tool
		ts.definitions = append(ts.definitions, definition)
	}
	return ts, nil
}

// sevenTools are the tools, those that send and read messages first.
func sevenTools(s setting) []*tool {
	return []*tool{
		sendMessageTool(s), getMessagesTool(), createContactTool(), updateContactTool(), deleteContactTool(),
		createContactsBatchTool(s), createCampaignTool(s),
	}
}

// Definitions returns the tools for tools/list. They are shared and must not be changed.
func (ts *toolset) Definitions() []*mcp.Tool { return slices.Clone(ts.definitions) }

// Instructions tell a model how the tools belong together.
func (ts *toolset) Instructions() string { return ts.instructions }

// Scope is what a caller needs for a tool, "" if there is no such tool.
func (ts *toolset) Scope(tool string) string {
	if known := ts.tools[tool]; known != nil {
		return known.scope
	}
	return ""
}

// Stop has calls that are carried out in parts begin no further part, so that their callers are
// told in time what was done. Whole calls that come later still work.
func (t *Tools) Stop() { t.stopping.Store(true) }

// Drain waits until no write is under way or ctx ends. Calls that come later still work.
func (t *Tools) Drain(ctx context.Context) error { return t.writes.wait(ctx) }

// Writing is how many writes are under way. After a Drain that failed these are the calls whose
// outcome nobody will know.
func (t *Tools) Writing() int { return t.writes.underWay() }
