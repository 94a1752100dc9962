package identity

// Caller is who makes a request. The zero value is the anonymous caller, whom everybody is without
// a login.
type Caller struct {
	// Subject names the person or service, unique for issuer and subject together; "" for the
	// anonymous caller.
	Subject string
	// ClientID is the OAuth client that the caller's access token was issued to, as its issuer
	// says. "" without a login.
	ClientID string
	// Grant is the id of what the person allowed that client, where the gateway itself issued the
	// access token; else "".
	Grant string
	// GrantUnconfirmed says that nobody has been able to tell lately whether that grant still
	// stands. What only reads is served all the same, what changes or sends something is not.
	GrantUnconfirmed bool
	// Direct says that the access token was given for an assertion or a client's own credentials:
	// there is no sign-in in a browser that a challenge could have repeated.
	Direct bool
	// Scopes are what the caller was granted, in this gateway's names. Without a login there are
	// none and none are asked for. Callers share the slice: do not write into it.
	Scopes []string
}

// Client is a program's own word about itself, which proves nothing.
type Client struct {
	Name, Version string
}
