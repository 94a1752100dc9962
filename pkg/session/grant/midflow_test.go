package grant_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/embedded"
	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

// halting are records that refuse an operation while they are told to.
type halting struct {
	session.Records
	get, replace atomic.Bool
}

func (h *halting) Get(ctx context.Context, name string) ([]byte, bool, error) {
	if h.get.Load() {
		return nil, false, errors.New("timed out")
	}
	return h.Records.Get(ctx, name)
}

func (h *halting) CompareAndSwap(ctx context.Context, name string, old, new []byte, ttl time.Duration) (bool, error) {
	if h.replace.Load() {
		return false, errors.New("timed out")
	}
	return h.Records.CompareAndSwap(ctx, name, old, new, ttl)
}

func TestAStoreThatFailsAtTheLastStepEndsNoGrant(t *testing.T) {
	for name, halt := range map[string]func(grants, upstream *halting, on bool){
		"the grant's write":   func(g, _ *halting, on bool) { g.replace.Store(on) },
		"the upstream's read": func(_, u *halting, on bool) { u.get.Store(on) },
		"its prolonging":      func(_, u *halting, on bool) { u.replace.Store(on) },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			store := embedded.Open(redisstore.Options{Timeout: 10 * time.Second})
			defer func() { _ = store.Close() }()
			grants, upstream := &halting{Records: store.Grants()}, &halting{Records: store.ProviderStates()}
			g := grantsOver(t, grants, upstream, c.now, nil)
			code := begin(t, g)
			turn, err := g.Redeem(t.Context(), code, clientID, redirect, verifier)
			if err != nil {
				t.Fatal(err)
			}
			halt(grants, upstream, true)
			_, err = turn.Commit(t.Context())
			wantErr(t, "redeem", err, session.ErrUnavailable)
			halt(grants, upstream, false)
			token, _ := redeem(t, g, code)
			halt(grants, upstream, true)
			_, err = refresh(t, g, token)
			wantErr(t, "refresh", err, session.ErrUnavailable)
			halt(grants, upstream, false)
			mustRefresh(t, g, token)
		})
	}
}
