package web

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// maxTold bounds [Told]: its kinds are fixed words, and issuers that the operator has named.
const maxTold = 1000

// Told bounds how often operators are told of one kind of trouble that others can cause as often as
// they like. The zero value has told nothing.
type Told struct {
	mu    sync.Mutex
	kinds *simplelru.LRU[string, *toldKind]
}

type toldKind struct {
	since        time.Time
	told, untold int
}

// Tell reports whether a kind is to be told now: at most so many times in a minute. untold is how
// often it was not told in the minute before, which the first line after it says.
func (t *Told) Tell(now time.Time, kind string, most int) (tell bool, untold int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.kinds == nil {
		t.kinds, _ = simplelru.NewLRU[string, *toldKind](maxTold, nil) // only sizes below 1 are an error
	}
	k, ok := t.kinds.Get(kind)
	if !ok {
		k = &toldKind{since: now}
		t.kinds.Add(kind, k)
	}
	if now.Sub(k.since) >= time.Minute {
		untold = k.untold
		*k = toldKind{since: now}
	}
	if k.told >= most {
		k.untold++
		return false, 0
	}
	k.told++
	return true, untold
}

// Log writes a line about a kind at a level, and at DEBUG what would be one too many in a minute.
// The next line of the kind says how many those were.
func (t *Told) Log(ctx context.Context, logger *slog.Logger, now time.Time, kind string, most int, level slog.Level, line string, attrs ...any) {
	switch tell, untold := t.Tell(now, kind, most); {
	case !tell:
		level = slog.LevelDebug
	case untold > 0:
		attrs = append(attrs, "untold", untold)
	}
	logger.Log(ctx, level, line, attrs...)
}

// First is Tell for what is told once in a minute, without a count.
func (t *Told) First(now time.Time, kind string) bool {
	first, _ := t.Tell(now, kind, 1)
	return first
}
