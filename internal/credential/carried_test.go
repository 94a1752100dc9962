package credential

import (
	"errors"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/internal/upstream"
)

func TestARequestThatCarriesNoTokenHasNoneToExchange(t *testing.T) {
	t.Parallel()
	if token, err := CarriedToken(t.Context(), "ann"); token != "" || !errors.Is(err, upstream.ErrGrantOver) {
		t.Error(err)
	}
	ctx := request.With(t.Context(), &request.Request{Token: request.NewToken("theirs")})
	if token, err := CarriedToken(ctx, "ann"); token != "theirs" || err != nil {
		t.Errorf("not carried: %v", err)
	}
}
