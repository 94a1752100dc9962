package session_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/sessiontest"
)

// A clock that counts less than seconds.
func TestRecordsLiveASecondAtLeastAndNoLongerThanTheirSession(t *testing.T) {
	const day = 24 * time.Hour
	for age, want := range map[time.Duration][2]time.Duration{ // of a touch, and of an end
		time.Minute:                        {7 * day, 30*day - time.Minute},
		24 * day:                           {6 * day, 6 * day},
		30*day - time.Second:               {time.Second, time.Second},
		30*day - 300*time.Millisecond:      {time.Second, time.Second},
		30*day - 1500*time.Millisecond:     {1500 * time.Millisecond, 1500 * time.Millisecond},
		23*day - 1*time.Second:             {7 * day, 7*day + time.Second},
		-time.Hour /* another's clock */ :  {0, 30 * day},
		23*day + 1*time.Second:             {7*day - time.Second, 7*day - time.Second},
		30*day - time.Second - time.Minute: {61 * time.Second, 61 * time.Second},
	} {
		s, now := sessiontest.NewMemory(), noon
		table := spelledTable(t, s, func() time.Time { return now })
		live := create(t, table, info)
		if s.LastTTL() != 7*day {
			t.Errorf("a new record lives for %v", s.LastTTL())
		}
		now = now.Add(age)
		s.ForgetWrites()
		resume(t, table, live)
		if want[0] == 0 && len(s.Writes()) != 0 || want[0] != 0 && (len(s.Writes()) != 1 || s.LastTTL() != want[0]) {
			t.Errorf("after %v it is touched for %v, want %v", age, s.Writes(), want[0])
		}
		if err := table.End(t.Context(), live.ID, live.Subject); err != nil || s.LastTTL() != want[1] {
			t.Errorf("after %v its end is kept for %v, want %v: %v", age, s.LastTTL(), want[1], err)
		}
		if e, err := table.Show(t.Context(), live.Key()); err != nil || !e.Ended || !e.Born.Equal(noon) {
			t.Errorf("operators see %+v, %v", e, err)
		}
	}
}

func TestDirectGrantIsKeptAMinuteBeyondItsEnd(t *testing.T) {
	for notAfter, want := range map[time.Duration]time.Duration{
		10 * time.Minute: 11 * time.Minute, 10 * time.Hour: time.Hour + 2*time.Minute, -time.Hour: time.Second,
	} {
		s, up := sessiontest.NewMemory(), sessiontest.NewMemory()
		g := spelledGrants(t, session.GrantOptions{Records: s, Upstream: up, Now: atNoon})
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

func TestGrantOptionsHaveASecondAtLeast(t *testing.T) {
	for name, set := range map[string]func(o *session.GrantOptions, d time.Duration){
		"CodeLife":   func(o *session.GrantOptions, d time.Duration) { o.CodeLife = d },
		"AccessLife": func(o *session.GrantOptions, d time.Duration) { o.AccessLife = d },
		"Grace":      func(o *session.GrantOptions, d time.Duration) { o.Grace = d },
		"Idle":       func(o *session.GrantOptions, d time.Duration) { o.Idle = d },
		"MaxAge":     func(o *session.GrantOptions, d time.Duration) { o.MaxAge = d },
	} {
		for d, refused := range map[time.Duration]bool{-1: true, time.Second - 1: true, time.Second: false, 0: false} {
			var o session.GrantOptions
			set(&o, d)
			if _, err := session.NewGrants(o); strings.Contains(err.Error(), "GrantOptions."+name+" is") != refused && name != "AccessLife" {
				t.Errorf("%s of %v: %v", name, d, err)
			} else if refused != strings.Contains(err.Error(), name+" is "+d.String()+"; give at least a second") {
				t.Errorf("%s of %v: %v", name, d, err)
			}
		}
	}
}

func TestSessionOptionsAtTheirBorders(t *testing.T) {
	for name, tc := range map[string]struct {
		opts session.Options
		ok   bool
	}{
		"age":              {session.Options{MaxAge: time.Minute}, true},
		"age, too short":   {session.Options{MaxAge: time.Minute - 1}, false},
		"idle":             {session.Options{Idle: 2 * time.Minute}, true},
		"idle, too short":  {session.Options{Idle: 2*time.Minute - 1}, false},
		"budget, negative": {session.Options{Budget: -1}, false},
		"budget":           {session.Options{Budget: 1}, true},
	} {
		tc.opts.Sealer, tc.opts.Records = spelled{}, sessiontest.NewMemory()
		if _, err := session.NewTable(tc.opts); (err == nil) != tc.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestGraceIsRoundedUpToSeconds(t *testing.T) {
	for grace, last := range map[time.Duration]time.Duration{
		1500 * time.Millisecond: 2 * time.Second, 1001 * time.Millisecond: 2 * time.Second, 2 * time.Second: 2 * time.Second,
	} {
		for late, want := range map[time.Duration]error{last: nil, last + time.Second: session.ErrReplayed} {
			s, now := sessiontest.NewMemory(), noon
			g := spelledGrants(t, session.GrantOptions{
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
func pair(t *testing.T) (a, b *session.Grants, advance func(time.Duration)) {
	s, up, now := sessiontest.NewMemory(), sessiontest.NewMemory(), noon
	opts := session.GrantOptions{Records: s, Upstream: up, Now: func() time.Time { return now }}
	return spelledGrants(t, opts), spelledGrants(t, opts), func(d time.Duration) { now = now.Add(d) }
}

func isProven(t *testing.T, g *session.Grants, id string) bool {
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
		commit := func(t *testing.T, turn *session.Rotation, prove bool) string {
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
			g := spelledGrants(t, session.GrantOptions{Records: s, Upstream: up, Now: atNoon})
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
	if !errors.Is(err, session.ErrRevoked) || token != "" {
		t.Errorf("%q, %v", token, err)
	}
}

func TestLogLevelOfASessionWhoseRecordIsGoneIsKept(t *testing.T) {
	s := sessiontest.NewMemory()
	table := spelledTable(t, s, atNoon)
	live := create(t, table, info)
	for _, value := range []string{"", "\x02\x01 of a later release"} {
		s.Clear()
		if value != "" {
			s.Put(live.Key(), value, time.Hour)
		}
		if err := table.SetLogLevel(t.Context(), live, "alert"); err != nil || live.LogLevel != "alert" {
			t.Fatal(err, live.LogLevel)
		}
		if got := resume(t, table, live); got.LogLevel != "alert" || got.Unstored || got.Recovered {
			t.Errorf("after %q: %+v", value, got)
		}
	}
}

func TestEndedSessionThatTheStoreForgotLivesOnWhileItIsAway(t *testing.T) {
	s := sessiontest.NewMemory()
	table := spelledTable(t, s, atNoon)
	live := create(t, table, info)
	if err := table.End(t.Context(), live.ID, live.Subject); err != nil {
		t.Fatal(err)
	}
	s.Clear()
	if got := resume(t, table, live); !got.Recovered {
		t.Errorf("%+v", got)
	}
	s.FailAt(1, false)
	if got := resume(t, table, live); !got.Unstored {
		t.Errorf("%+v", got)
	}
}
