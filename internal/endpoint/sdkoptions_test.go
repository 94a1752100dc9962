package endpoint_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/rpctest"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// Scopes are asked for once, by the body as we read it. So a handler makes no other call than the
// SDK was given.
func TestOnlyTheAdmittedCallIsMade(t *testing.T) {
	for read, admitted := range map[string][]string{"probe": {"nothing", ""}, "nothing": {"probe"}} {
		for _, name := range admitted {
			e, log := newEndpoint(t, setup{tools: &tools{call: func(context.Context, mcpadapter.Call) mcpadapter.Report {
				t.Error("the tool was called")
				return mcpadapter.Report{}
			}}})
			err := e.CallAdmitted(t.Context(), name, read)
			if err == nil || !strings.Contains(err.Error(), "internal error") || !strings.Contains(log.String(), "was admitted") {
				t.Errorf("admitted %q, read %q: %v, logged %s", name, read, err, log)
			}
		}
	}
}

func TestTheSDKHasNoBoundsOfItsOwn(t *testing.T) {
	large := strings.Replace(callProbe, `"arguments":{}`, `"arguments":{"x":"`+strings.Repeat("x", 5<<20)+`"}`, 1)
	if len(large) < 5<<20 {
		t.Fatal("the call has no arguments to enlarge")
	}
	for name, tt := range map[string]struct {
		body    string
		headers []string
	}{
		"body within --max-body": {large, nil},
		"host of a balancer on this machine, which our own check has let through": {callProbe, []string{"Host", "mcp.example.com"}},
	} {
		t.Run(name, func(t *testing.T) {
			served(t, newReplica(t, setup{maxBody: 8 << 20}).send(t, http.MethodPost, tt.body, tt.headers...))
		})
	}
}

func TestAClientThatGoesAwayEndsItsCall(t *testing.T) {
	inBothEras(t, func(t *testing.T, body string, headers []string) {
		synctest.Test(t, func(t *testing.T) {
			ended := false
			e, _ := newEndpoint(t, setup{tools: &tools{reads: true, call: func(ctx context.Context, _ mcpadapter.Call) mcpadapter.Report {
				<-ctx.Done()
				ended = true
				return mcpadapter.Report{}
			}}})
			ctx, leave := context.WithCancel(t.Context())
			r := rpctest.Post("/mcp", body, headers...).Incoming(ctx)
			done := make(chan struct{})
			go func() {
				defer close(done)
				e.ServeHTTP(httptest.NewRecorder(), r)
			}()
			synctest.Wait()
			leave()
			<-done
			if !ended {
				t.Error("the call goes on")
			}
		})
	})
}

func TestAListSaysHowLongItMayBeKept(t *testing.T) {
	list := strings.NewReplacer(`"tools/call"`, `"tools/list"`, `"name":"probe",`, "", `"arguments":{},`, "").Replace(callProbeModern)
	a := newReplica(t, setup{}).send(t, http.MethodPost, list, "Mcp-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/list")
	if !strings.Contains(a.body, `"ttlMs":300000`) {
		t.Errorf("answered %d %s", a.status, a.body)
	}
}

func TestInitializeGivesTheInstructionsOfTheTools(t *testing.T) {
	if a := newReplica(t, setup{}).send(t, http.MethodPost, initialize); !strings.Contains(a.body, `"instructions":"Probe."`) {
		t.Errorf("answered %d %s", a.status, a.body)
	}
}

// slowly grants after three seconds.
type slowly struct{}

func (slowly) Require(context.Context, []string) error {
	time.Sleep(3 * time.Second)
	return nil
}

// Whoever recognizes a call that comes again needs to know how long ago it came: before its scopes
// were asked for.
func TestToolsSeeHowLongTheirCallWasHeldUp(t *testing.T) {
	inBothEras(t, func(t *testing.T, body string, headers []string) {
		synctest.Test(t, func(t *testing.T) {
			var got recording
			e, _ := newEndpoint(t, setup{auth: slowly{}, tools: got.tools()})
			r := post(t.Context(), body)
			for i := 0; i < len(headers); i += 2 {
				r.Header.Set(headers[i], headers[i+1])
			}
			e.ServeHTTP(httptest.NewRecorder(), r)
			if c := got.only(t); c.Held != 3*time.Second {
				t.Errorf("held up for %v", c.Held)
			}
		})
	})
}
