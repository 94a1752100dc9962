package sandbox

import (
	"crypto"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/sandbox/provider"
	"github.com/clerkchat/mcp-gateway/openapi"
)

// defaultAdvance is how long a message stays sending, and then sent, unless told otherwise.
const defaultAdvance = 2 * time.Second

// Options configure a [Sandbox]. The zero value works.
type Options struct {
	// Now is the clock. Default: time.Now.
	Now func() time.Time
	// Logger hears of requests (debug) and of answers that violate the document (error), without
	// what they carry. Default: none.
	Logger *slog.Logger
	// AdvanceEvery is how long a message is sending, and then sent, before it is delivered or
	// failed. Default: 2 s.
	AdvanceEvery time.Duration
	// History seeds some older messages, received and sent, which findMessages shows and
	// /_sandbox/messages does not. Default: none, so that totals count what was sent.
	History bool
	// Lenient takes what the real API would refuse, such as a recipient that is not a number.
	// Default: strict.
	Lenient bool
	// FirstID is the id of the first message of the first team, at least 1001; other ids are near
	// it, and a reset goes on from the last ones. Default: by the time of the start, so that a
	// sandbox that is started again gives no id twice.
	FirstID int64
	// BaseURL is the URL at which the sandbox answers a request, without a slash at the end: the
	// issuer of its sign-in is that plus /oidc, and the audience of REST is it. Default: what the
	// request was sent to, as its Host header says.
	BaseURL func(*http.Request) string
	// RedirectURIs are where its sign-in sends people back to besides this machine. Default: none.
	RedirectURIs []string
	// SigningKey signs the tokens of its sign-in until they are rotated: an RSA or P-256 key, which
	// tests share because the first kind is slow to make. Default: an RSA key of its own, made when
	// the first token is.
	SigningKey crypto.Signer
}

// restDocument is the REST document, which takes long to parse and does not change.
var restDocument = sync.OnceValues(func() (*document, error) { return parseDocument(openapi.Document) })

// Sandbox is the simulated API, an [http.Handler]. It is safe for concurrent use.
type Sandbox struct {
	options  Options
	document *document
	routes   *http.ServeMux
	signIn   *provider.Provider
	teams    []team

	mu       sync.Mutex        // guards all below
	stores   map[string]*store // by the team's name
	faults   faultQueue
	requests map[string]int // requests by operation
	settings *settings
	ahead    time.Duration // how far the clock was moved
	counters map[string]*counters
}

// New parses the REST document and fills the team. It fails if the options are invalid, or if the
// operations of the document are not exactly those the sandbox has.
func New(o Options) (*Sandbox, error) {
	if o.AdvanceEvery < 0 {
		return nil, fmt.Errorf("sandbox: AdvanceEvery is %v; it must not be negative", o.AdvanceEvery)
	}
	if o.AdvanceEvery == 0 {
		o.AdvanceEvery = defaultAdvance
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.FirstID == 0 {
		o.FirstID = firstIDAt(o.Now())
	}
	if o.FirstID < leastFirstID || o.FirstID > teamOffset/2 {
		return nil, fmt.Errorf("sandbox: FirstID is %d; it must be from %d to %d", o.FirstID, leastFirstID, int64(teamOffset/2))
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.BaseURL == nil {
		o.BaseURL = addressed
	}
	doc, err := restDocument()
	if err != nil {
		return nil, fmt.Errorf("sandbox: REST document: %w", err)
	}
	s := &Sandbox{
		options: o, document: doc, routes: http.NewServeMux(), teams: teams(), settings: new(settings),
		counters: make(map[string]*counters),
	}
	for _, t := range s.teams {
		s.counters[t.name] = newCounters(o.FirstID + t.offset)
	}
	if s.signIn, err = s.newSignIn(); err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	s.reset()
	if err := s.mount(operations()); err != nil {
		return nil, fmt.Errorf("sandbox: REST document: %w", err)
	}
	return s, nil
}

// ServeHTTP serves REST under /public/, sign-in under /oidc, control under /_sandbox/, a short
// description at /, and /healthz alias /livez. To cut a connection it panics with
// [http.ErrAbortHandler], as the server of net/http expects.
func (s *Sandbox) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.routes.ServeHTTP(w, r) }

// mount lists every route. The REST paths are those of the document.
func (s *Sandbox) mount(served map[string]operation) error {
	var errs []error
	for path, methods := range s.document.paths {
		for _, route := range methods {
			if served[route.Operation.OperationID] == nil {
				errs = append(errs, fmt.Errorf("operation %q (%s %s) is not served",
					route.Operation.OperationID, route.Method, path))
			}
		}
		s.routes.Handle(path, s.rest(methods, served))
	}
	for name := range served {
		if !s.document.has(name) {
			errs = append(errs, fmt.Errorf("operation %q is not in it", name))
		}
	}

	for _, route := range s.signIn.Routes() {
		s.routes.Handle(route.Pattern, s.breakable(route))
	}
	s.routes.Handle("/_sandbox/", sameOrigin(s.control()))
	s.routes.HandleFunc("GET /healthz", text("ok\n"))
	s.routes.HandleFunc("GET /livez", text("ok\n")) // what `gateway healthcheck` asks
	s.routes.HandleFunc("GET /{$}", text(about(s.controls())))
	s.routes.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		s.write(w, refuse(http.StatusNotFound, fmt.Sprintf("Cannot %s %s", r.Method, r.URL.Path)))
	})
	return errors.Join(errs...)
}

// reset puts everything back to how it starts, except for ids, which go on: who remembers one must
// not find another message under it.
func (s *Sandbox) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stores = make(map[string]*store)
	again := s.requests != nil
	s.ahead, *s.settings = 0, settings{Lenient: s.options.Lenient}
	sequence := new(int64)
	for _, t := range s.teams {
		in, history := shared{s.counters[t.name], sequence, s.settings}, int64(0)
		switch {
		case !s.options.History:
		case again:
			history = in.nextMessage
			in.nextMessage += beforeHistory
		default:
			history = in.nextMessage - beforeHistory
		}
		s.stores[t.name] = newStore(t, s.options.AdvanceEvery, s.present(), in, history)
	}
	s.signIn.Reset()
	s.faults = nil
	s.requests = make(map[string]int)
}

// present is the time by the sandbox's clock, with milliseconds as the REST API has them.
func (s *Sandbox) present() time.Time {
	return s.options.Now().Add(s.ahead).UTC().Truncate(time.Millisecond)
}

// aboutHead is how the start page begins.
const aboutHead = `This is a sandbox: a simulated Clerk Chat. Nothing it is asked to send leaves it.

REST     /public/messages, /public/contacts, /public/campaigns with the header "apiKey: ` + Key + `"
numbers  ` + Sender + ` (inbox ` + Inbox + `), ` + Sender2 + ` (inbox ` + Inbox2 + `)
         ` + SenderWhatsApp + ` (inbox ` + InboxWhatsApp + `)
list     ` + List + `
sign-in  /oidc (OpenID Connect), client "` + provider.ClientID + `", for REST with "Authorization: Bearer ..."

Control needs no key; each of these takes and answers JSON:

`

// about is the start page.
func about(controls []control) string {
	var b strings.Builder
	b.WriteString(aboutHead)
	for _, c := range controls {
		fmt.Fprintf(&b, "%s\n    %s\n", c.pattern, c.help)
	}
	return b.String()
}

func text(s string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, s) // the client may be gone
	}
}
