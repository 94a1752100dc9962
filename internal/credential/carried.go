package credential

import (
	"context"

	"github.com/clerkchat/mcp-gateway/internal/request"
	"github.com/clerkchat/mcp-gateway/internal/upstream"
)

// CarriedToken is the token that the request came with, as the subject of an exchange. A request
// without one was not let in with a token.
func CarriedToken(ctx context.Context, _ string) (string, error) {
	if t := request.From(ctx).Token.Reveal(); t != "" {
		return t, nil
	}
	return "", upstream.ErrGrantOver
}
