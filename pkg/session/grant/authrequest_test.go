package grant_test

import (
	"context"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/embedded"
	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
	"github.com/clerkchat/mcp-gateway/pkg/session/sessiontest"
	"github.com/google/go-cmp/cmp"
)

func authRequests(t *testing.T, secret string, store *redisstore.Store) (*grant.AuthRequests, *grant.Consents) {
	t.Helper()
	ring, err := seal.New([]byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	x, err := grant.NewAuthRequests(store.AuthRequests(), ring.Sealer("exchange"), 10*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	return x, grant.NewConsents(store.Consents(), ring.Sealer("consent"))
}

func inProcess(t *testing.T) *redisstore.Store {
	t.Helper()
	store := embedded.Open(redisstore.Options{Timeout: 10 * time.Second})
	t.Cleanup(func() { _ = store.Close() })
	return store
}

func TestStoredAuthRequestsAreFinishedOnce(t *testing.T) {
	store := inProcess(t)
	a, _ := authRequests(t, secretA, store)
	b, _ := authRequests(t, secretA, store)
	state := "state"
	want := &grant.AuthRequest{ClientID: "c", State: &state, Keep: []byte{1}, Person: &grant.Person{Subject: "ann"}}
	if err := a.Store(t.Context(), "handle", want); err != nil {
		t.Fatal(err)
	}
	got, finishB, err := b.Open(t.Context(), "handle")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	_, finishA, err := a.Open(t.Context(), "handle")
	if err != nil {
		t.Fatal("reading uses it up:", err)
	}
	if err := finishB(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantErr(t, "a second time", finishA(t.Context()), grant.ErrNoAuthRequest)
	_, _, err = a.Open(t.Context(), "handle")
	wantErr(t, "afterwards", err, grant.ErrNoAuthRequest)
	wantErr(t, "its handle", a.Store(t.Context(), "handle", want), grant.ErrNoAuthRequest)
}

func TestForgedAndUnreachableAuthRequests(t *testing.T) {
	store := inProcess(t)
	a, _ := authRequests(t, secretA, store)
	other, _ := authRequests(t, secretB, store)
	if err := other.Store(t.Context(), "handle", &grant.AuthRequest{ClientID: "c"}); err != nil {
		t.Fatal(err)
	}
	for _, handle := range []string{"", "unknown"} {
		_, _, err := a.Open(t.Context(), handle)
		wantErr(t, handle, err, grant.ErrNoAuthRequest)
	}
	// Sealed by a replica with another secret, which can go on with it.
	_, _, err := a.Open(t.Context(), "handle")
	wantErr(t, "does not open", err, session.ErrUnavailable)
	_, _, err = other.Open(t.Context(), "handle")
	wantErr(t, "where it opens", err, nil)
	ring, err := seal.New([]byte(secretA))
	if err != nil {
		t.Fatal(err)
	}
	down, err := grant.NewAuthRequests(sessiontest.Nowhere{}, ring.Sealer("exchange"), time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = down.Open(t.Context(), "handle")
	wantErr(t, "down", err, session.ErrUnavailable)
	wantErr(t, "down", down.Store(t.Context(), "handle", &grant.AuthRequest{}), session.ErrUnavailable)
}

func TestConsentIsForOnePersonClientRedirectAndItsScopes(t *testing.T) {
	store := inProcess(t)
	_, c := authRequests(t, secretA, store)
	if err := c.Remember(t.Context(), "ann", "client", "https://r", []string{"a", "b"}); err != nil {
		t.Fatal(err)
	}
	_, other := authRequests(t, secretB, store)
	for _, tc := range []struct {
		consents                  *grant.Consents
		subject, client, redirect string
		scopes                    []string
		want                      bool
	}{
		{c, "ann", "client", "https://r", []string{"a", "b"}, true},
		{c, "ann", "client", "https://r", []string{"b"}, true},
		{c, "ann", "client", "https://r", []string{"b", "c"}, false},
		{c, "bob", "client", "https://r", []string{"a"}, false},
		{c, "ann", "client2", "https://r", []string{"a"}, false},
		{c, "ann", "client", "https://r/", []string{"a"}, false},
		{other, "ann", "client", "https://r", []string{"a"}, false},
	} {
		got, err := tc.consents.Covers(t.Context(), tc.subject, tc.client, tc.redirect, tc.scopes)
		if got != tc.want || err != nil {
			t.Errorf("%+v: %v %v", tc, got, err)
		}
	}
	_, err := grant.NewConsents(sessiontest.Nowhere{}, nil).Covers(t.Context(), "a", "b", "c", nil)
	wantErr(t, "down", err, session.ErrUnavailable)
}

// lives notes how long what is written lives.
type lives struct {
	session.Records
	last time.Duration
}

func (l *lives) GetSet(ctx context.Context, name string, value []byte, ttl time.Duration) ([]byte, bool, error) {
	l.last = ttl
	return l.Records.GetSet(ctx, name, value, ttl)
}

func TestConsentIsRememberedForNinetyDays(t *testing.T) {
	keys, err := seal.New([]byte(secretA))
	if err != nil {
		t.Fatal(err)
	}
	records := &lives{Records: inProcess(t).Consents()}
	c := grant.NewConsents(records, keys.Sealer("consent"))
	if err := c.Remember(t.Context(), "ann", "client", "https://r", []string{"a"}); err != nil {
		t.Fatal(err)
	}
	if records.last != 90*24*time.Hour {
		t.Errorf("for %v", records.last)
	}
}
