package session_test

import (
	"context"
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/sessiontest"
)

// repeating gives every record twice, as a store may that is walked while it changes, and one that
// is nobody's.
type repeating struct{ *sessiontest.Memory }

func (r repeating) Scan(ctx context.Context, prefix string) iter.Seq2[session.Record, error] {
	return func(yield func(session.Record, error) bool) {
		for rec, err := range r.Memory.Scan(ctx, prefix) {
			for _, given := range []session.Record{rec, rec, {Name: "short", Value: rec.Value}} {
				if !yield(given, err) {
					return
				}
			}
		}
	}
}

func TestWhatAStoreGivesTwiceIsListedOnce(t *testing.T) {
	s := repeating{sessiontest.NewMemory()}
	table := spelledTable(t, s, atNoon)
	a, b := create(t, table, info), create(t, table, session.Info{}) // spelled ids are as like as what is in them
	if got := list(t, table); len(got) != 2 || got[a.Key()].Key == "" || got[b.Key()].Key == "" {
		t.Errorf("%+v", got)
	}
	if e, err := table.Show(t.Context(), a.Key()[:12]); err == nil && e.Key != a.Key() {
		t.Errorf("%+v", e)
	}
	for _, err := range table.List(t.Context()) { // stops when its reader does
		if err != nil {
			t.Fatal(err)
		}
		break
	}
}

func TestEndByTheKeyIsToldIfItFails(t *testing.T) {
	s := sessiontest.NewMemory()
	table := spelledTable(t, s, atNoon)
	live := create(t, table, info)
	s.FailAt(2, false)
	if _, err := table.EndKey(t.Context(), live.Key()); !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("%v", err)
	}
	s.Put(live.Key(), "\x01", time.Hour)
	if e, err := table.Show(t.Context(), live.Key()); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("%+v %v", e, err)
	}
}
