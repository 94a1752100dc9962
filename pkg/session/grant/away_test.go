package grant_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
	"github.com/clerkchat/mcp-gateway/pkg/session/sessiontest"
)

// switched is a store that is away while a test says so.
type switched struct {
	session.Records
	away bool
}

func (s *switched) Get(ctx context.Context, name string) ([]byte, bool, error) {
	if s.away {
		return nil, false, sessiontest.ErrNowhere
	}
	return s.Records.Get(ctx, name)
}

func (s *switched) SetNX(ctx context.Context, name string, value []byte, ttl time.Duration) (bool, error) {
	if s.away {
		return false, sessiontest.ErrNowhere
	}
	return s.Records.SetNX(ctx, name, value, ttl)
}

func (s *switched) GetSet(ctx context.Context, name string, value []byte, ttl time.Duration) ([]byte, bool, error) {
	if s.away {
		return nil, false, sessiontest.ErrNowhere
	}
	return s.Records.GetSet(ctx, name, value, ttl)
}

// wantUnconfirmed asks for a grant whose store is away.
func wantUnconfirmed(t *testing.T, g *grant.Grants, id string, lastSeen time.Time) {
	t.Helper()
	_, err := g.Lookup(t.Context(), id)
	unconfirmed, ok := errors.AsType[*grant.UnconfirmedError](err)
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
	cache := grant.NewCache()
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
	wantErr(t, "a grant that is gone", err, grant.ErrNoGrant)
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
	for name, revoke := range map[string]func(t *testing.T, c *cluster, shared, other *grant.Grants, id string){
		"revoked here, by another view of the store": func(t *testing.T, _ *cluster, shared, _ *grant.Grants, id string) {
			if err := shared.Revoke(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		},
		"seen to be revoked elsewhere": func(t *testing.T, _ *cluster, shared, other *grant.Grants, id string) {
			if err := other.Revoke(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			_, err := shared.Lookup(t.Context(), id)
			wantErr(t, "a revoked grant", err, grant.ErrRevoked)
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			store := storeOf(t, c)
			records := &switched{Records: store.Grants()}
			cache := grant.NewCache()
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
			wantErr(t, "while the store is away", err, grant.ErrRevoked)
			// A server that took over may not have got the mark.
			records.away = false
			if _, _, err := store.Grants().GetSet(t.Context(), id, before, time.Hour); err != nil {
				t.Fatal(err)
			}
			_, err = g.Lookup(t.Context(), id)
			wantErr(t, "after a failover that lost it", err, grant.ErrRevoked)
			_, err = g.Refresh(t.Context(), token, clientID)
			wantErr(t, "its refresh token", err, grant.ErrRevoked)
		})
	}
}
