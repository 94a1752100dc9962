package gateway

import (
	"context"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/upstream"
)

// signIn is the provider as the authorization server knows it.
type signIn struct {
	*upstream.Provider
	people *people
}

func (s signIn) StillAllowed(ctx context.Context, p authserver.SignedIn) error {
	return s.people.stillAllowed(ctx, upstreamGrant(p.Grant, p.Subject, p.Email, p.Since), p.Upstream)
}
