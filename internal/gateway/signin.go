package gateway

import (
	"context"
	"errors"
	"net/url"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/upstream"
)

// signIn is the provider as the authorization server knows it.
type signIn struct {
	provider *upstream.Provider
	people   *people
}

func (s signIn) Begin(ctx context.Context, state string) (location string, keep []byte, err error) {
	location, keep, err = s.provider.Begin(ctx, state)
	return location, keep, signInError(err)
}

func (s signIn) Finish(ctx context.Context, answer url.Values, keep []byte) (authserver.Person, error) {
	p, err := s.provider.Finish(ctx, answer, keep)
	return p, signInError(err)
}

func (s signIn) StillAllowed(ctx context.Context, p authserver.SignedIn) error {
	return signInError(s.people.stillAllowed(ctx, upstreamGrant(p.Grant, p.Subject, p.Email, p.Since), p.Upstream))
}

// signInError is the one translation of the provider's errors for the authorization server.
func signInError(err error) error {
	switch {
	case errors.Is(err, upstream.ErrDenied):
		return errors.Join(authserver.ErrDenied, err)
	case errors.Is(err, upstream.ErrNotAllowed):
		return errors.Join(authserver.ErrNotAllowed, err)
	case errors.Is(err, upstream.ErrGrantOver), errors.Is(err, upstream.ErrLapsed):
		return errors.Join(authserver.ErrSignInOver, err)
	case errors.Is(err, upstream.ErrBeginAgain):
		return errors.Join(authserver.ErrBeginAgain, err)
	case errors.Is(err, upstream.ErrUnavailable):
		return errors.Join(authserver.ErrUnavailable, err)
	}
	return err
}
