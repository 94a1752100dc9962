package session

import (
	"errors"
	"time"
)

var (
	// ErrNotFound says that there is no such session for this subject: the id is forged, cut, too
	// old, sealed with a secret that was removed, ended, or somebody else's. It does not say which.
	ErrNotFound = errors.New("session not found")
	// ErrUnavailable says that the store cannot be asked now. It wraps the store's own error.
	ErrUnavailable = errors.New("session store unavailable")
	// ErrAmbiguous says that the beginning of a key fits several sessions.
	ErrAmbiguous = errors.New("several sessions fit; give more of the key")
)

// Info is what is known when a session begins.
type Info struct {
	// Subject is whom the session belongs to, "" for the anonymous caller.
	Subject string
	// Version is the negotiated protocol version, such as "2025-11-25".
	Version string
	// ClientName and ClientVersion are the client's own words. They are cut to 64 bytes each, at a
	// rune's boundary, and lose what cannot be printed.
	ClientName, ClientVersion string
	// Capabilities is what the client can do.
	Capabilities Capabilities
}

// Session is one session as it was when the request came.
type Session struct {
	// ID is what the client sends with each request: visible ASCII, at most 512 bytes.
	ID string
	Info
	// Born is when the session began, to the second.
	Born time.Time
	// LastUsed is when the session was last used, to a minute or so; Born if the store could not
	// tell.
	LastUsed time.Time
	// Recovered says that the store had lost the record and that it was written again now.
	Recovered bool
	// Unstored says that the store could not be asked or written: what is known comes from the id
	// alone.
	Unstored bool

	key string
}

// Key is the name under which operators and the store know the session. It is a hash of the id and
// gives no access.
func (s *Session) Key() string { return s.key }

// Capabilities is what a client can do, as bits. Their values are part of sealed ids: they are only
// ever added to.
type Capabilities uint32

const (
	// CanSample is the capability "sampling".
	CanSample Capabilities = 1 << iota
	// CanElicit is the capability "elicitation".
	CanElicit
	// HasRoots is the capability "roots".
	HasRoots
)

// Has tells whether all of want is there.
func (c Capabilities) Has(want Capabilities) bool { return c&want == want }
