package grant

import (
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// maxKnownGrants bounds a Cache, which is some ten MiB then.
const maxKnownGrants = 50_000

// Cache is what one process knows of grants, for while the store is away: which were revoked, and
// when each of the others was last seen to stand. It is bounded. When it is full, the grants go
// first that nobody has used for the longest: while the store is away their calls then count as
// never seen. Only when revoked ones fill all of it, those go that were revoked the longest ago,
// and whose access tokens have most likely expired; what is left of them is what the store says.
//
// All [Grants] over one store should share one. It may be used by many goroutines at once.
type Cache struct {
	mu      sync.Mutex
	seen    *simplelru.LRU[string, time.Time]
	revoked *simplelru.LRU[string, struct{}]
}

// NewCache knows of nothing.
func NewCache() *Cache {
	seen, _ := simplelru.NewLRU[string, time.Time](maxKnownGrants+1, nil) // only sizes below 1 are an error
	revoked, _ := simplelru.NewLRU[string, struct{}](maxKnownGrants+1, nil)
	return &Cache{seen: seen, revoked: revoked}
}

func (c *Cache) isRevoked(id string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.revoked.Contains(id)
}

// lastSeen is when a grant was last seen to stand, zero for never.
func (c *Cache) lastSeen(id string) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	at, _ := c.seen.Peek(id)
	return at
}

// stands notes that a grant was seen to stand. What was revoked stays so: a store that says
// otherwise has lost that.
func (c *Cache) stands(id string, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.revoked.Contains(id) {
		c.seen.Add(id, now)
		c.shrink()
	}
}

func (c *Cache) revoke(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen.Remove(id)
	c.revoked.Add(id, struct{}{})
	c.shrink()
}

// forget notes that nothing is known of a grant any more, unless it was revoked.
func (c *Cache) forget(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen.Remove(id)
}

func (c *Cache) shrink() {
	switch {
	case c.seen.Len()+c.revoked.Len() <= maxKnownGrants:
	case c.seen.Len() > 0:
		c.seen.RemoveOldest()
	default:
		c.revoked.RemoveOldest()
	}
}
