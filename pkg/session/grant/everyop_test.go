package grant_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/embedded"
	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
	"github.com/clerkchat/mcp-gateway/pkg/session/sessiontest"
)

// Whatever the store does not answer, and whether it did it or not, the request is told to try
// again and then succeeds.
func TestAnyOperationOfTheStoreMayFailOnce(t *testing.T) {
	for name, secrets := range map[string][2][]string{
		"one secret":            {{secretA}, {secretA}},
		"before a rotation":     {{secretA, secretB}, {secretA, secretB}},
		"after a rotation":      {{secretA}, {secretB, secretA}},
		"beside a new replica":  {{secretB, secretA}, {secretA, secretB}},
		"with an older replica": {{secretA, secretB}, {secretB, secretA}},
	} {
		t.Run(name, func(t *testing.T) { anyOperationMayFail(t, secrets[0], secrets[1]) })
	}
}

// anyOperationMayFail is for a grant that was made under some secrets, and steps of it under
// others.
func anyOperationMayFail(t *testing.T, before, now []string) {
	t.Helper()
	for name, step := range map[string]struct {
		min int // operations that there are at least, or the test tests nothing
		// late is how many operations at the end may fail unnoticed
		late int
		run  func(t *testing.T, g *grant.Grants, code, token string) error
	}{
		"redeem": {6, 1, func(t *testing.T, g *grant.Grants, code, _ string) error {
			turn, err := g.Redeem(t.Context(), code, clientID, redirect, verifier)
			if err == nil {
				_, err = turn.Commit(t.Context())
			}
			return err
		}},
		"refresh": {5, 0, func(t *testing.T, g *grant.Grants, _, token string) error {
			_, err := refresh(t, g, token)
			return err
		}},
		"revoke": {3, 2, func(t *testing.T, g *grant.Grants, _, token string) error {
			id, _ := g.OfRefreshToken(token)
			return g.Revoke(t.Context(), id)
		}},
	} {
		for _, after := range []bool{false, true} {
			for n := 1; ; n++ {
				c := newCluster(t)
				f := &sessiontest.Faults{}
				store := embedded.Open(redisstore.Options{Timeout: 10 * time.Second})
				replica := func(secrets []string) *grant.Grants {
					return grantsWith(t, grant.Options{
						Records: sessiontest.Faulty{Records: store.Grants(), Faults: f}, Upstream: sessiontest.Faulty{Records: store.ProviderStates(), Faults: f}, Now: c.now,
						StoreTime: func(context.Context, string) (now time.Time, err error) {
							return c.now(), f.Do(func() error { return nil })
						},
					}, secrets...)
				}
				g, issuer := replica(now), replica(before)
				code, token := begin(t, issuer), ""
				if name != "redeem" {
					token, _ = redeem(t, issuer, begin(t, issuer))
				}
				f.FailAt(n, after)
				err := step.run(t, g, code, token)
				made := f.Ops()
				if made < n { // the fault did not come: all operations were tried
					wantErr(t, name, err, nil)
					if made < step.min {
						t.Errorf("%s: %d operations", name, made)
					}
					_ = store.Close()
					break
				}
				what := fmt.Sprintf("%s, operation %d, after its effect %v", name, n, after)
				if err != nil || step.late == 0 {
					wantErr(t, what, err, session.ErrUnavailable)
					wantErr(t, what+", again", step.run(t, g, code, token), nil)
				} else if n <= step.min-step.late {
					t.Errorf("%s: not noticed", what)
				}
				_ = store.Close()
			}
		}
	}
}

func TestACodeThatWasRedeemedInVainIsStillSingleUse(t *testing.T) {
	setup := func(t *testing.T) (c *cluster, g *grant.Grants, code string) {
		c = newCluster(t)
		store, f := storeOf(t, c), &sessiontest.Faults{}
		g = grantsWith(t, grant.Options{
			Records: sessiontest.Faulty{Records: store.Grants(), Faults: f}, Upstream: store.ProviderStates(), Now: c.now,
		})
		code = begin(t, g)
		f.FailAt(2, true) // the write that takes the code
		turn, err := g.Redeem(t.Context(), code, clientID, redirect, verifier)
		if err != nil {
			t.Fatal(err)
		}
		_, err = turn.Commit(t.Context())
		wantErr(t, "in vain", err, session.ErrUnavailable)
		return c, g, code
	}
	t.Run("used again after that", func(t *testing.T) {
		_, g, code := setup(t)
		redeem(t, g, code)
		_, err := g.Redeem(t.Context(), code, clientID, redirect, verifier)
		wantErr(t, "replay", err, grant.ErrReplayed)
	})
	t.Run("by somebody without its verifier", func(t *testing.T) {
		_, g, code := setup(t)
		_, err := g.Redeem(t.Context(), code, clientID, redirect, verifier+"x")
		wantErr(t, "stolen", err, grant.ErrMismatch)
	})
	t.Run("too late", func(t *testing.T) {
		c, g, code := setup(t)
		c.advance(time.Minute)
		_, err := g.Redeem(t.Context(), code, clientID, redirect, verifier)
		wantErr(t, "late", err, grant.ErrReplayed)
	})
	t.Run("twice at once", func(t *testing.T) {
		_, g, code := setup(t)
		one, err1 := g.Redeem(t.Context(), code, clientID, redirect, verifier)
		two, err2 := g.Redeem(t.Context(), code, clientID, redirect, verifier)
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		if _, err := one.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err := two.Commit(t.Context())
		wantErr(t, "the second", err, grant.ErrReplayed)
	})
	t.Run("whose answer would reach nobody", func(t *testing.T) {
		c := newCluster(t)
		g := c.grants()
		code := begin(t, g)
		turn, err := g.Redeem(t.Context(), code, clientID, redirect, verifier)
		if err != nil {
			t.Fatal(err)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		_, err = turn.Commit(gone)
		wantErr(t, "nobody waits", err, session.ErrUnavailable)
		redeem(t, g, code)
	})
	t.Run("by a try that was held up behind the one that succeeded", func(t *testing.T) {
		c := newCluster(t)
		g := c.grants()
		code := begin(t, g)
		gone, cancel := context.WithCancel(t.Context())
		late, err := g.Redeem(gone, code, clientID, redirect, verifier)
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		token, _ := redeem(t, g, code)
		_, err = late.Commit(gone)
		wantErr(t, "the write held up", err, session.ErrUnavailable)
		_, err = g.Redeem(gone, code, clientID, redirect, verifier)
		wantErr(t, "the read held up", err, session.ErrUnavailable)
		mustRefresh(t, g, token)
	})
}

// Between the two writes of a redemption the other one reads the record.
func TestTwoWhoRedeemACodeInterleavedDoNotBothGetTokens(t *testing.T) {
	c := newCluster(t)
	store := storeOf(t, c)
	var between func()
	hook := &betweenWrites{Records: store.Grants(), act: func() { between() }}
	one := grantsWith(t, grant.Options{Records: hook, Upstream: store.ProviderStates(), Now: c.now})
	two := c.grants()
	code := begin(t, one)
	var secondErr error
	between = func() {
		turn, err := two.Redeem(t.Context(), code, clientID, redirect, verifier)
		if err == nil {
			_, err = turn.Commit(t.Context())
		}
		secondErr = err
	}
	turn, err := one.Redeem(t.Context(), code, clientID, redirect, verifier)
	if err != nil {
		t.Fatal(err)
	}
	_, firstErr := turn.Commit(t.Context())
	if !errors.Is(firstErr, grant.ErrReplayed) && !errors.Is(secondErr, grant.ErrReplayed) {
		t.Errorf("%v, %v", firstErr, secondErr)
	}
	_, err = one.Lookup(t.Context(), turn.Grant.ID)
	wantErr(t, "the grant", err, grant.ErrRevoked)
}

type betweenWrites struct {
	session.Records
	act     func()
	written int
}

func (b *betweenWrites) CompareAndSwap(ctx context.Context, name string, old, value []byte, ttl time.Duration) (bool, error) {
	replaced, err := b.Records.CompareAndSwap(ctx, name, old, value, ttl)
	if b.written++; b.written == 1 {
		b.act()
	}
	return replaced, err
}
