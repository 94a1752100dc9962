package session

import (
	"sync"
	"time"
)

// maxKnownGrants bounds a GrantCache, which is some ten MiB then.
const maxKnownGrants = 50_000

// GrantCache is what one process knows of grants, for while the store is away: which were revoked, and when each of the
// others was last seen to stand. It is bounded. When it is full, the grants go first that nobody has used for the longest:
// while the store is away their calls then count as never seen. Only when revoked ones fill all of it, those go that were
// revoked the longest ago, and whose access tokens have most likely expired; what is left of them is what the store says.
//
// All [Grants] over one store should share one. The zero value is empty and may be used by many goroutines at once.
type GrantCache struct {
	mu      sync.Mutex
	seen    lru[time.Time]
	revoked lru[struct{}]
}

func (c *GrantCache) isRevoked(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, revoked := c.revoked.get(id)
	return revoked
}

// lastSeen is when a grant was last seen to stand, zero for never.
func (c *GrantCache) lastSeen(id string) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, _ := c.seen.get(id)
	return at
}

// stands notes that a grant was seen to stand. What was revoked stays so: a store that says otherwise has lost that.
func (c *GrantCache) stands(id string, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, revoked := c.revoked.get(id); !revoked {
		c.seen.put(id, now)
		c.shrink()
	}
}

func (c *GrantCache) revoke(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen.drop(id)
	c.revoked.put(id, struct{}{})
	c.shrink()
}

// forget notes that nothing is known of a grant any more, unless it was revoked.
func (c *GrantCache) forget(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen.drop(id)
}

func (c *GrantCache) shrink() {
	switch {
	case c.seen.len()+c.revoked.len() <= maxKnownGrants:
	case c.seen.len() > 0:
		c.seen.dropOldest()
	default:
		c.revoked.dropOldest()
	}
}
