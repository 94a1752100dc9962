package grant_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
	"github.com/clerkchat/mcp-gateway/pkg/session/sessiontest"
)

func TestDirectGrantIsKeptAMinuteBeyondItsEnd(t *testing.T) {
	for notAfter, want := range map[time.Duration]time.Duration{
		10 * time.Minute: 11 * time.Minute, 10 * time.Hour: time.Hour + 2*time.Minute, -time.Hour: time.Second,
	} {
		s, up := sessiontest.NewMemory(), sessiontest.NewMemory()
		g := spelledGrants(t, grant.Options{Records: s, Upstream: up, Now: atNoon})
		turn := g.Direct(asked, noon.Add(notAfter))
		turn.Carry([]byte("tokens"))
		if _, err := turn.Commit(t.Context()); err != nil || s.LastTTL() != want || up.LastTTL() != want {
			t.Errorf("%v, for %v and %v, want %v", err, s.Writes(), up.Writes(), want)
		}
		if data, _, found, err := g.ProviderStates().Load(t.Context(), turn.Grant.ID); string(data) != "tokens" || !found || err != nil {
			t.Errorf("%q %v %v", data, found, err)
		}
		without := g.Direct(asked, time.Time{})
		if _, err := without.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, _, found, err := g.ProviderStates().Load(t.Context(), without.Grant.ID); found || err != nil {
			t.Errorf("nothing was carried: %v %v", found, err)
		}
	}
}

func TestOptionsHaveASecondAtLeast(t *testing.T) {
	for name, set := range map[string]func(o *grant.Options, d time.Duration){
		"CodeLife":   func(o *grant.Options, d time.Duration) { o.CodeLife = d },
		"AccessLife": func(o *grant.Options, d time.Duration) { o.AccessLife = d },
		"Grace":      func(o *grant.Options, d time.Duration) { o.Grace = d },
		"Idle":       func(o *grant.Options, d time.Duration) { o.Idle = d },
		"MaxAge":     func(o *grant.Options, d time.Duration) { o.MaxAge = d },
	} {
		for d, refused := range map[time.Duration]bool{-1: true, time.Second - 1: true, time.Second: false, 0: false} {
			var o grant.Options
			set(&o, d)
			if _, err := grant.NewGrants(o); strings.Contains(err.Error(), "Options."+name+" is") != refused && name != "AccessLife" {
				t.Errorf("%s of %v: %v", name, d, err)
			} else if refused != strings.Contains(err.Error(), name+" is "+d.String()+"; give at least a second") {
				t.Errorf("%s of %v: %v", name, d, err)
			}
		}
	}
}

func TestGraceIsRoundedUpToSeconds(t *testing.T) {
	for grace, last := range map[time.Duration]time.Duration{
		1500 * time.Millisecond: 2 * time.Second, 1001 * time.Millisecond: 2 * time.Second, 2 * time.Second: 2 * time.Second,
	} {
		for late, want := range map[time.Duration]error{last: nil, last + time.Second: grant.ErrReplayed} {
			s, now := sessiontest.NewMemory(), noon
			g := spelledGrants(t, grant.Options{
				Records: s, Upstream: sessiontest.NewMemory(), Grace: grace, Now: func() time.Time { return now },
			})
			first, _ := redeem(t, g, begin(t, g))
			mustRefresh(t, g, first)
			now = now.Add(late)
			_, err := refresh(t, g, first)
			wantErr(t, grace.String()+" after "+late.String(), err, want)
		}
	}
}

// pair is two replicas of one clock and one store.
func pair(t *testing.T) (a, b *grant.Grants, advance func(time.Duration)) {
	s, up, now := sessiontest.NewMemory(), sessiontest.NewMemory(), noon
	opts := grant.Options{Records: s, Upstream: up, Now: func() time.Time { return now }}
	return spelledGrants(t, opts), spelledGrants(t, opts), func(d time.Duration) { now = now.Add(d) }
}

func isProven(t *testing.T, g *grant.Grants, id string) bool {
	t.Helper()
	grant, err := g.Lookup(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return grant.Proven
}

func TestProofOfEitherOfTwoStepsIsKept(t *testing.T) {
	for name, proofs := range map[string][2]bool{
		"neither": {false, false}, "the first": {true, false}, "the second": {false, true}, "both": {true, true},
	} {
		commit := func(t *testing.T, turn *grant.Rotation, prove bool) string {
			t.Helper()
			if prove {
				turn.Prove()
			}
			token, err := turn.Commit(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return token
		}
		t.Run("a refresh after a proof in the grace period, "+name, func(t *testing.T) {
			a, b, advance := pair(t)
			first, id := redeem(t, a, begin(t, a))
			second := mustRefresh(t, a, first)
			early, err1 := b.Refresh(t.Context(), second, clientID) // changes nothing, but for the proof
			advance(grace + time.Second)
			late, err2 := a.Refresh(t.Context(), second, clientID)
			if err1 != nil || err2 != nil {
				t.Fatal(err1, err2)
			}
			if got := commit(t, early, proofs[0]); got != second {
				t.Error("a repeat leads to another token")
			}
			third := commit(t, late, proofs[1])
			if third == second || mustRefresh(t, b, third) != third {
				t.Error("the family is not rotated once")
			}
			if isProven(t, b, id) != (proofs[0] || proofs[1]) {
				t.Errorf("proven is not %v", proofs[0] || proofs[1])
			}
		})
		t.Run("a code whose first answer was not sent, "+name, func(t *testing.T) {
			s, up := sessiontest.NewMemory(), sessiontest.NewMemory()
			g := spelledGrants(t, grant.Options{Records: s, Upstream: up, Now: atNoon})
			code := begin(t, g)
			one, err1 := g.Redeem(t.Context(), code, clientID, redirect, verifier)
			two, err2 := g.Redeem(t.Context(), code, clientID, redirect, verifier)
			if err1 != nil || err2 != nil {
				t.Fatal(err1, err2)
			}
			if proofs[0] {
				one.Prove()
			}
			s.FailAt(1, true)
			_, err := one.Commit(t.Context())
			wantErr(t, "the first", err, session.ErrUnavailable)
			commit(t, two, proofs[1])
			if isProven(t, g, two.Grant.ID) != (proofs[0] || proofs[1]) {
				t.Errorf("proven is not %v", proofs[0] || proofs[1])
			}
		})
	}
}

func TestTheLoserOfARotationDoesNotMoveItsTime(t *testing.T) {
	a, b, advance := pair(t)
	first, _ := redeem(t, a, begin(t, a))
	winner, err1 := a.Refresh(t.Context(), first, clientID)
	advance(5 * time.Second)
	loser, err2 := b.Refresh(t.Context(), first, clientID)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	second, err1 := winner.Commit(t.Context())
	same, err2 := loser.Commit(t.Context())
	if err1 != nil || err2 != nil || same != second {
		t.Fatal(err1, err2, same == second)
	}
	advance(grace - 4*time.Second) // a second more than the grace period since the winner
	if mustRefresh(t, a, second) == second {
		t.Error("the family is not rotated")
	}
}

func TestRefreshOfAGrantThatEndedMeanwhileGivesNothing(t *testing.T) {
	a, b, _ := pair(t)
	first, id := redeem(t, a, begin(t, a))
	turn, err := a.Refresh(t.Context(), first, clientID)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Revoke(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	token, err := turn.Commit(t.Context())
	if !errors.Is(err, grant.ErrRevoked) || token != "" {
		t.Errorf("%q, %v", token, err)
	}
}
