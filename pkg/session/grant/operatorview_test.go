package grant_test

import (
	"context"
	"iter"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
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
	g := repeating{sessiontest.NewMemory()}
	grants := spelledGrants(t, grant.Options{Records: g, Upstream: sessiontest.NewMemory(), Now: atNoon})
	begin(t, grants)
	begin(t, grants)
	n := 0
	for e, err := range grants.Entries(t.Context(), "") {
		if n++; err != nil || !grant.IsID(e.ID) {
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
	e := grant.Entry{Grant: grant.Grant{Email: "a@example.com", ClientName: "Client"}, Client: "00"}
	if e.Is("a@example.com") || e.Is("") || e.IsOf("Client") || e.IsOf("00") || e.IsOf("") {
		t.Error("it is somebody's")
	}
}

func TestClientIDOf128CharactersStandsForItself(t *testing.T) {
	for length, itself := range map[int]bool{127: true, 128: true, 129: false} {
		id := strings.Repeat("c", length)
		if ref := grant.ClientRef(id); (ref == id) != itself || !itself && !strings.HasPrefix(ref, "sha256:") {
			t.Errorf("%d: %q", length, ref)
		}
	}
}
