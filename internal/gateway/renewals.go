package gateway

import (
	"context"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/upstream"
)

// renewalsTimeout is longer than the provider may take to answer.
const renewalsTimeout = 15 * time.Second

// finishRenewals waits until what the provider was asked is answered and stored: a refresh token
// that is lost on the way would cost the person a sign-in. The deadline for stopping ends the wait
// all the same.
func (g *Gateway) finishRenewals(tokens *upstream.Login) {
	ctx := g.finishing
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := context.WithTimeout(ctx, renewalsTimeout)
	defer cancel()
	if err := tokens.Close(ctx); err != nil {
		g.logger.Error("stopped while the identity provider renews tokens; some people may have to sign in again")
	}
}
