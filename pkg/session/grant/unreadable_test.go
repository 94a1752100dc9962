package grant_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/embedded"
	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

// Unknown is never no: a record that is there and does not open is neither missing nor revoked, and
// nothing is done by it.
func TestAGrantThatDoesNotOpenIsNotMissing(t *testing.T) {
	for name, put := range map[string]func(raw []byte) []byte{
		"another secret": func(raw []byte) []byte {
			return append(raw[:2:2], "sealed with another secret, long enough to be one"...)
		},
		"a later format": func(raw []byte) []byte { return append([]byte{9, raw[1]}, raw[2:]...) },
		"a later state":  func(raw []byte) []byte { return append([]byte{raw[0], 9}, raw[2:]...) },
		"cut off":        func(raw []byte) []byte { return raw[:1] },
	} {
		t.Run(name, func(t *testing.T) {
			store := embedded.Open(redisstore.Options{})
			defer func() { _ = store.Close() }()
			g := grantsOver(t, store.Grants(), store.ProviderStates(), time.Now, nil)
			code, records := begin(t, g), store.Grants()
			token, id := redeem(t, g, begin(t, g))
			waiting, _ := g.OfCode(code)
			kept := map[string][]byte{}
			for _, id := range []string{id, waiting} {
				raw, _, err := records.Get(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				kept[id] = raw
				if _, _, err := records.GetSet(t.Context(), id, put(raw), time.Hour); err != nil {
					t.Fatal(err)
				}
			}
			_, err := g.Lookup(t.Context(), id)
			wantUnreadable(t, "look-up", err)
			if _, unconfirmed := errors.AsType[*grant.UnconfirmedError](err); unconfirmed {
				t.Error("it is taken for a store that is away, so calls go on")
			}
			_, err = g.Refresh(t.Context(), token, clientID)
			wantUnreadable(t, "refresh", err)
			_, err = g.Redeem(t.Context(), code, clientID, redirect, verifier)
			wantUnreadable(t, "redeem", err)
			if e, err := g.Entry(t.Context(), id); err != nil || e.State != grant.Unreadable {
				t.Errorf("operators see %q, %v", e.State, err)
			}
			for id, raw := range kept {
				if _, _, err := records.GetSet(t.Context(), id, raw, time.Hour); err != nil {
					t.Fatal(err)
				}
			}
			mustRefresh(t, g, token)
			redeem(t, g, code)
			if err := g.Revoke(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func wantUnreadable(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, grant.ErrUnreadable) || !errors.Is(err, session.ErrUnavailable) {
		t.Errorf("%s: %v", what, err)
	}
}

// between is a store in which something happens before a change.
type between struct {
	session.Records
	before func()
}

func (b *between) CompareAndSwap(ctx context.Context, name string, old, value []byte, ttl time.Duration) (bool, error) {
	if f := b.before; f != nil {
		b.before = nil
		f()
	}
	return b.Records.CompareAndSwap(ctx, name, old, value, ttl)
}

// A provider whose refresh tokens rotate has given the only one that works: it must not be lost to
// a seal.
func TestWhatTheProviderGaveIsSavedWhileItsPartIsSealedAnew(t *testing.T) {
	store := embedded.Open(redisstore.Options{})
	defer func() { _ = store.Close() }()
	upstreams := &between{Records: store.ProviderStates()}
	a := grantsOver(t, store.Grants(), upstreams, time.Now, nil)
	b := grantsOver(t, store.Grants(), store.ProviderStates(), time.Now, nil)
	token, id := redeem(t, a, begin(t, a))
	upstreams.before = func() { mustRefresh(t, b, token) }
	if saved, err := a.ProviderStates().Save(t.Context(), id, 1, []byte("new")); !saved || err != nil {
		t.Errorf("%v %v", saved, err)
	}
	if data, version, _, err := b.ProviderStates().Load(t.Context(), id); string(data) != "new" || version != 2 || err != nil {
		t.Errorf("%q %d %v", data, version, err)
	}
}
