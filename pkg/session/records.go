package session

import (
	"context"
	"iter"
	"strings"
	"time"
)

// Sealer encrypts and authenticates. It is bound to the purpose "session id" by whoever makes it;
// Open refuses whatever was sealed for another purpose.
type Sealer interface {
	Seal(plaintext, aad []byte) []byte
	Open(sealed, aad []byte) ([]byte, error)
}

// Digester gives a keyed digest of at least eight bytes.
type Digester interface {
	Digest(data []byte) []byte
}

// Values is a store of small values under short names of letters, digits, "-" and "_", each with a
// time to live, on which they disappear by themselves. Each method is one step for all replicas and
// one round trip, and returns soon. An error means that the store cannot tell, or that it may have
// written or not; that something is not there is never an error.
type Values interface {
	// Get gives the value of a name, and whether there is one.
	Get(ctx context.Context, name string) (value []byte, found bool, err error)
	// SetNX sets the value of a name that has none, and tells whether it did.
	SetNX(ctx context.Context, name string, value []byte, ttl time.Duration) (added bool, err error)
	// CompareAndSwap sets the value of a name if it is still old, and tells whether it did.
	CompareAndSwap(ctx context.Context, name string, old, value []byte, ttl time.Duration) (replaced bool, err error)
	// GetSet sets the value of a name whatever it is, and gives the one before.
	GetSet(ctx context.Context, name string, value []byte, ttl time.Duration) (old []byte, found bool, err error)
}

// Records is the store of what changes in sessions: values that can be listed.
//
// pkg/session/sessiontest has the suite that an implementation must pass.
type Records interface {
	Values
	// Scan gives all that is under names with a prefix, in no order. What is added or removed
	// meanwhile may be given or not, and a name may be given twice. After an error there is nothing
	// more.
	Scan(ctx context.Context, prefix string) iter.Seq2[Record, error]
}

// Record is a name and its value.
type Record = struct {
	Name  string
	Value []byte
}

// IsName tells whether a text may be a name in [Records], or the beginning of one.
func IsName(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", r)
	})
}
