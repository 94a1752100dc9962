package session

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// End ends the session of an id for all replicas and for as long as the id could live. Its errors are ErrNotFound, as for
// Resume and if the session was ended before, and ErrUnavailable: then the session goes on.
func (t *Table) End(ctx context.Context, id, subject string) error {
	s, err := t.open(id, subject)
	if err != nil {
		return err
	}
	ctx, cancel := t.budget(ctx)
	defer cancel()
	return t.writeTombstone(ctx, s.key, s.Born)
}

// writeTombstone puts a tombstone over whatever is there.
func (t *Table) writeTombstone(ctx context.Context, key string, born time.Time) error {
	tombstone := &record{ended: true, born: born, lastUsed: t.opts.Now()}
	old, found, err := t.opts.Records.GetSet(ctx, key, tombstone.encode(), max(time.Second, t.left(born)))
	if err != nil {
		return t.away(key, err)
	}
	t.ended.add(key)
	if found && isEnded(old) {
		return ErrNotFound
	}
	return nil
}

// away is the error of a session whose store failed.
func (t *Table) away(key string, err error) error {
	if t.ended.has(key) {
		return ErrNotFound
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}

// SetLogLevel keeps the level for later requests, on any replica, and sets it in s. Its errors are that level is none of
// MCP's, ErrNotFound if the session was ended meanwhile, and ErrUnavailable: then s is as it was.
func (t *Table) SetLogLevel(ctx context.Context, s *Session, level string) error {
	if level == "" || !slices.Contains(levels, level) {
		return fmt.Errorf("session: no such log level; use one of %q", levels[1:])
	}
	ctx, cancel := t.budget(ctx)
	defer cancel()
	// Another replica may touch the record meanwhile, once a minute at the most: three rounds are plenty.
	for range 3 {
		old, found, err := t.opts.Records.Get(ctx, s.key)
		if err != nil {
			return t.away(s.key, err)
		}
		if isEnded(old) {
			t.ended.add(s.key)
			return ErrNotFound
		}
		rec := t.fresh(s)
		if r, ok := decodeRecord(old); found && ok {
			rec = r
		}
		rec.level, rec.lastUsed = level, t.opts.Now()
		var done bool
		if found {
			done, err = t.opts.Records.CompareAndSwap(ctx, s.key, old, rec.encode(), t.ttl(s.Born))
		} else {
			done, err = t.opts.Records.SetNX(ctx, s.key, rec.encode(), t.ttl(s.Born))
		}
		if err != nil {
			return t.away(s.key, err)
		}
		if done {
			s.LogLevel = level
			return nil
		}
	}
	return fmt.Errorf("%w: the record changes all the time", ErrUnavailable)
}
