package limit

import (
	"context"
	"encoding/base64"
	"errors"
	"time"
)

// Quota is something that an owner may take a certain amount of in any period.
type Quota = struct {
	Name        string
	Amount, Max int
	Period      time.Duration
}

// Taken is what came of taking.
type Taken = struct {
	// Short is the place of the quota with too little room, -1 if everything was taken.
	Short int
	// Room is how much of it is left, Wait how long until there is enough; -1 if never.
	Room int
	Wait time.Duration
	// At is when it was taken.
	At time.Time
}

// Store counts what was taken, for all replicas together.
type Store interface {
	// Take takes of all quotas of an owner, or of none.
	Take(ctx context.Context, owner string, quotas []Quota) (Taken, error)
	// GiveBack undoes what was taken at a time.
	GiveBack(ctx context.Context, owner string, at time.Time, quotas []Quota) error
}

// Digest makes keyed digests.
type Digest interface {
	Digest(data []byte) []byte
}

// Event is something that operators count.
type Event string

const (
	// Refused says that a limit was reached.
	Refused Event = "refused"
	// Unenforced says that the store did not answer, and what might have been too much was let through.
	Unenforced Event = "unenforced"
	// Kept says that messages which were not sent count as sent, since the store did not answer.
	Kept Event = "kept"
)

// Options are what all limits are made of. All are required.
type Options struct {
	Store  Store
	Digest Digest
	// OnEvent is told of events with the limit's name: calls, messages, or the kind of an address's request. It must
	// not block.
	OnEvent func(limit string, e Event)
}

func (o Options) check() error {
	if o.Store == nil || o.Digest == nil || o.OnEvent == nil {
		return errors.New("limit: Options.Store, Options.Digest and Options.OnEvent are required")
	}
	return nil
}

// owner is what a subject or an address is called in the store: 16 bytes of a digest tell owners apart.
func (o Options) owner(kind, name string) string {
	return base64.RawURLEncoding.EncodeToString(o.Digest.Digest([]byte(kind + "\x00" + name))[:16])
}
