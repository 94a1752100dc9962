package limit

import (
	"context"
	"encoding/base64"
	"errors"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

// Quota is something that an owner may take a certain amount of in any period.
type Quota = redisstore.Quota

// Taken is what came of taking.
type Taken = redisstore.Taken

// Store counts what was taken, for all replicas together.
type Store interface {
	// Take takes of all quotas of an owner, or of none.
	Take(ctx context.Context, owner string, quotas []Quota) (Taken, error)
	// GiveBack undoes what was taken at a time.
	GiveBack(ctx context.Context, owner string, at time.Time, quotas []Quota) error
}

// Event is something that operators count.
type Event string

const (
	// Refused says that a limit was reached.
	Refused Event = "refused"
	// Unenforced says that the store did not answer, so that a limit was held in this process only.
	Unenforced Event = "unenforced"
	// NotRefunded says that messages which were not sent count as sent, since the store did not
	// answer.
	NotRefunded Event = "kept"
)

// Options are what all limits are made of. All but Now are required.
type Options struct {
	Store  Store
	Digest session.Digester
	// Now is the clock of what this process counts itself. Default: [time.Now].
	Now func() time.Time
	// OnEvent is told of events with the limit's name: calls, messages, or the kind of an address's
	// request. It must not block.
	OnEvent func(limit string, e Event)
}

func (o Options) check() (Options, error) {
	if o.Store == nil || o.Digest == nil || o.OnEvent == nil {
		return o, errors.New("limit: Options.Store, Options.Digest and Options.OnEvent are required")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o, nil
}

// counter takes of the store and keeps count of it in this process, which holds the limits alone
// while the store is away.
type counter struct {
	Options
	local local
}

// take takes of all quotas of an owner, or of none. giveBack undoes a part of it, and tells whether
// it did.
func (c *counter) take(ctx context.Context, owner string, quotas []Quota) (taken Taken, giveBack func(context.Context, []Quota) error) {
	now := c.Now()
	taken, err := c.Store.Take(ctx, owner, quotas)
	switch {
	case err != nil: // whether it was counted there is not known; here it is
		for _, q := range quotas {
			c.OnEvent(q.Name, Unenforced)
		}
		if taken = c.local.take(owner, quotas, now); taken.Short < 0 {
			return taken, func(_ context.Context, back []Quota) error {
				c.local.giveBack(owner, now, back)
				return nil
			}
		}
	case taken.Short < 0:
		giveBack = func(ctx context.Context, back []Quota) error {
			c.local.giveBack(owner, now, back)
			return c.Store.GiveBack(ctx, owner, taken.At, back)
		}
		ours := c.local.count(owner, quotas, now)
		if ours.Short < 0 {
			return taken, giveBack
		}
		if err := c.Store.GiveBack(ctx, owner, taken.At, quotas); err != nil {
			c.OnEvent(quotas[ours.Short].Name, NotRefunded)
		}
		taken = ours
	}
	c.OnEvent(quotas[taken.Short].Name, Refused)
	return taken, nil
}

// owner is what a subject or an address is called in the store: 16 bytes of a digest tell owners
// apart.
func (o Options) owner(kind, name string) string {
	return base64.RawURLEncoding.EncodeToString(o.Digest.Digest([]byte(kind + "\x00" + name))[:16])
}
