package request_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

func TestStagesFillOneRequest(t *testing.T) {
	first, q := request.Enter(httptest.NewRequest(http.MethodPost, "/mcp", nil))
	q.ID = "one"
	second, same := request.Enter(first)
	same.Caller.Subject = "ann"
	if q != same || request.From(second.Context()) != q || q.Caller.Subject != "ann" {
		t.Errorf("%+v and %+v", q, same)
	}
	if second == first {
		t.Error("a stage would change the HTTP request of the one before it")
	}
}

func TestContextWithoutRequestKnowsNothing(t *testing.T) {
	request.From(t.Context()).ID = "of nobody"
	if q := request.From(t.Context()); q.ID != "" || q.Resource != nil || q.Credential.Lost() != nil {
		t.Errorf("%+v", q)
	}
}

func TestRequestsOfAConnectionAreApart(t *testing.T) {
	here, there := net.Pipe()
	defer func() { _, _ = here.Close(), there.Close() }()
	ctx := request.WithConn(t.Context(), here)
	if request.Conn(ctx) != here || request.Conn(t.Context()) != nil {
		t.Error("the connection is not found")
	}
	for _, id := range []string{"one", "two"} {
		_, q := request.Enter(httptest.NewRequestWithContext(ctx, http.MethodPost, "/", nil))
		if q.ID != "" {
			t.Errorf("%s begins as %s", id, q.ID)
		}
		q.ID = id
	}
}

func TestTokenShowsItselfToNobody(t *testing.T) {
	const secret = "eyJ-the-clients-token"
	q := &request.Request{Token: request.NewToken(secret)}
	ctx := request.With(context.Background(), q)
	if q.Token.Reveal() != secret || (request.Token{}).Reveal() != "" {
		t.Fatal("not revealed")
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "context", ctx, "request", q, "value", q.Token)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "value", q.Token)
	for _, shown := range []string{log.String(), fmt.Sprint(ctx), fmt.Sprintf("%v %+v %#v", q, q, q), fmt.Sprintf("%v %+v %#v %s", q.Token, q.Token, q.Token, q.Token)} {
		if strings.Contains(shown, secret) {
			t.Errorf("shown: %s", shown)
		}
	}
}

func TestRenewedCredentialServesTheRest(t *testing.T) {
	gone := errors.New("sign in again")
	c := request.NewCredential(clerkapi.APIKey("first"), nil)
	if c.Lose(gone); !errors.Is(c.Lost(), gone) {
		t.Errorf("lost: %v", c.Lost())
	}
	c.Renew(clerkapi.APIKey("second"))
	if got, err := c.Get(); err != nil || got != clerkapi.APIKey("second") || c.Lost() != nil {
		t.Errorf("%v, %v, lost %v", got, err, c.Lost())
	}
}
