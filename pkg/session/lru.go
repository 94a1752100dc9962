package session

import "container/list"

// lru is a map that knows which of its entries was put last the longest ago. It is not safe for many goroutines.
type lru[V any] struct {
	entries map[string]*list.Element
	order   list.List // of lruEntry[V], the oldest first
}

type lruEntry[V any] struct {
	key   string
	value V
}

func (l *lru[V]) put(key string, value V) {
	if l.entries == nil {
		l.entries = map[string]*list.Element{}
	}
	if e, ok := l.entries[key]; ok {
		e.Value = lruEntry[V]{key, value}
		l.order.MoveToBack(e)
		return
	}
	l.entries[key] = l.order.PushBack(lruEntry[V]{key, value})
}

func (l *lru[V]) get(key string) (value V, ok bool) {
	if e, found := l.entries[key]; found {
		entry, _ := e.Value.(lruEntry[V])
		return entry.value, true
	}
	return value, false
}

func (l *lru[V]) drop(key string) {
	if e, ok := l.entries[key]; ok {
		l.order.Remove(e)
		delete(l.entries, key)
	}
}

func (l *lru[V]) dropOldest() {
	if e := l.order.Front(); e != nil {
		entry, _ := e.Value.(lruEntry[V])
		l.drop(entry.key)
	}
}

func (l *lru[V]) len() int { return len(l.entries) }
