package grant_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
)

var errUnproven = errors.New("not proven")

// unlessProven refuses a grant that was proven before.
func unlessProven(g grant.Grant) error {
	if g.Proven {
		return errUnproven
	}
	return nil
}

func refuseAll(grant.Grant) error { return errUnproven }

func TestClientIsCheckedBeforeAnythingEnds(t *testing.T) {
	c := newCluster(t)
	g := c.grants()
	code := begin(t, g)
	for range 2 { // wrong in every way
		_, err := g.Redeem(t.Context(), code, clientID, "https://other.example", "wrong", refuseAll)
		wantErr(t, "a code without proof", err, errUnproven)
	}
	first, id := redeem(t, g, code)
	_, err := g.Redeem(t.Context(), code, clientID, redirect, verifier, refuseAll)
	wantErr(t, "a code again, without proof", err, errUnproven)
	second := mustRefresh(t, g, first)
	c.advance(grace + time.Second)
	_, err = g.Refresh(t.Context(), first, clientID, refuseAll)
	wantErr(t, "an old refresh token without proof", err, errUnproven)
	if _, err := g.Lookup(t.Context(), id); err != nil {
		t.Fatalf("it has ended the grant: %v", err)
	}
	mustRefresh(t, g, second)
	_, err = g.Redeem(t.Context(), begin(t, g), "another", redirect, verifier, refuseAll)
	wantErr(t, "another client's code", err, grant.ErrMismatch)
}

// proven takes a step that proves the client.
func proven(t *testing.T, turn *grant.Rotation, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	turn.Prove()
	token, err := turn.Commit(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestProofIsKeptWithTheGrant(t *testing.T) {
	c := newCluster(t)
	g, other := c.grants(), c.grants()
	isProven := func(t *testing.T, token string) bool {
		t.Helper()
		id, _ := g.OfRefreshToken(token)
		grant, err := other.Lookup(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return grant.Proven
	}
	t.Run("by a code", func(t *testing.T) {
		turn, err := g.Redeem(t.Context(), begin(t, g), clientID, redirect, verifier)
		token := proven(t, turn, err)
		for range 3 {
			token = mustRefresh(t, other, token)
			if c.advance(grace + time.Second); !isProven(t, token) {
				t.Fatal("it is forgotten")
			}
		}
	})
	t.Run("by a refresh that changes nothing else", func(t *testing.T) {
		first, _ := redeem(t, g, begin(t, g))
		second := mustRefresh(t, g, first)
		if isProven(t, second) {
			t.Fatal("by nothing")
		}
		turn, err := g.Refresh(t.Context(), second, clientID)
		if got := proven(t, turn, err); got != second || !isProven(t, second) {
			t.Errorf("token changed: %v, proven: %v", got != second, isProven(t, second))
		}
	})
	t.Run("by one of two refreshes at once", func(t *testing.T) {
		first, _ := redeem(t, g, begin(t, g))
		with, err := g.Refresh(t.Context(), first, clientID)
		second := mustRefresh(t, other, first) // overtakes it
		if got := proven(t, with, err); got != second || !isProven(t, second) {
			t.Errorf("token differs: %v, proven: %v", got != second, isProven(t, second))
		}
	})
}

func TestUnprovenStepIsRefusedOnceProven(t *testing.T) {
	c := newCluster(t)
	g, other := c.grants(), c.grants()
	t.Run("a refresh", func(t *testing.T) {
		first, _ := redeem(t, g, begin(t, g))
		without, err := g.Refresh(t.Context(), first, clientID, unlessProven)
		if err != nil {
			t.Fatal(err)
		}
		turn, err := other.Refresh(t.Context(), first, clientID)
		proven(t, turn, err)
		_, err = without.Commit(t.Context())
		wantErr(t, "a refresh that began before", err, errUnproven)
		_, err = g.Refresh(t.Context(), first, clientID, unlessProven)
		wantErr(t, "one after it", err, errUnproven)
	})
	t.Run("a code", func(t *testing.T) {
		code := begin(t, g)
		without, err := g.Redeem(t.Context(), code, clientID, redirect, verifier, unlessProven)
		if err != nil {
			t.Fatal(err)
		}
		turn, err := other.Redeem(t.Context(), code, clientID, redirect, verifier)
		token := proven(t, turn, err)
		_, err = without.Commit(t.Context())
		wantErr(t, "a redemption that began before", err, errUnproven)
		mustRefresh(t, g, token)
	})
}

func TestAssertionIsGoodForOneRequest(t *testing.T) {
	c := newCluster(t)
	grants := func() *grant.Grants {
		store := storeOf(t, c)
		return grantsWith(t, grant.Options{Records: store.Grants(), Upstream: store.ProviderStates(), Assertions: store.Assertions()})
	}
	a, b := grants(), grants()
	one := grant.Assertion{ClientID: "c", ID: "jti", Request: "one"}
	two, another := one, one
	two.Request, another.ClientID = "two", "d"
	for range 3 { // the request asks again as long as it likes
		if err := a.UseAssertion(t.Context(), one, time.Minute); err != nil {
			t.Fatal(err)
		}
	}
	wantErr(t, "another request", b.UseAssertion(t.Context(), two, time.Minute), grant.ErrAssertionUsed)
	if err := b.UseAssertion(t.Context(), another, time.Minute); err != nil {
		t.Errorf("the same jti of another client: %v", err)
	}
	b.ReturnAssertion(t.Context(), two) // is not its own
	wantErr(t, "after another one returned it", b.UseAssertion(t.Context(), two, time.Minute), grant.ErrAssertionUsed)
	a.ReturnAssertion(t.Context(), one)
	err := b.UseAssertion(t.Context(), two, time.Minute)
	for errors.Is(err, session.ErrUnavailable) { // until it has disappeared
		err = b.UseAssertion(t.Context(), two, time.Minute)
	}
	if err != nil {
		t.Errorf("once it was returned: %v", err)
	}
	var wg sync.WaitGroup
	var used atomic.Int32
	for i := range 10 {
		wg.Go(func() {
			g := []*grant.Grants{a, b}[i%2]
			if g.UseAssertion(t.Context(), grant.Assertion{ClientID: "c", ID: "raced", Request: string(rune('a' + i))}, time.Minute) == nil {
				used.Add(1)
			}
		})
	}
	if wg.Wait(); used.Load() != 1 {
		t.Errorf("used by %d requests", used.Load())
	}
}

func TestAssertionIsUnavailableWhereNothingRemembers(t *testing.T) {
	g := newCluster(t).grants()
	err := g.UseAssertion(context.Background(), grant.Assertion{ClientID: "c", ID: "jti", Request: "one"}, time.Minute)
	wantErr(t, "without a store for them", err, session.ErrUnavailable)
}
