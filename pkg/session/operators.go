package session

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"time"
)

// MinRefLength is the least of a key that names a session to operators.
const MinRefLength = 4

// Entry is a session as operators see it: without its id, which nobody can get from the store.
type Entry struct {
	// Key names the session; see [KeyOf].
	Key string
	// Subject tells subjects apart without naming them: twelve hexadecimal digits, "" for the
	// anonymous caller.
	Subject                            string
	Version, ClientName, ClientVersion string
	Born, LastUsed                     time.Time
	// Ended says that only the tombstone is left; LastUsed is then the time of the end.
	Ended bool
}

// List gives all sessions that have a record, in no order, tombstones included. The store is walked
// in small steps while the sequence is read, so a million sessions neither block it nor fill
// memory. An error, which wraps ErrUnavailable, ends the sequence.
func (t *Table) List(ctx context.Context) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		seen := map[[16]byte]struct{}{}
		for e, err := range t.entries(ctx, "") {
			if err == nil {
				var key [16]byte
				if n, err := base64.RawURLEncoding.Decode(key[:], []byte(e.Key)); err != nil || n != len(key) {
					continue
				}
				if _, twice := seen[key]; twice {
					continue
				}
				seen[key] = struct{}{}
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// Show gives the session whose key begins with ref, of which there must be one. Its errors are a
// ref that is too short or no key, ErrNotFound, ErrAmbiguous and ErrUnavailable.
func (t *Table) Show(ctx context.Context, ref string) (Entry, error) {
	if err := checkRef(ref); err != nil {
		return Entry{}, err
	}
	if len(ref) == keyLength {
		value, found, err := t.opts.Records.Get(ctx, ref)
		if err != nil {
			return Entry{}, fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		if e, ok := entry(Record{Name: ref, Value: value}); found && ok {
			return e, nil
		}
		return Entry{}, ErrNotFound
	}
	var one Entry
	for e, err := range t.entries(ctx, ref) {
		switch {
		case err != nil:
			return Entry{}, err
		case one.Key != "" && one.Key != e.Key:
			return Entry{}, ErrAmbiguous
		}
		one = e
	}
	if one.Key == "" {
		return Entry{}, ErrNotFound
	}
	return one, nil
}

// EndKey ends the session whose key begins with ref, as End does, and gives what it was. Its errors
// are those of Show; a session that was ended before is not found.
func (t *Table) EndKey(ctx context.Context, ref string) (Entry, error) {
	e, err := t.Show(ctx, ref)
	switch {
	case err != nil:
		return Entry{}, err
	case e.Ended:
		return Entry{}, ErrNotFound
	}
	return e, t.writeTombstone(ctx, e.Key, e.Born)
}

func (t *Table) entries(ctx context.Context, prefix string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for r, err := range t.opts.Records.Scan(ctx, prefix) {
			if err != nil {
				yield(Entry{}, fmt.Errorf("%w: %w", ErrUnavailable, err))
				return
			}
			if e, ok := entry(r); ok && !yield(e, nil) {
				return
			}
		}
	}
}

// entry reads a record for operators. One that cannot be read is another release's and is not
// shown.
func entry(r Record) (Entry, bool) {
	rec, ok := decodeRecord(r.Value)
	if !ok {
		return Entry{}, false
	}
	e := Entry{
		Key: r.Name, Version: rec.version, ClientName: rec.name, ClientVersion: rec.release,
		Born: rec.born, LastUsed: rec.lastUsed, Ended: rec.ended,
	}
	if rec.hint != [SubjectDigest]byte{} {
		e.Subject = hex.EncodeToString(rec.hint[:])
	}
	return e, true
}

func checkRef(ref string) error {
	if len(ref) < MinRefLength || len(ref) > keyLength {
		return fmt.Errorf("session: a key has %d characters, of which the first %d to %d name it", keyLength, MinRefLength,
			keyLength)
	}
	if !IsName(ref) {
		return errors.New("session: a key has only letters, digits, - and _")
	}
	return nil
}
