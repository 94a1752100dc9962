package session

import (
	"sync"

	"github.com/clerkchat/mcp-gateway/pkg/session/internal/lru"
)

// maxEnded bounds endedSessions, which are two MiB then.
const maxEnded = 20_000

// endedSessions are the keys of sessions that this process knows to have ended, for while the store is away and cannot say
// so. When there are too many, the first that ended are forgotten: while the store is away such a session goes on from its
// id alone, like any other. The zero value is empty and may be used by many goroutines at once.
type endedSessions struct {
	mu   sync.Mutex
	keys lru.Map[struct{}]
}

func (e *endedSessions) add(key string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.keys.Put(key, struct{}{})
	if e.keys.Len() > maxEnded {
		e.keys.DropOldest()
	}
}

// drop is for a session that the store knows nothing of any more, so that it lives on.
func (e *endedSessions) drop(key string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.keys.Drop(key)
}

func (e *endedSessions) has(key string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, ended := e.keys.Get(key)
	return ended
}
