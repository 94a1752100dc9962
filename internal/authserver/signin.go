package authserver

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
)

// What a [SignIn] fails with. Any other error is a failure that nobody can say more about.
var (
	// ErrDenied says that the person or the provider said no.
	ErrDenied = errors.New("authserver: sign-in denied")
	// ErrNotAllowed says that the person may not sign in here.
	ErrNotAllowed = errors.New("authserver: this person may not sign in here")
	// ErrSignInOver says that the sign-in behind a grant has ended at the provider, or that for too long nobody could tell
	// whether it has.
	ErrSignInOver = errors.New("authserver: the sign-in has ended at the identity provider")
	// ErrBeginAgain says that this sign-in came to nothing and that the next [SignIn.Begin] of the same may succeed. A sign-in
	// that began for this reason must not fail with it again.
	ErrBeginAgain = errors.New("authserver: the sign-in must begin again")
	// ErrUnavailable says that the provider cannot be asked now.
	ErrUnavailable = errors.New("authserver: the identity provider is unavailable")
)

// SignIn signs people in at an identity provider.
type SignIn interface {
	// Begin gives the provider's URL for the browser. keep is secret state (nonce, PKCE verifier) that comes back in Finish.
	Begin(ctx context.Context, state string) (location string, keep []byte, err error)
	// Finish redeems the provider's answer.
	Finish(ctx context.Context, answer url.Values, keep []byte) (Person, error)
	// StillAllowed is asked at every refresh, with what is known of the person. ErrDenied, ErrNotAllowed and ErrSignInOver end
	// the grant; after any other error, and those of a store among them, it stays.
	StillAllowed(ctx context.Context, p SignedIn) error
}

// Person is who signed in.
type Person = grant.Person

// SignedIn is a person whose grant goes on. What the provider needs is as it was last saved; it is nil if there is nothing, or if
// the store has lost it, which says nothing about the person.
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
