package endpoint_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/clerkchat/mcp-gateway/internal/endpoint"
	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/internal/rpctest"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
	"github.com/clerkchat/mcp-gateway/internal/web"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
	"github.com/clerkchat/mcp-gateway/pkg/session/sessiontest"
)

func TestMain(m *testing.M) { testkit.Main(m) }

// tools is one tool, "probe", that does what a test says.
type tools struct {
	reads bool // it says that it changes nothing
	free  bool // it needs no scope
	call  func(ctx context.Context, c mcpadapter.Call) mcpadapter.Report
}

func (t *tools) Scope(tool string) string {
	if tool == "probe" && !t.free {
		return "probe:call"
	}
	return ""
}

func (t *tools) Instructions() string { return "Probe." }

func (t *tools) Definitions() []*mcp.Tool {
	return []*mcp.Tool{{
		Name: "probe", InputSchema: json.RawMessage(`{"type":"object"}`), Annotations: &mcp.ToolAnnotations{ReadOnlyHint: t.reads},
	}}
}

func (t *tools) Call(ctx context.Context, c mcpadapter.Call) mcpadapter.Report {
	if t.call == nil {
		return mcpadapter.Report{Result: mcpadapter.Result{Structured: json.RawMessage(`{"ok":true}`), Text: `{"ok":true}`}}
	}
	return t.call(ctx, c)
}

const secret = "0123456789abcdef0123456789abcdef"

// replica is one gateway's endpoint. Several share a store.
type replica struct {
	url string
	log *bytes.Buffer
}

type setup struct {
	tools         *tools
	store         *sessiontest.Memory
	sessions      endpoint.Sessions // nil: a table with the store
	secrets       []string
	now           func() time.Time
	strict        bool
	maxBody       int64
	maxAnswer     int64
	auth          endpoint.Auth
	credentials   endpoint.Credentials
	inFlight      endpoint.InFlight
	tenant        func(context.Context) string
	cancellations endpoint.Cancellations
	proxies       []string // that are trusted
}

// These stand for a login: whoever sends them is that subject, with that grant of that client.
const (
	subjectHeader = "X-Test-Subject"
	grantHeader   = "X-Test-Grant"
	staleHeader   = "X-Test-Unconfirmed" // whatever its value is
	clientHeader  = "X-Test-Client"
)

// newEndpoint is one without a server, and its log.
func newEndpoint(t *testing.T, s setup) (*endpoint.Endpoint, *bytes.Buffer) {
	t.Helper()
	if s.tools == nil {
		s.tools = &tools{}
	}
	if s.store == nil {
		s.store = sessiontest.NewMemory()
	}
	if s.secrets == nil {
		s.secrets = []string{secret}
	}
	var secrets [][]byte
	for _, v := range s.secrets {
		secrets = append(secrets, []byte(v))
	}
	keys, err := seal.New(secrets...)
	if err != nil {
		t.Fatal(err)
	}
	table, err := session.NewTable(session.Options{Sealer: keys.Sealer("session id"), Records: s.store, Now: s.now})
	if err != nil {
		t.Fatal(err)
	}
	if s.sessions == nil {
		s.sessions = table
	}
	if s.maxBody == 0 {
		s.maxBody = 64 << 10
	}
	log := &bytes.Buffer{}
	e, err := endpoint.New(endpoint.Options{
		Tools: s.tools, Sessions: s.sessions, Auth: s.auth, Credentials: s.credentials, Tenant: s.tenant, RequireSession: s.strict, MaxBody: s.maxBody, MaxAnswer: s.maxAnswer,
		InFlight: s.inFlight, Cancellations: s.cancellations, Name: "test", Version: "1", Logger: slog.New(slog.NewTextHandler(log, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	return e, log
}

func newReplica(t *testing.T, s setup) *replica {
	t.Helper()
	e, log := newEndpoint(t, s)
	r := &replica{log: log}
	proxies, err := web.NewProxies(s.proxies)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(proxies.Identify(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		req, q := request.Enter(req)
		q.Caller = identity.Caller{
			Subject: req.Header.Get(subjectHeader), Grant: req.Header.Get(grantHeader), ClientID: req.Header.Get(clientHeader),
			GrantUnconfirmed: req.Header.Get(staleHeader) != "",
		}
		e.ServeHTTP(w, req)
	})))
	t.Cleanup(func() {
		srv.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	r.url = srv.URL
	return r
}

// answer is one HTTP answer, read to its end.
type answer struct {
	status int
	header http.Header
	body   string
}

func received(a rpctest.Answer) *answer { return &answer{a.Status, a.Header, a.Body} }

// rpc is the body as a JSON-RPC message.
func (a *answer) rpc(t *testing.T) rpctest.Message {
	t.Helper()
	return rpctest.Answer{Status: a.status, Header: a.header, Body: a.body}.Message(t)
}

// send makes one request; headers are pairs that come on top of the usual ones, and "" removes one.
func (r *replica) send(t *testing.T, method, body string, headers ...string) *answer {
	t.Helper()
	req := rpctest.Post(r.url, body, headers...)
	req.Method = method
	return received(req.Do(t))
}

const (
	initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25",` +
		`"capabilities":{},"clientInfo":{"name":"probe-client","version":"7"}}}`
	callProbe = `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"probe","arguments":{}}}`
	modern    = "2026-07-28"
)

const callProbeModern = `{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"probe","arguments":{},"_meta":{` +
	`"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"probe-client","version":"7"},` +
	`"io.modelcontextprotocol/clientCapabilities":{}}}}`

// modernHeaders mirror callProbeModern.
var modernHeaders = []string{"Mcp-Protocol-Version", modern, "Mcp-Method", "tools/call", "Mcp-Name", "probe"}

// open initializes and returns the session's id.
func (r *replica) open(t *testing.T, headers ...string) string {
	t.Helper()
	a := r.send(t, http.MethodPost, initialize, headers...)
	id := a.header.Get("Mcp-Session-Id")
	if a.status != http.StatusOK || id == "" {
		t.Fatalf("initialize: %d %q, session %q", a.status, a.body, id)
	}
	return id
}
