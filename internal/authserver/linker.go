package authserver

import (
	"context"
	"errors"
	"time"
)

// What a [Linker] refuses a key with. Any other error is a failure that nobody can say more about.
var (
	// ErrKeyMalformed says that what was entered is not a key.
	ErrKeyMalformed = errors.New("authserver: not a key")
	// ErrKeyRefused says that the key is not accepted where it is meant for.
	ErrKeyRefused = errors.New("authserver: the key is not accepted")
	// ErrKeyUntested says that the key could not be tested, and so was not kept.
	ErrKeyUntested = errors.New("authserver: the key cannot be tested now")
	// ErrKeyExists says that there is another key that the person did not agree to replace, or remove.
	ErrKeyExists = errors.New("authserver: another key is linked")
)

// Linker keeps a key of each person's own for what stands behind the gateway. ErrUnavailable says that it cannot tell now.
type Linker interface {
	// Check is asked when the person has signed in: without a key that can be used, the person is asked for one.
	Check(ctx context.Context, subject string) (Link, error)
	// Find is asked for the page that shows the key.
	Find(ctx context.Context, subject string) (Link, error)
	// Keep tests a key and keeps it. If another one is there, replaces must be its id.
	Keep(ctx context.Context, subject, key, replaces string) error
	// Remove forgets the key that id names. If there is another one it stays: ErrKeyExists.
	Remove(ctx context.Context, subject, id string) error
}

// Link is what may be shown of a key to the person it belongs to.
type Link struct {
	// ID names the key; "" if there is none.
	ID string
	// Hint is the end of the key, may be "".
	Hint string
	// Since is when it was linked.
	Since time.Time
	// Refused says that it is not accepted any more.
	Refused bool
	// Unreadable says that it is there and cannot be opened for now.
	Unreadable bool
}

func (l Link) usable() bool { return l.ID != "" && !l.Refused && !l.Unreadable }
