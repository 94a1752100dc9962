package token

import (
	"crypto/sha256"
	"sync"
	"time"
)

// The bounds of a generation; the cache holds two.
const (
	// cacheGeneration is how many tokens a generation holds.
	cacheGeneration = 2048
	// cacheBytes is how much a generation may remember of them: tokens may have thousands of scopes.
	cacheBytes = 4 << 20
)

// digest stands for a token: what leaks from the cache is not a credential.
type digest [sha256.Size]byte

// cache remembers verified tokens for a while, so that a call costs a digest rather than a signature. It is bounded: when
// a generation is full it becomes the old one, and the old one is forgotten but for what is used again.
type cache struct {
	mu         sync.Mutex
	young, old map[digest]cached
	size       int // in bytes, of what young remembers
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
	size := entry.token.size()
	if len(c.young) >= cacheGeneration || c.size+size > cacheBytes {
		c.old, c.young, c.size = c.young, make(map[digest]cached), 0
	}
	if before, ok := c.young[d]; ok {
		c.size -= before.token.size()
	}
	c.young[d] = entry
	c.size += size
}

// size is roughly how many bytes remembering a token takes.
func (t *Token) size() int {
	const header = 16 // of a string
	n := len(digest{}) + 256 + len(t.Caller.Subject) + len(t.Caller.ClientID) + len(t.Grant)
	for _, list := range [][]string{t.Caller.Scopes, t.Audience} {
		for _, s := range list {
			n += header + len(s)
		}
	}
	return n
}
