package web_test

import (
	"bytes"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/internal/web"
)

func contains(s, sub string) bool { return strings.Contains(s, sub) }

func TestRecoverAnswersWithTheRequestIDAndKeepsTheCauseInTheLog(t *testing.T) {
	var log bytes.Buffer
	h := web.Chain(
		http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("the cause") }),
		web.RequestID,
		func(next http.Handler) http.Handler {
			return web.Recover(slog.New(slog.NewTextHandler(&log, nil)), next)
		})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
	id := w.Header().Get(web.RequestIDHeader)
	if w.Code != http.StatusInternalServerError || id == "" || !contains(w.Body.String(), id) {
		t.Errorf("answered %d %q with id %q", w.Code, w.Body, id)
	}
	if contains(w.Body.String(), "the cause") {
		t.Error("the cause reached the client")
	}
	if !contains(log.String(), "the cause") {
		t.Error("the cause is not in the log")
	}
}

func TestRecoverLetsAHandlerCutTheConnection(t *testing.T) {
	h := web.Recover(slog.New(slog.DiscardHandler), http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		panic(http.ErrAbortHandler)
	}))
	defer func() {
		if err, ok := recover().(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
			t.Error("the abort was swallowed")
		}
	}()
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil))
}

func TestRequestIDIsTheServersOwn(t *testing.T) {
	var seen string
	h := web.RequestID(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen = request.From(r.Context()).ID }))
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.Header.Set(web.RequestIDHeader, "forged")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if seen == "" || seen == "forged" || w.Header().Get(web.RequestIDHeader) != seen {
		t.Errorf("context has %q, answer has %q", seen, w.Header().Get(web.RequestIDHeader))
	}
}
