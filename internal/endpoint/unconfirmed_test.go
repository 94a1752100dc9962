package endpoint_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// Whether a grant still stands must be known before something is changed, and not before something
// is read.
func TestAnUnconfirmedGrantIsGoodForReadingOnly(t *testing.T) {
	inBothEras(t, func(t *testing.T, body string, headers []string) {
		for _, reads := range []bool{true, false} {
			called := false
			watch := &tools{reads: reads, call: func(context.Context, mcpadapter.Call) mcpadapter.Report {
				called = true
				return mcpadapter.Report{Result: mcpadapter.Result{Text: "ok"}}
			}}
			a := newReplica(t, setup{tools: watch}).send(t, http.MethodPost, body, append(headers, staleHeader, "yes")...)
			if called != reads {
				t.Errorf("a tool that reads %v: called %v", reads, called)
			}
			if reads {
				served(t, a)
				continue
			}
			m := a.rpc(t)
			if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") != "2" || string(m.ID) != "2" || m.Error == nil {
				t.Errorf("answered %d %v %s", a.status, a.header, a.body)
			}
		}
	})
}

func TestAnyChangingCallOfABatchNeedsAConfirmedGrant(t *testing.T) {
	r := newReplica(t, setup{tools: &tools{call: func(context.Context, mcpadapter.Call) mcpadapter.Report {
		t.Error("the tool was called")
		return mcpadapter.Report{}
	}}})
	batch := `[{"jsonrpc":"2.0","id":9,"method":"ping"},` + callProbe + `]`
	if a := r.send(t, http.MethodPost, batch, staleHeader, "yes"); a.status != http.StatusServiceUnavailable {
		t.Errorf("answered %d %s", a.status, a.body)
	}
	if a := r.send(t, http.MethodPost, `{"jsonrpc":"2.0","id":9,"method":"tools/list"}`, staleHeader, "yes"); a.status != http.StatusOK ||
		!strings.Contains(a.body, "probe") {
		t.Errorf("a list of tools: %d %s", a.status, a.body)
	}
}

func TestAScopelessToolThatChangesNeedsAConfirmedGrant(t *testing.T) {
	inBothEras(t, func(t *testing.T, body string, headers []string) {
		for _, reads := range []bool{true, false} {
			called := false
			watch := &tools{free: true, reads: reads, call: func(context.Context, mcpadapter.Call) mcpadapter.Report {
				called = true
				return mcpadapter.Report{Result: mcpadapter.Result{Text: "ok"}}
			}}
			a := newReplica(t, setup{tools: watch}).send(t, http.MethodPost, body, append(headers, staleHeader, "yes")...)
			m := a.rpc(t)
			if called != reads || (m.Error == nil) != reads {
				t.Errorf("a tool that reads %v: called %v, answered %s", reads, called, a.body)
			}
			if m.Error != nil && (m.Error.Code != -32603 || !strings.Contains(m.Error.Message, "nothing was done and nobody is signed out")) {
				t.Errorf("answered %s", a.body)
			}
		}
	})
}
