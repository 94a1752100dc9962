package endpoint_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/endpoint"
	"github.com/clerkchat/mcp-gateway/pkg/session"
)

func TestEachRequiredOptionIsAskedFor(t *testing.T) {
	for name, leaveOut := range map[string]func(*endpoint.Options){
		"none":     nil,
		"tools":    func(o *endpoint.Options) { o.Tools = nil },
		"sessions": func(o *endpoint.Options) { o.Sessions = nil },
		"logger":   func(o *endpoint.Options) { o.Logger = nil },
		"name":     func(o *endpoint.Options) { o.Name = "" },
		"version":  func(o *endpoint.Options) { o.Version = "" },
	} {
		opts := endpoint.Options{Tools: &tools{}, Sessions: &session.Table{}, Logger: slog.New(slog.DiscardHandler), Name: "test", Version: "1"}
		if leaveOut != nil {
			leaveOut(&opts)
		}
		if _, err := endpoint.New(opts); (err == nil) != (leaveOut == nil) {
			t.Errorf("without %s: %v", name, err)
		}
	}
}

func TestTheDefaultBodyIsFourMebibytesAtMost(t *testing.T) {
	const most = 4 << 20
	for _, option := range []int64{0, -1} {
		e, err := endpoint.New(endpoint.Options{
			Tools: &tools{}, Sessions: &session.Table{}, Logger: slog.New(slog.DiscardHandler), Name: "test", Version: "1", MaxBody: option,
		})
		if err != nil {
			t.Fatal(err)
		}
		for length, status := range map[int]int{most: http.StatusOK, most + 1: http.StatusRequestEntityTooLarge} {
			for _, told := range []int64{int64(length), -1} {
				r := post(t.Context(), callProbe+strings.Repeat(" ", length-len(callProbe)))
				r.ContentLength = told
				w := httptest.NewRecorder()
				e.ServeHTTP(w, r)
				if w.Code != status {
					t.Errorf("%d bytes, told %d: answered %d", length, told, w.Code)
				}
			}
		}
	}
}

func TestOneByteMoreIsBeyondTheBoundsOfAnAnswer(t *testing.T) {
	const large, usual = 256 << 10, 2 << 20
	for _, tt := range []struct {
		most       int64 // 0: the usual
		text, json int
		turn       bool
		whole      bool
	}{
		{0, large, 0, false, true},
		{0, large + 1, 0, true, true},
		{0, large - 10, 10, false, true},
		{0, large - 10, 11, true, true},
		{0, usual, 0, true, true},
		{0, usual + 1, 0, false, false},
		{0, usual - 10, 11, false, false},
		{300 << 10, 300 << 10, 0, true, true},
		{300 << 10, 300<<10 + 1, 0, false, false},
	} {
		turns := &inFlight{}
		e, _ := newEndpoint(t, setup{maxAnswer: tt.most, inFlight: turns, tools: sized(tt.text, tt.json)})
		w := httptest.NewRecorder()
		e.ServeHTTP(w, post(t.Context(), callProbe))
		told := w.Body.String()
		if whole := strings.Contains(told, strings.Repeat("x", tt.text)); whole != tt.whole || strings.Contains(told, `"isError":true`) == whole {
			t.Errorf("%+v: whole %v", tt, whole)
		}
		if turn := strings.Contains(strings.Join(turns.trail, ","), "enter answer"); turn != tt.turn {
			t.Errorf("%+v: %v", tt, turns.trail)
		}
	}
}
