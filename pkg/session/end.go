package session

import (
	"context"
	"fmt"
	"time"
)

// How sessions end: a tombstone takes the place of the record.

// End ends the session of an id for all replicas and for as long as the id could live. Its errors
// are ErrNotFound, as for Resume and if the session was ended before, and ErrUnavailable: then the
// session goes on.
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
	t.ended.Add(key, struct{}{})
	if found && isEnded(old) {
		return ErrNotFound
	}
	return nil
}

// away is the error of a session whose store failed.
func (t *Table) away(key string, err error) error {
	if t.ended.Contains(key) {
		return ErrNotFound
	}
	return fmt.Errorf("%w: %w", ErrUnavailable, err)
}
