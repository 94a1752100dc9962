package session_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

// switched is a store that is away while a test says so.
type switched struct {
	session.Records
	away bool
}

func (s *switched) Get(ctx context.Context, name string) ([]byte, bool, error) {
	if s.away {
		return nil, false, errNowhere
	}
	return s.Records.Get(ctx, name)
}

func (s *switched) SetNX(ctx context.Context, name string, value []byte, ttl time.Duration) (bool, error) {
	if s.away {
		return false, errNowhere
	}
	return s.Records.SetNX(ctx, name, value, ttl)
}

func (s *switched) GetSet(ctx context.Context, name string, value []byte, ttl time.Duration) ([]byte, bool, error) {
	if s.away {
		return nil, false, errNowhere
	}
	return s.Records.GetSet(ctx, name, value, ttl)
}

// storeOf is one more connection to a cluster's store.
func storeOf(t *testing.T, c *cluster) *redisstore.Store {
	t.Helper()
	if c.server == nil {
		return c.store
	}
	store, err := redisstore.Open(c.server.URL(), redisstore.Options{Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

// wantUnconfirmed asks for a grant whose store is away.
func wantUnconfirmed(t *testing.T, g *session.Grants, id string, lastSeen time.Time) {
	t.Helper()
	_, err := g.Lookup(t.Context(), id)
	unconfirmed, ok := errors.AsType[*session.UnconfirmedError](err)
	if !ok || !errors.Is(err, session.ErrUnavailable) {
		t.Fatalf("%v, want it unconfirmed", err)
	}
	if !unconfirmed.LastSeen.Equal(lastSeen) {
		t.Errorf("last seen %v, want %v", unconfirmed.LastSeen, lastSeen)
	}
}

func TestAGrantIsKnownWhileItsStoreIsAway(t *testing.T) {
	c := newCluster(t)
	store := storeOf(t, c)
	records := &switched{Records: store.Grants()}
	cache := &session.GrantCache{}
	g := grantsOver(t, records, store.ProviderStates(), c.now, cache)
	other := c.grants()
	_, id := redeem(t, other, begin(t, other))

	records.away = true
	wantUnconfirmed(t, g, id, time.Time{})
	records.away = false
	if _, err := g.Lookup(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	seen := c.now()
	c.advance(time.Minute)
	records.away = true
	wantUnconfirmed(t, g, id, seen)

	// What is not there stands no more than what was revoked.
	records.away = false
	if _, err := store.Grants().CompareAndSwap(t.Context(), id, raw(t, store, id), nil, time.Millisecond); err != nil {
		t.Fatal(err)
	}
	_, err := g.Lookup(t.Context(), id)
	wantErr(t, "a grant that is gone", err, session.ErrNoGrant)
	records.away = true
	wantUnconfirmed(t, g, id, time.Time{})
}

func raw(t *testing.T, store *redisstore.Store, id string) []byte {
	t.Helper()
	value, _, err := store.Grants().Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func TestARevokedGrantStaysRevoked(t *testing.T) {
	for name, revoke := range map[string]func(t *testing.T, c *cluster, shared, other *session.Grants, id string){
		"revoked here, by another view of the store": func(t *testing.T, _ *cluster, shared, _ *session.Grants, id string) {
			if err := shared.Revoke(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		},
		"seen to be revoked elsewhere": func(t *testing.T, _ *cluster, shared, other *session.Grants, id string) {
			if err := other.Revoke(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			_, err := shared.Lookup(t.Context(), id)
			wantErr(t, "a revoked grant", err, session.ErrRevoked)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			store := storeOf(t, c)
			records := &switched{Records: store.Grants()}
			cache := &session.GrantCache{}
			g := grantsOver(t, records, store.ProviderStates(), c.now, cache)
			shared := grantsOver(t, store.Grants(), store.ProviderStates(), c.now, cache)
			other := c.grants()
			token, id := redeem(t, other, begin(t, other))
			before := raw(t, store, id)
			if _, err := g.Lookup(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			revoke(t, c, shared, other, id)
			records.away = true
			_, err := g.Lookup(t.Context(), id)
			wantErr(t, "while the store is away", err, session.ErrRevoked)
			// A server that took over may not have got the mark.
			records.away = false
			if _, _, err := store.Grants().GetSet(t.Context(), id, before, time.Hour); err != nil {
				t.Fatal(err)
			}
			_, err = g.Lookup(t.Context(), id)
			wantErr(t, "after a failover that lost it", err, session.ErrRevoked)
			_, err = g.Refresh(t.Context(), token, clientID)
			wantErr(t, "its refresh token", err, session.ErrRevoked)
		})
	}
}

func TestAnEndedSessionStaysEndedWhileTheStoreIsAway(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, c *cluster, table *session.Table, s *session.Session){
		"ended here": func(t *testing.T, _ *cluster, table *session.Table, s *session.Session) {
			if err := table.End(t.Context(), s.ID, s.Subject); err != nil {
				t.Error(err)
			}
		},
		"seen to be ended elsewhere": func(t *testing.T, c *cluster, table *session.Table, s *session.Session) {
			if err := c.replica().End(t.Context(), s.ID, s.Subject); err != nil {
				t.Error(err)
			}
			wantNotFound(t, table, s.ID, s.Subject)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			store := storeOf(t, c)
			records := &switched{Records: store.Sessions()}
			table := c.table(records, 0)
			gone, lives := create(t, table, info), create(t, table, info)
			end(t, c, table, gone)
			records.away = true
			wantNotFound(t, table, gone.ID, gone.Subject)
			if !resume(t, table, lives).Unstored {
				t.Error("another session has a record")
			}
		})
	}
}
