package authserver

import (
	"context"
	"errors"
	"net/url"
)

// What a [SignIn] fails with. Any other error is a failure that nobody can say more about.
var (
	// ErrDenied says that the person or the provider said no.
	ErrDenied = errors.New("authserver: sign-in denied")
	// ErrNotAllowed says that the person may not sign in here.
	ErrNotAllowed = errors.New("authserver: this person may not sign in here")
	// ErrUnavailable says that the provider cannot be asked now.
	ErrUnavailable = errors.New("authserver: the identity provider is unavailable")
)

// SignIn signs people in at an identity provider.
type SignIn interface {
	// Begin gives the provider's URL for the browser. keep is secret state (nonce, PKCE verifier) that comes back in Finish.
	Begin(ctx context.Context, state string) (location string, keep []byte, err error)
	// Finish redeems the provider's answer.
	Finish(ctx context.Context, answer url.Values, keep []byte) (Person, error)
	// StillAllowed is asked at every refresh, with what is known of the person.
	StillAllowed(ctx context.Context, p Person) error
}

// Person is who signed in.
type Person struct {
	// Subject is the provider's issuer, "#" and its sub, at most 255 bytes.
	Subject string
	// Name and Email are shown to the person.
	Name, Email string
	// Upstream is secret state that is kept with the grant, as it was last saved there; may be nil.
	Upstream []byte
	// Grant is the id of the grant in StillAllowed, "" in Finish.
	Grant string
}
