package authserver_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/seal"
	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

type halting struct {
	session.Records
	get atomic.Bool
}

func (h *halting) Get(ctx context.Context, name string) ([]byte, bool, error) {
	if h.get.Load() {
		return nil, false, errors.New("timed out")
	}
	return h.Records.Get(ctx, name)
}

// needsUpstream refuses whoever has nothing of the provider, as the real sign-in does.
type needsUpstream struct{ authserver.SignIn }

func (n needsUpstream) StillAllowed(_ context.Context, p authserver.Person) error {
	if len(p.Upstream) == 0 {
		return authserver.ErrNotAllowed
	}
	return nil
}

func TestWhoCannotBeJudgedBecauseTheStoreFailsLosesNothing(t *testing.T) {
	store := redisstore.OpenEmbedded(redisstore.Options{})
	defer func() { _ = store.Close() }()
	up := &halting{Records: store.Upstreams()}
	w := newWorld(t, func(o *authserver.Options) {
		ring := must(seal.New(bytes.Repeat([]byte("s"), 32)))
		o.Grants = must(session.NewGrants(session.GrantOptions{
			Records: store.Grants(), Upstream: up, Sealer: ring.Sealer("grant"), Signer: ring.MAC("refresh"), Now: o.Now,
		}))
		o.SignIn = needsUpstream{o.SignIn}
	})
	c := w.program(localRedirect)
	_, refresh := c.tokens(w.browser())
	up.get.Store(true)
	if status, out := c.refresh(refresh); status != http.StatusServiceUnavailable {
		t.Errorf("%d %v", status, out)
	}
	up.get.Store(false)
	if status, out := c.refresh(refresh); status != http.StatusOK {
		t.Errorf("afterwards %d %v", status, out)
	}
}
