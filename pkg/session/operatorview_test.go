package session_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/sessiontest"
)

// repeating gives every record twice, as a store may that is walked while it changes, and one that is nobody's.
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
	g := repeating{sessiontest.NewMemory()}
	grants := spelledGrants(t, session.GrantOptions{Records: g, Upstream: sessiontest.NewMemory(), Now: atNoon})
	begin(t, grants)
	begin(t, grants)
	n := 0
	for e, err := range grants.Entries(t.Context(), "") {
		if n++; err != nil || !session.IsGrantID(e.ID) {
			t.Errorf("%+v %v", e, err)
		}
	}
	if n != 2 {
		t.Errorf("%d grants, want 2", n)
	}
	for _, err := range grants.Entries(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
}

func TestGrantOfNobodyIsNobodys(t *testing.T) {
	e := session.GrantEntry{Grant: session.Grant{Email: "a@example.com", ClientName: "Client"}, Client: "00"}
	if e.Is("a@example.com") || e.Is("") || e.IsOf("Client") || e.IsOf("00") || e.IsOf("") {
		t.Error("it is somebody's")
	}
}

func TestClientIDOf128CharactersStandsForItself(t *testing.T) {
	for length, itself := range map[int]bool{127: true, 128: true, 129: false} {
		id := strings.Repeat("c", length)
		if ref := session.ClientRef(id); (ref == id) != itself || !itself && !strings.HasPrefix(ref, "sha256:") {
			t.Errorf("%d: %q", length, ref)
		}
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
