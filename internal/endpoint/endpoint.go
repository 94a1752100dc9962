package endpoint

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/internal/web"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
	"github.com/clerkchat/mcp-gateway/pkg/session"
)

// Tools is what the endpoint offers: definitions for tools/list and the way of a call.
type Tools interface {
	Definitions() []*mcp.Tool
	Instructions() string
	Call(ctx context.Context, call mcpadapter.Call) mcpadapter.Report
	// Scope is what a caller needs for a tool, "" if there is no such tool.
	Scope(tool string) string
}

// Auth says whether a caller was granted scopes. Its errors know their answer.
type Auth interface {
	Require(ctx context.Context, scopes []string) error
}

// refusal is an error of [Auth] or [Credentials].
type refusal interface {
	error
	Write(w http.ResponseWriter)
}

// Options configure an [Endpoint].
type Options struct {
	// Tools to offer. Required.
	Tools Tools
	// Sessions of the legacy era. Required.
	Sessions Sessions
	// Auth judges scopes. Default: nobody logs in, and everybody may call every tool.
	Auth Auth
	// Credentials finds what calls are made with. Default: Tools finds it, and that there is none
	// is a call's own failure.
	Credentials Credentials
	// InFlight bounds what is under way at once. Default: nothing does.
	InFlight InFlight
	// Cancellations stops calls that legacy clients cancel. Default: a client can only close its
	// connection.
	Cancellations Cancellations
	// Tenant says whom a caller waits for, see [mcpadapter.Call]. Default: one for everybody.
	Tenant func(ctx context.Context) string
	// RequireSession answers 400 to a legacy request without a session id. By default it is served.
	RequireSession bool
	// MaxBody is the largest body in bytes. Default: 4 MiB.
	MaxBody int64
	// MaxBatch is how many messages a batch may have. Default: 50.
	MaxBatch int
	// MaxAnswer is how many bytes the results of one request may have together, each of them being
	// there as text and as structured content. Default: 2 MiB.
	MaxAnswer int64
	// Name, Title and Version are the server's in serverInfo. Name and Version are required.
	Name, Title, Version string
	// Extensions are declared among the capabilities, in both eras. Default: none.
	Extensions []string
	// WebsiteURL is shown in serverInfo. Default: none.
	WebsiteURL string
	// Logger for what goes wrong. Required.
	Logger *slog.Logger
}

const defaultMaxBody = 4 << 20

// Endpoint is the http.Handler of one MCP URL.
type Endpoint struct {
	opts     Options
	sdk      http.Handler // answers in JSON
	streams  http.Handler // answers with a stream of events
	versions []string
	readOnly map[string]bool // tools that change nothing
	told     web.Told
}

// New builds the endpoint; everything that does not depend on a request is made here.
func New(opts Options) (*Endpoint, error) {
	if opts.Tools == nil || opts.Sessions == nil || opts.Logger == nil || opts.Name == "" || opts.Version == "" {
		return nil, errors.New("endpoint: Tools, Sessions, Logger, Name and Version are required")
	}
	if opts.MaxBody <= 0 {
		opts.MaxBody = defaultMaxBody
	}
	if opts.MaxBatch <= 0 {
		opts.MaxBatch = defaultMaxBatch
	}
	if opts.MaxAnswer <= 0 {
		opts.MaxAnswer = defaultMaxAnswer
	}
	e := &Endpoint{opts: opts, versions: mcp.SupportedProtocolVersions(), readOnly: map[string]bool{}}
	for _, tool := range opts.Tools.Definitions() {
		e.readOnly[tool.Name] = tool.Annotations != nil && tool.Annotations.ReadOnlyHint
	}
	server := e.newServer()
	handler := func(inJSON bool) http.Handler {
		return mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, &mcp.StreamableHTTPOptions{
			Stateless:                    true,
			JSONResponse:                 inJSON,
			DisableLocalhostProtection:   true, // our own Host check covers every route
			PropagateRequestCancellation: true,
			MaxRequestBodyBytes:          -1, // read already, within our limit
		})
	}
	e.sdk, e.streams = handler(true), handler(false)
	return e, nil
}

// ServeHTTP answers POST and DELETE; anything else, GET streams included, is 405. So is DELETE in
// the modern era, which has no sessions (2026-07-28, Streamable HTTP, "Earlier Streamable HTTP
// Revisions").
func (e *Endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodPost:
		e.post(w, r)
	case http.MethodDelete:
		e.endSession(w, r)
	default:
		e.refuseMethod(w, r)
	}
}

func (e *Endpoint) post(w http.ResponseWriter, r *http.Request) {
	arrived := time.Now()
	if refusal := checkContent(r.Header); refusal != nil {
		refusal.write(w, nil)
		return
	}
	body, leave, refusal := e.read(w, r)
	defer leave()
	if refusal != nil {
		refusal.write(w, nil)
		return
	}
	came := time.Now()
	env, refusal := readEnvelope(body, r.Header, e.opts.MaxBatch, e.versions)
	if refusal != nil {
		refusal.write(w, env.id())
		return
	}
	r, q := request.Enter(r)
	if err := e.admit(r.Context(), q, env); err != nil {
		e.refuse(w, r, env, err)
		return
	}
	var s *session.Session
	if !env.modern {
		if method, single := env.single(); single && !legacyMethods[method] {
			errMethod.write(w, env.id())
			return
		}
		if !env.initializes() {
			if s, refusal = e.findSession(r, q.Caller.Subject); refusal != nil {
				refusal.write(w, env.id())
				return
			}
			if s != nil {
				q.Client = identity.Client{Name: s.ClientName, Version: s.ClientVersion}
			}
		}
	}
	e.cancel(r.Context(), s, env, arrived)
	if call, single := env.calls[""]; single { // in a batch each is answered for itself
		if refusal := e.checkTool(call.name); refusal != nil {
			refusal.of(env).write(w, env.id())
			return
		}
	}
	if len(env.methods) == 0 { // notifications, and answers to nothing (2025-11-25, Transports, "Sending Messages to the Server")
		w.WriteHeader(http.StatusAccepted)
		return
	}
	ctx := r.Context()
	st := &state{
		arrived: arrived, gone: ctx, meta: &callMeta{calls: env.calls}, answer: e.newAnswer(),
		writer: &answerWriter{ResponseWriter: w, aliases: env.aliases, id: env.id()},
	}
	if s != nil {
		st.meta.session = s.Key()
	}
	st.meta.held = time.Since(came)
	defer st.answer.end()
	if env.batch {
		st.turns = e.newBatch(ctx)
	} else {
		st.writer.refusal = func(err error) { e.refuse(w, r, env, err) }
	}
	sdk := e.sdk
	if st.streamed = st.meta.streamed(r, env); st.streamed {
		sdk = e.streams
	}
	if method, _ := env.single(); st.streamed && !env.initializes() || method == methodListen {
		defer st.writer.keepAlive()()
	}
	q.Endpoint = st
	r.Body = io.NopCloser(bytes.NewReader(env.body))
	if env.initializes() {
		r.Header.Del(headerVersion) // it has none yet, and the SDK tells eras by it
	}
	r.Header.Del(headerLastEvent)
	// What the answer is has been decided, so a client that takes only JSON is served too.
	r.Header.Set("Accept", "application/json, text/event-stream")
	defer st.writer.end()
	sdk.ServeHTTP(st.writer, r)
}
