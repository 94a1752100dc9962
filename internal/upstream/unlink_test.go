package upstream

import (
	"errors"
	"testing"
)

func TestRemovedKeyIsGoneEverywhereAndReplaceable(t *testing.T) {
	b := newBench(t)
	other := b.replica(b.ring)
	b.keep(goodKey, "")
	if _, err := other.Credential(t.Context(), person); err != nil {
		t.Fatal(err)
	}
	shown, err := b.Find(t.Context(), person)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"", "of another key"} {
		if err := b.Remove(t.Context(), person, id); !errors.Is(err, ErrKeyExists) {
			t.Errorf("%q: %v; want %v", id, err, ErrKeyExists)
		}
	}
	if err := b.Remove(t.Context(), person, shown.ID); err != nil {
		t.Fatal(err)
	}
	for _, l := range []*PersonalKeys{b.PersonalKeys, other} {
		if _, err := l.Credential(t.Context(), person); !errors.Is(err, ErrGrantOver) {
			t.Errorf("%v; want %v", err, ErrGrantOver)
		}
	}
	if err := b.Remove(t.Context(), person, shown.ID); err != nil {
		t.Errorf("again: %v", err)
	}
	b.keep(newKey, "")
}

func TestAKeyThatWasReplacedMeanwhileIsNotRemoved(t *testing.T) {
	b := newBench(t)
	b.keep(goodKey, "")
	shown, err := b.Find(t.Context(), person)
	if err != nil {
		t.Fatal(err)
	}
	b.records.before = func() { b.keep(newKey, shown.ID) }
	if err := b.Remove(t.Context(), person, shown.ID); !errors.Is(err, ErrKeyExists) {
		t.Errorf("%v; want %v", err, ErrKeyExists)
	}
	if now, err := b.Find(t.Context(), person); err != nil || now.ID == "" || now.ID == shown.ID {
		t.Errorf("%+v %v", now, err)
	}
}

func TestAStoreThatIsDownRemovesNothing(t *testing.T) {
	b := newBench(t)
	b.keep(goodKey, "")
	b.records.down = true
	if err := b.Remove(t.Context(), person, "x"); !errors.Is(err, ErrUnavailable) {
		t.Errorf("%v; want %v", err, ErrUnavailable)
	}
	b.records.down = false
	if _, err := b.Credential(t.Context(), person); err != nil {
		t.Error(err)
	}
}
