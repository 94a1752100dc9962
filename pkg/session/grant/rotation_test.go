package grant_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
	"github.com/clerkchat/mcp-gateway/pkg/session/sessiontest"
)

// grace is the default of GrantOptions.Grace.
const grace = 10 * time.Minute

func TestAReplacedRefreshTokenIsGoodForTheGracePeriod(t *testing.T) {
	c := newCluster(t)
	a, b := c.grants(), c.grants()
	first, id := redeem(t, a, begin(t, a))
	second := mustRefresh(t, a, first)
	if second == first {
		t.Fatal("the first token is not replaced")
	}
	// However often, and whatever is used meanwhile.
	for range 10 {
		c.advance(grace / 10)
		for _, token := range []string{first, second, first} {
			if got := mustRefresh(t, b, token); got != second {
				t.Fatal("a repeat leads to another token")
			}
		}
	}
	c.advance(time.Second)
	_, err := refresh(t, b, first)
	wantErr(t, "after the grace period", err, grant.ErrReplayed)
	_, err = refresh(t, a, second)
	wantErr(t, "the family", err, grant.ErrRevoked)
	_, err = a.Lookup(t.Context(), id)
	wantErr(t, "the grant", err, grant.ErrRevoked)
}

func TestAFamilyIsRotatedOnceInAGracePeriod(t *testing.T) {
	c := newCluster(t)
	a, b := c.grants(), c.grants()
	token, _ := redeem(t, a, begin(t, a))
	token = mustRefresh(t, a, token)
	for range 3 {
		c.advance(grace)
		if got := mustRefresh(t, b, token); got != token {
			t.Fatal("rotated twice in a grace period")
		}
		c.advance(time.Second)
		next := mustRefresh(t, a, token)
		if next == token {
			t.Fatal("not rotated after a grace period")
		}
		token = next
	}
}

func TestReuseIsToldOnceAndSaysHowLate(t *testing.T) {
	for name, late := range map[string]struct {
		rotations int
		after     time.Duration
		since     time.Duration
	}{
		"one rotation ago":  {1, grace + time.Second, grace + time.Second},
		"two rotations ago": {2, 0, 0},
		"days ago":          {1, 100 * time.Hour, 100 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t)
			g := c.grants()
			first, _ := redeem(t, g, begin(t, g))
			last := first
			for range late.rotations {
				c.advance(grace + time.Second)
				last = mustRefresh(t, g, last)
			}
			c.advance(late.after)
			_, err := refresh(t, g, first)
			reuse, ok := errors.AsType[*grant.ReuseError](err)
			if !ok || !errors.Is(err, grant.ErrReplayed) || !reuse.Revoked || reuse.Since != late.since || reuse.Grant.ClientName != "Client" {
				t.Fatalf("%v, %+v", err, reuse)
			}
			for _, token := range []string{first, last} {
				_, err = refresh(t, g, token)
				if _, again := errors.AsType[*grant.ReuseError](err); again || !errors.Is(err, grant.ErrRevoked) {
					t.Errorf("afterwards: %v", err)
				}
			}
		})
	}
}

// Each process reads the stored login when its access token is due, before another one has stored
// what it was given.
func TestProcessesThatShareALoginGoOnThroughRotations(t *testing.T) {
	c := newCluster(t)
	replicas := []*grant.Grants{c.grants(), c.grants()}
	stored, _ := redeem(t, replicas[0], begin(t, replicas[0]))
	for rotation := range 3 {
		c.advance(55 * time.Minute)
		read, good := stored, ""
		for i, pause := range []time.Duration{0, time.Second, 2 * time.Minute, 7*time.Minute + 59*time.Second} {
			c.advance(pause)
			for _, replica := range replicas {
				next, err := refresh(t, replica, read)
				if err != nil {
					t.Fatalf("rotation %d: process %d has to sign in again: %v", rotation+1, i+1, err)
				}
				if good == "" {
					good = next
				}
				if next != good || next == read {
					t.Fatalf("rotation %d: process %d was given another token", rotation+1, i+1)
				}
			}
			// The token that it stored is in use already, by who reads it only now.
			if stored = good; mustRefresh(t, replicas[i%2], stored) != good {
				t.Fatalf("rotation %d: rotated again after process %d", rotation+1, i+1)
			}
		}
	}
}

// heldUp are the grants for a request that came some time ago.
func heldUp(g *grant.Grants, c *cluster, wait time.Duration) *grant.Grants {
	return g.AsOf(c.now().Add(-wait))
}

func TestARequestIsJudgedAsOfItsArrival(t *testing.T) {
	for name, waited := range map[string]time.Duration{"at once": 0, "held up": 15 * time.Second} {
		t.Run("a code, "+name, func(t *testing.T) {
			c := newCluster(t)
			g := c.grants()
			for late, want := range map[time.Duration]error{59 * time.Second: nil, time.Minute: grant.ErrNoGrant} {
				code := begin(t, g)
				c.advance(late + waited)
				_, err := heldUp(g, c, waited).Redeem(t.Context(), code, clientID, redirect, verifier)
				wantErr(t, late.String(), err, want)
			}
		})
		t.Run("a refresh token, "+name, func(t *testing.T) {
			c := newCluster(t)
			g := c.grants()
			first, _ := redeem(t, g, begin(t, g))
			second := mustRefresh(t, g, first)
			c.advance(grace + waited)
			turn, err := heldUp(g, c, waited).Refresh(t.Context(), first, clientID)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := turn.Commit(t.Context()); got != second || err != nil {
				t.Errorf("%v", err)
			}
			c.advance(time.Second)
			_, err = heldUp(g, c, waited).Refresh(t.Context(), first, clientID)
			wantErr(t, "after the grace period", err, grant.ErrReplayed)
		})
	}
}

func TestWhoWasHeldUpBeyondTheNextRotationIsNoThief(t *testing.T) {
	c := newCluster(t)
	g := c.grants()
	first, _ := redeem(t, g, begin(t, g))
	second := mustRefresh(t, g, first)
	c.advance(grace + time.Second)
	third := mustRefresh(t, g, second)
	c.advance(14 * time.Second)
	turn, err := heldUp(g, c, 15*time.Second).Refresh(t.Context(), first, clientID)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := turn.Commit(t.Context()); got != third || err != nil {
		t.Errorf("%v", err)
	}
	_, err = heldUp(g, c, 14*time.Second).Refresh(t.Context(), first, clientID)
	wantErr(t, "who came after it", err, grant.ErrReplayed)
}

func TestReplicasJudgeByTheClockOfTheStore(t *testing.T) {
	c := newRealCluster(t)
	var local [2]*grant.Grants
	for i, ahead := range []time.Duration{-time.Hour, time.Hour} {
		store := storeOf(t, c)
		local[i] = grantsWith(t, grant.Options{
			Records: store.Grants(), Upstream: store.ProviderStates(), Now: func() time.Time { return time.Now().Add(ahead) },
			StoreTime: func(context.Context, string) (time.Time, error) { return c.now(), nil },
		})
	}
	code := begin(t, local[0])
	first, _ := redeem(t, local[1], code)
	second := mustRefresh(t, local[0], first)
	c.advance(grace)
	for i, g := range local {
		if got := mustRefresh(t, g, first); got != second {
			t.Errorf("replica %d", i)
		}
	}
	c.advance(time.Second)
	_, err := refresh(t, local[0], first)
	wantErr(t, "after the grace period", err, grant.ErrReplayed)
}

func TestAStoreWithoutAClockIsUnavailable(t *testing.T) {
	c := newCluster(t)
	working := c.grants()
	code := begin(t, working)
	token, _ := redeem(t, working, begin(t, working))
	store := storeOf(t, c)
	g := grantsWith(t, grant.Options{
		Records: store.Grants(), Upstream: store.ProviderStates(), Now: c.now,
		StoreTime: func(context.Context, string) (time.Time, error) { return time.Time{}, sessiontest.ErrNowhere },
	})
	_, err := g.Begin(t.Context(), asked, bound(), nil)
	wantErr(t, "begin", err, session.ErrUnavailable)
	_, err = g.Redeem(t.Context(), code, clientID, redirect, verifier)
	wantErr(t, "redeem", err, session.ErrUnavailable)
	_, err = refresh(t, g, token)
	wantErr(t, "refresh", err, session.ErrUnavailable)
}

func TestAStoreThatForgotARotationCostsNoLogin(t *testing.T) {
	for forgotten, at := range []string{"the code's redemption", "the first rotation", "the second rotation"} {
		t.Run(fmt.Sprintf("%s, %d", at, forgotten), func(t *testing.T) {
			c := newCluster(t)
			store := storeOf(t, c)
			g := grantsWith(t, grant.Options{Records: store.Grants(), Upstream: store.ProviderStates(), Now: c.now})
			code := begin(t, g)
			id, _ := g.OfCode(code)
			backup := func() []byte {
				raw, _, err := store.Grants().Get(t.Context(), id)
				if err != nil {
					t.Fatal(err)
				}
				return raw
			}
			raw := backup()
			token, _ := redeem(t, g, code)
			before := ""
			for i := 1; i < 3; i++ {
				if i <= forgotten {
					raw, before = backup(), token
					c.advance(grace + time.Second)
					token = mustRefresh(t, g, token)
				}
			}
			if _, _, err := store.Grants().GetSet(t.Context(), id, raw, time.Hour); err != nil {
				t.Fatal(err)
			}
			if got := mustRefresh(t, g, token); got != token {
				t.Error("the token that the store forgot is not the one that is good")
			}
			if before == "" {
				return
			}
			if got := mustRefresh(t, g, before); got != token {
				t.Error("who holds the token before it is given another one")
			}
		})
	}
}

func TestAGraceOfMoreThanHalfAnAccessTokensLifeIsRefused(t *testing.T) {
	opts := grant.Options{AccessLife: 10 * time.Minute, Grace: 5*time.Minute + time.Second}
	if _, err := grant.NewGrants(opts); err == nil || !strings.Contains(err.Error(), "Options.Grace") {
		t.Errorf("%v", err)
	}
	opts.Grace = 5 * time.Minute
	if _, err := grant.NewGrants(opts); err == nil || strings.Contains(err.Error(), "Options.Grace") {
		t.Errorf("half: %v", err)
	}
}
