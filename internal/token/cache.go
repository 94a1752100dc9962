package token

import (
	"crypto/sha256"
	"sync"
	"time"
)

// cacheGeneration is how many tokens a generation holds; the cache holds two.
const cacheGeneration = 2048

// digest stands for a token: what leaks from the cache is no credential.
type digest [sha256.Size]byte

// cache remembers verified tokens for a while, so that a call costs a digest rather than a signature. It is bounded: when
// a generation is full it becomes the old one, and the old one is forgotten but for what is used again.
type cache struct {
	mu         sync.Mutex
	young, old map[digest]cached
}

type cached struct {
	token Token
	until time.Time
}

func newCache() *cache { return &cache{young: make(map[digest]cached)} }

func (c *cache) get(d digest, now time.Time) (Token, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry, ok := c.young[d]
	if !ok {
		if entry, ok = c.old[d]; ok && now.Before(entry.until) {
			c.add(d, entry)
		}
	}
	if !ok || !now.Before(entry.until) {
		return Token{}, false
	}
	return entry.token, true
}

func (c *cache) put(d digest, t Token, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.add(d, cached{token: t, until: until})
}

func (c *cache) add(d digest, entry cached) {
	if len(c.young) >= cacheGeneration {
		c.old, c.young = c.young, make(map[digest]cached)
	}
	c.young[d] = entry
}
