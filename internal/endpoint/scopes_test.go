package endpoint_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// granting is an Auth with some scopes.
type granting struct {
	scopes []string
	asked  [][]string
	err    error
}

func (g *granting) Require(_ context.Context, scopes []string) error {
	g.asked = append(g.asked, scopes)
	if g.err != nil {
		return g.err
	}
	for _, s := range scopes {
		if !slices.Contains(g.scopes, s) {
			return stepUp(strings.Join(scopes, " "))
		}
	}
	return nil
}

type stepUp string

func (s stepUp) Error() string { return "needs " + string(s) }

func (s stepUp) Write(w http.ResponseWriter) {
	w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_scope", scope="`+string(s)+`"`)
	w.WriteHeader(http.StatusForbidden)
}

func TestACallNeedsItsScopeInBothEras(t *testing.T) {
	inBothEras(t, func(t *testing.T, body string, headers []string) {
		called := false
		watch := &tools{call: func(context.Context, mcpadapter.Call) mcpadapter.Report {
			called = true
			return mcpadapter.Report{Result: mcpadapter.Result{Text: "ok"}}
		}}
		a := newReplica(t, setup{tools: watch, auth: &granting{}}).send(t, http.MethodPost, body, headers...)
		if a.status != http.StatusForbidden || !strings.Contains(a.header.Get("WWW-Authenticate"), `scope="probe:call"`) || called {
			t.Errorf("without the scope: %d %q, called %v", a.status, a.header.Get("WWW-Authenticate"), called)
		}
		served(t, newReplica(t, setup{tools: watch, auth: &granting{scopes: []string{"probe:call"}}}).send(t, http.MethodPost, body, headers...))
		if !called {
			t.Error("with the scope: not called")
		}
	})
}

func TestScopesAreNotSmuggledPastTheBody(t *testing.T) {
	for name, body := range map[string]string{
		"behind a name in capitals":    strings.Replace(callProbe, `"name":"probe"`, `"name":"probe","Name":"nothing"`, 1),
		"with an escaped key":          strings.Replace(callProbe, `"name"`, `"n\u0061me"`, 1),
		"with a name given twice":      strings.Replace(callProbe, `"name":"probe"`, `"name":"nothing","name":"probe"`, 1),
		"with params given twice":      strings.Replace(callProbe, `"params"`, `"params":{"name":"nothing"},"params"`, 1),
		"in a batch behind a harmless": `[{"jsonrpc":"2.0","id":9,"method":"ping"},` + callProbe + `]`,
	} {
		t.Run(name, func(t *testing.T) {
			r := newReplica(t, setup{auth: &granting{}, tools: &tools{call: func(context.Context, mcpadapter.Call) mcpadapter.Report {
				t.Error("the tool was called")
				return mcpadapter.Report{}
			}}})
			a := r.send(t, http.MethodPost, body, "Mcp-Name", "nothing")
			if strings.Contains(a.body, `"result":{"content"`) {
				t.Errorf("answered %d %s", a.status, a.body)
			}
		})
	}
}

func TestAScopeIsAskedForOnceForABatch(t *testing.T) {
	auth := &granting{}
	r := newReplica(t, setup{auth: auth})
	r.send(t, http.MethodPost, "["+callProbe+","+strings.ReplaceAll(callProbe, `"id":2`, `"id":3`)+"]")
	if len(auth.asked) != 1 || !slices.Equal(auth.asked[0], []string{"probe:call"}) {
		t.Errorf("asked for %q", auth.asked)
	}
}

func TestWhatNeedsNoScopeIsServedWithout(t *testing.T) {
	r := newReplica(t, setup{auth: &granting{}})
	for _, method := range []string{"ping", "tools/list"} {
		served(t, r.send(t, http.MethodPost, `{"jsonrpc":"2.0","id":1,"method":"`+method+`"}`))
	}
}

func TestScopesThatCannotBeJudgedRefuse(t *testing.T) {
	r := newReplica(t, setup{auth: &granting{err: errors.New("the cause")}})
	if a := r.send(t, http.MethodPost, callProbe); a.status != http.StatusInternalServerError || strings.Contains(a.body, "the cause") {
		t.Errorf("answered %d %s", a.status, a.body)
	}
}
