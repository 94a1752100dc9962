package endpoint_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/clerkchat/mcp-gateway/internal/endpoint"
	"github.com/clerkchat/mcp-gateway/internal/rpctest"
	"github.com/clerkchat/mcp-gateway/internal/web"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
	"github.com/clerkchat/mcp-gateway/pkg/session"
)

func TestOperatorsAreToldWhyARequestIsRefused(t *testing.T) {
	const version = "unsupported MCP-Protocol-Version"
	for _, tt := range []struct {
		status  int
		message string
		want    web.Reason
	}{
		{400, "x", web.ReasonBadRequest},
		{200, "x", web.ReasonBadRequest},
		{499, "x", web.ReasonBadRequest},
		{400, version, web.ReasonProtocolVersion},
		{400, version + "; this server speaks", web.ReasonProtocolVersion},
		{200, version, web.ReasonBadRequest},
		{400, "the " + version, web.ReasonBadRequest},
		{404, "Session not found", web.ReasonSessionGone},
		{404, "No MCP endpoint here", web.ReasonNotFound},
		{400, "the Mcp-Session-Id header is missing; send the one that initialize answered", web.ReasonSessionMissing},
		{503, "you have too many requests under way at once, and this one was not begun; nothing was done, wait for some of them to end and try again",
			web.ReasonTooMany},
		{413, "x", web.ReasonTooLarge},
		{408, "x", web.ReasonTooSlow},
		{415, "x", web.ReasonContentType},
		{405, "x", web.ReasonMethod},
		{500, "x", web.ReasonInternal},
		{502, "x", web.ReasonInternal},
		{503, "x", web.ReasonUnavailable},
	} {
		if got := endpoint.Why(tt.status, tt.message); got != tt.want {
			t.Errorf("%d %q: %s, want %s", tt.status, tt.message, got, tt.want)
		}
	}
}

// failing is a table of sessions that fails for an unknown reason.
type failing struct{}

func (failing) Create(context.Context, session.Info) (*session.Session, error) {
	return nil, errors.New("the cause")
}

func (failing) Resume(context.Context, string, string) (*session.Session, error) {
	return nil, errors.New("the cause")
}

func (failing) End(context.Context, string, string) error { return errors.New("the cause") }

func TestWhatGoesWrongIsLoggedWithItsCause(t *testing.T) {
	panicking := &tools{call: func(context.Context, mcpadapter.Call) mcpadapter.Report { panic("the cause") }}
	for name, tt := range map[string]struct {
		setup        setup
		method, body string
		headers      []string
		status       int
		line         string // "" if there is none
	}{
		"a session that is not minted":  {setup{sessions: failing{}}, "POST", initialize, nil, 200, `WARN msg="no session for an initialize" error="the cause"`},
		"a session that is not found":   {setup{sessions: failing{}}, "POST", callProbe, []string{"Mcp-Session-Id", "x"}, 503, `WARN msg="session store" error="the cause"`},
		"a session that is not ended":   {setup{sessions: failing{}}, "DELETE", "", []string{"Mcp-Session-Id", "x"}, 503, `WARN msg="session store" error="the cause"`},
		"a scope that is not judged":    {setup{auth: &granting{err: errors.New("the cause")}}, "POST", callProbe, nil, 500, `ERROR msg="a request could not be judged" error="the cause"`},
		"a credential that is not had":  {setup{credentials: &wallet{refused: errors.New("the cause")}}, "POST", callProbe, nil, 500, `ERROR msg="a request could not be judged" error="the cause"`},
		"a credential to be had later":  {setup{credentials: &wallet{refused: busy{}}}, "POST", callProbe, nil, 503, ""},
		"a credential that was refused": {setup{credentials: &wallet{refused: signIn{}}}, "POST", callProbe, nil, 401, ""},
		"a panic":                       {setup{tools: panicking}, "POST", callProbe, nil, 200, `ERROR msg="panic in a method" method=tools/call panic="the cause" stack=`},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReplica(t, tt.setup)
			a := r.send(t, tt.method, tt.body, tt.headers...)
			if a.status != tt.status || strings.Contains(a.body, "the cause") || a.header.Get("Mcp-Session-Id") != "" {
				t.Errorf("answered %d %v %s", a.status, a.header, a.body)
			}
			if wait := a.header.Get("Retry-After"); tt.line != "" && (wait == "2") != (tt.status == http.StatusServiceUnavailable) {
				t.Errorf("Retry-After %q", wait)
			}
			if log := r.log.String(); !strings.Contains(log, tt.line) || (log == "") != (tt.line == "") {
				t.Errorf("log %s", log)
			}
		})
	}
}

func TestStoreOfSessionsThatIsAwayFillsNoLog(t *testing.T) {
	for name, tt := range map[string]struct{ method, body, id, line string }{
		"to begin one": {http.MethodPost, initialize, "", `level=WARN msg="no session for an initialize"`},
		"to find one":  {http.MethodPost, callProbe, "x", `level=WARN msg="session store"`},
		"to end one":   {http.MethodDelete, "", "x", `level=WARN msg="session store"`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e, log := newEndpoint(t, setup{sessions: failing{}})
				send := func() {
					r := rpctest.Post("http://localhost/mcp", tt.body, "Mcp-Session-Id", tt.id)
					r.Method = tt.method
					r.Serve(t.Context(), e)
				}
				for range 50 {
					send()
				}
				if n := strings.Count(log.String(), tt.line); n != 5 || strings.Contains(log.String(), "untold") {
					t.Errorf("%d lines: %s", n, log)
				}
				log.Reset()
				time.Sleep(time.Minute)
				send()
				send()
				if got := log.String(); strings.Count(got, tt.line) != 2 || strings.Count(got, `error="the cause" untold=45`) != 1 {
					t.Errorf("in the next minute: %s", got)
				}
			})
		})
	}
}

func TestWhoIsTurnedAwayUnreadIsToldWhenToComeBack(t *testing.T) {
	w := httptest.NewRecorder()
	endpoint.WriteCrowded(w)
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "2" || w.Header().Get("Content-Type") != "application/json" ||
		w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("Connection") != "" {
		t.Errorf("answered %d %v", w.Code, w.Header())
	}
	if body := w.Body.String(); !strings.HasPrefix(body, `{"jsonrpc":"2.0","error":{"code":-32603,"message":"too many requests are waiting`) {
		t.Errorf("answered %s", body)
	}
	w = httptest.NewRecorder()
	endpoint.WriteNotFound(w, "look elsewhere")
	if w.Code != http.StatusNotFound || w.Body.String() != `{"jsonrpc":"2.0","error":{"code":-32600,"message":"look elsewhere"}}` {
		t.Errorf("answered %d %s", w.Code, w.Body)
	}
}

// What is not an initialize that can have a session is answered as it is.
func TestOnlyAnInitializeOfAnHTTPRequestHasASession(t *testing.T) {
	e, _ := newEndpoint(t, setup{sessions: failing{}})
	cause := errors.New("the cause")
	for name, tt := range map[string]struct {
		method string
		params mcp.Params
		result mcp.Result
		err    error
	}{
		"outside of a request": {"initialize", &mcp.InitializeParams{}, &mcp.InitializeResult{}, nil},
		"without params":       {"initialize", (*mcp.InitializeParams)(nil), &mcp.InitializeResult{}, nil},
		"without a result":     {"initialize", &mcp.InitializeParams{}, nil, nil},
		"with an error":        {"initialize", &mcp.InitializeParams{}, nil, cause},
		"another method":       {"ping", &mcp.PingParams{}, &mcp.InitializeResult{}, nil},
	} {
		handler := e.MintSession(func(context.Context, string, mcp.Request) (mcp.Result, error) { return tt.result, tt.err })
		params, _ := tt.params.(*mcp.InitializeParams)
		result, err := handler(t.Context(), tt.method, &mcp.ServerRequest[*mcp.InitializeParams]{Params: params})
		if result != tt.result || !errors.Is(err, tt.err) {
			t.Errorf("%s: %v, %v", name, result, err)
		}
	}
}
