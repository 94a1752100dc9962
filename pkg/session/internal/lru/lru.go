package lru

import "container/list"

// Map is a map that knows which of its entries was put last the longest ago. The zero value is empty. It is not safe for many
// goroutines.
type Map[V any] struct {
	entries map[string]*list.Element
	order   list.List // of entry[V], the oldest first
}

type entry[V any] struct {
	key   string
	value V
}

// Put sets the value of a key, which is the one put last from then on.
func (l *Map[V]) Put(key string, value V) {
	if l.entries == nil {
		l.entries = map[string]*list.Element{}
	}
	if e, ok := l.entries[key]; ok {
		e.Value = entry[V]{key, value}
		l.order.MoveToBack(e)
		return
	}
	l.entries[key] = l.order.PushBack(entry[V]{key, value})
}

// Get gives the value of a key, and whether there is one.
func (l *Map[V]) Get(key string) (value V, ok bool) {
	if e, found := l.entries[key]; found {
		kept, _ := e.Value.(entry[V])
		return kept.value, true
	}
	return value, false
}

// Drop removes a key.
func (l *Map[V]) Drop(key string) {
	if e, ok := l.entries[key]; ok {
		l.order.Remove(e)
		delete(l.entries, key)
	}
}

// DropOldest removes the key that was put the longest ago.
func (l *Map[V]) DropOldest() {
	if e := l.order.Front(); e != nil {
		kept, _ := e.Value.(entry[V])
		l.Drop(kept.key)
	}
}

// Len is how many keys there are.
func (l *Map[V]) Len() int { return len(l.entries) }
