package token

import (
	"crypto/sha256"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

const (
	// cacheTokens is how many tokens are remembered.
	cacheTokens = 4096
	// cacheBytes is how much may be remembered of them: tokens may have thousands of scopes.
	cacheBytes = 8 << 20
)

// digest stands for a token: what leaks from the cache is not a credential.
type digest [sha256.Size]byte

// cache remembers verified tokens for a while, so that a call costs a digest rather than a
// signature. Of too many it forgets those that were not used for the longest.
type cache struct {
	mu    sync.Mutex
	known *simplelru.LRU[digest, cached]
	size  int // in bytes, of what is remembered
}

type cached struct {
	token Token
	until time.Time
}

func newCache() *cache {
	c := &cache{}
	c.known, _ = simplelru.NewLRU(cacheTokens, func(_ digest, gone cached) { c.size -= gone.token.size() })
	return c
}

func (c *cache) get(d digest, now time.Time) (Token, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	entry, ok := c.known.Get(d)
	if !ok || !now.Before(entry.until) {
		return Token{}, false
	}
	return entry.token, true
}

func (c *cache) put(d digest, t Token, until time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known.Remove(d)
	c.known.Add(d, cached{token: t, until: until})
	for c.size += t.size(); c.size > cacheBytes; {
		c.known.RemoveOldest()
	}
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
