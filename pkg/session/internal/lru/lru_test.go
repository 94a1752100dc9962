package lru_test

import (
	"testing"

	"github.com/clerkchat/mcp-gateway/pkg/session/internal/lru"
)

func TestWhatWasPutAgainIsNotTheOldest(t *testing.T) {
	var l lru.Map[int]
	l.Put("a", 1)
	l.Put("b", 2)
	l.Put("a", 3)
	l.DropOldest()
	if v, ok := l.Get("a"); v != 3 || !ok || l.Len() != 1 {
		t.Errorf("a is %d %v, of %d", v, ok, l.Len())
	}
}
