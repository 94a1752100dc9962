package web_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/web"
)

func TestProbesSayWhatAReplicaCanDo(t *testing.T) {
	up, down := func(context.Context) error { return nil }, func(context.Context) error { return errors.New("away") }
	for name, tc := range map[string]struct {
		store  func(context.Context) error
		drains bool
		query  string
		status int
		body   string
	}{
		"serving":                      {up, false, "", http.StatusOK, `{"checks":{"accepting":"ok","store":"ok"},"ready":true}`},
		"draining":                     {up, true, "", http.StatusServiceUnavailable, `{"checks":{"accepting":"draining","store":"ok"},"ready":false}`},
		"without its store":            {down, false, "", http.StatusServiceUnavailable, `{"checks":{"accepting":"ok","store":"unreachable"},"ready":false}`},
		"the store does not count":     {down, false, "?exclude=store", http.StatusOK, `{"checks":{"accepting":"ok","store":"unreachable"},"ready":true}`},
		"neither of them counts":       {down, true, "?exclude=store&exclude=accepting", http.StatusOK, `{"checks":{"accepting":"draining","store":"unreachable"},"ready":true}`},
		"another exclusion is nothing": {down, false, "?exclude=nothing", http.StatusServiceUnavailable, `{"checks":{"accepting":"ok","store":"unreachable"},"ready":false}`},
	} {
		t.Run(name, func(t *testing.T) {
			p := web.NewProbes(tc.store)
			if tc.drains {
				p.Drain()
				p.Drain() // once more is not an error
			}
			select {
			case <-p.Draining():
				if !tc.drains {
					t.Error("draining by itself")
				}
			default:
				if tc.drains {
					t.Error("nobody hears of the draining")
				}
			}
			live, ready := httptest.NewRecorder(), httptest.NewRecorder()
			p.Live(live, nil)
			p.Ready(ready, httptest.NewRequest(http.MethodGet, "/readyz"+tc.query, nil))
			if live.Code != http.StatusOK || ready.Code != tc.status || ready.Body.String() != tc.body+"\n" {
				t.Errorf("live %d, ready %d %s", live.Code, ready.Code, ready.Body)
			}
		})
	}
}
