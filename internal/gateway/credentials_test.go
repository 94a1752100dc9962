package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/upstream"
)

func TestTheCarriedTokenShowsItselfToNobody(t *testing.T) {
	t.Parallel()
	const secret = "eyJ-the-clients-token"
	var served *http.Request
	carryToken(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		keepToken(r.Context(), secret)
		served = r
	})).ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/mcp", nil))
	ctx := served.Context()
	if got, err := carriedToken(ctx, "ann"); err != nil || got != secret {
		t.Fatalf("not carried: %v", err)
	}
	carried := ctx.Value(clientTokenKey{})
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "context", ctx, "value", carried)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "value", carried)
	for _, shown := range []string{log.String(), fmt.Sprint(ctx), fmt.Sprintf("%v %+v %#v %s", carried, carried, carried, carried)} {
		if strings.Contains(shown, secret) {
			t.Errorf("shown: %s", shown)
		}
	}
}

func TestARequestThatCarriesNoTokenHasNoneToExchange(t *testing.T) {
	t.Parallel()
	for name, ctx := range map[string]context.Context{
		"no room":      t.Context(),
		"nothing kept": context.WithValue(t.Context(), clientTokenKey{}, &clientToken{}),
	} {
		keepToken(t.Context(), "nowhere to put it")
		if token, err := carriedToken(ctx, "ann"); token != "" || !errors.Is(err, upstream.ErrGrantOver) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
