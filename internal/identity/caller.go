package identity

import "context"

// Caller is who makes a request. The zero value is the anonymous caller, whom everybody is without a login.
type Caller struct {
	// Subject names the person or service, unique for issuer and subject together; "" for the anonymous caller.
	Subject string
	// Client is the program that calls, as far as it told. It says so itself and proves nothing.
	Client Client
	// ClientID is the OAuth client that the caller's access token was issued to, as its issuer says. "" without a login.
	ClientID string
	// Grant is the id of what the person allowed that client, where the gateway itself issued the access token; else "".
	Grant string
	// GrantUnconfirmed says that nobody has been able to tell lately whether that grant still stands. What only reads is
	// served all the same, what changes or sends something is not.
	GrantUnconfirmed bool
	// Direct says that the access token was given for an assertion or a client's own credentials: there is no sign-in in a browser
	// that a challenge could have repeated.
	Direct bool
	// Scopes are what the caller was granted, in this gateway's names. Without a login there are none and none are asked
	// for. Callers share the slice: do not write into it.
	Scopes []string
}

// Client is a program's own word about itself.
type Client struct {
	Name, Version string
}

type callerKey struct{}

// WithCaller puts the caller into a context.
func WithCaller(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, callerKey{}, c)
}

// CallerFrom returns the caller of a context, the anonymous one if there is none.
func CallerFrom(ctx context.Context) Caller {
	c, _ := ctx.Value(callerKey{}).(Caller)
	return c
}
