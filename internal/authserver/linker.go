package authserver

import (
	"context"

	"github.com/clerkchat/mcp-gateway/internal/identity"
)

// What a [Linker] refuses a key with. Any other error is a failure that nobody can say more about.
var (
	ErrKeyMalformed = identity.ErrKeyMalformed
	ErrKeyRefused   = identity.ErrKeyRefused
	ErrKeyUntested  = identity.ErrKeyUntested
	ErrKeyExists    = identity.ErrKeyExists
)

// Linker keeps a key of each person's own for what stands behind the gateway. ErrUnavailable says
// that it cannot tell now.
type Linker interface {
	// Check is asked when the person has signed in: without a key that can be used, the person is
	// asked for one.
	Check(ctx context.Context, subject string) (Link, error)
	// Find is asked for the page that shows the key.
	Find(ctx context.Context, subject string) (Link, error)
	// Keep tests a key and keeps it. If another one is there, replaces must be its id.
	Keep(ctx context.Context, subject, key, replaces string) error
	// Remove forgets the key that id names. If there is another one it stays: ErrKeyExists.
	Remove(ctx context.Context, subject, id string) error
}

// Link is what may be shown of a key to the person it belongs to.
type Link = identity.Link
