package authserver

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
)

// What a [SignIn] fails with. Any other error is a failure that nobody can say more about.
var (
	ErrDenied      = identity.ErrDenied
	ErrNotAllowed  = identity.ErrNotAllowed
	ErrSignInOver  = identity.ErrSignInOver
	ErrBeginAgain  = identity.ErrBeginAgain
	ErrUnavailable = identity.ErrUnavailable
)

// SignIn signs people in at an identity provider.
type SignIn interface {
	// Begin gives the provider's URL for the browser. keep is secret state (nonce, PKCE verifier)
	// that comes back in Finish.
	Begin(ctx context.Context, state string) (location string, keep []byte, err error)
	// Finish redeems the provider's answer.
	Finish(ctx context.Context, answer url.Values, keep []byte) (Person, error)
	// StillAllowed is asked at every refresh, with what is known of the person. ErrDenied,
	// ErrNotAllowed and ErrSignInOver end the grant; after any other error, and those of a store
	// among them, it stays.
	StillAllowed(ctx context.Context, p SignedIn) error
}

// Person is who signed in.
type Person = grant.Person

// SignedIn is a person whose grant goes on. What the provider needs is as it was last saved; it is
// nil if there is nothing, or if the store has lost it, which says nothing about the person.
type SignedIn struct {
	Person
	// Grant is the id of the grant, and Since when the person signed in.
	Grant string
	Since time.Time
}

// beginAgain sends the browser to the provider once more, with the same approval.
func (s *Server) beginAgain(w http.ResponseWriter, r *http.Request, b browser, x *grant.AuthRequest) error {
	location, err := s.beginSignIn(w, r, b, x)
	if err == nil {
		redirectTo(w, location)
	}
	return err
}
