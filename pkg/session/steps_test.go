package session_test

import (
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
		tc.opts.Sealer, tc.opts.Records = sessiontest.Spelled{}, sessiontest.NewMemory()
		if _, err := session.NewTable(tc.opts); (err == nil) != tc.ok {
			t.Errorf("%s: %v", name, err)
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
