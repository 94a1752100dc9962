package upstream

import "sync"

const maxRecent = 10_000

// fallback is what the store last said, for when it is down. Its zero value is empty; it may be used by many goroutines at
// once.
type fallback[T any] struct {
	mu    sync.Mutex
	known map[string]*T
}

func (r *fallback[T]) put(name string, value *T) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.known == nil {
		r.known = map[string]*T{}
	}
	if _, known := r.known[name]; !known && len(r.known) >= maxRecent {
		for other := range r.known { // any: it only matters while the store is down
			delete(r.known, other)
			break
		}
	}
	r.known[name] = value
}

func (r *fallback[T]) drop(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.known, name)
}

// get gives nil for what is not known.
func (r *fallback[T]) get(name string) *T {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.known[name]
}
