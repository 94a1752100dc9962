package flight_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/flight"
)

func TestGroupSharesOneFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g flight.Group[int]
		n := 0
		do := func() (int, error) {
			n++
			time.Sleep(time.Second)
			return n, nil
		}
		first, mine := g.Join("a", do)
		second, other := g.Join("a", do)
		if first != second || !mine || other || !g.Has("a") || g.Has("b") {
			t.Error("two callers of a key do not share a flight")
		}
		if apart, mine := g.Join("b", func() (int, error) { return 7, nil }); !mine || apart == first {
			t.Error("two keys share a flight")
		}
		hasty, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := first.Wait(hasty); !errors.Is(err, context.Canceled) {
			t.Errorf("a caller that gave up still waits: %v", err)
		}
		if got, err := second.Wait(t.Context()); got != 1 || err != nil || g.Has("a") {
			t.Errorf("%d, %v", got, err)
		}
		if again, mine := g.Join("a", do); !mine {
			t.Error("a flight that is over was joined")
		} else if got, _ := again.Wait(t.Context()); got != 2 {
			t.Errorf("again: %d", got)
		}
	})
}

func TestPanicOfAFlightReachesWhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g flight.Group[int]
		f, _ := g.Join("a", func() (int, error) { panic("broken") })
		v := flight.NewValue(flight.Options[int]{
			Timeout: time.Minute, Fetch: func(context.Context, *int) (*int, error) { panic("broken") },
		})
		for name, wait := range map[string]func(){
			"group": func() { _, _ = f.Wait(t.Context()) },
			"value": func() { _, _ = v.Get(t.Context()) },
		} {
			func() {
				defer func() {
					if got := recover(); got != "broken" {
						t.Errorf("%s: %v", name, got)
					}
				}()
				wait()
			}()
		}
		if g.Has("a") || v.Current().Failure == nil {
			t.Error("a flight that panicked is under way still")
		}
	})
}

func TestClosedGroupBeginsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var g flight.Group[int]
		under, _ := g.Join("a", func() (int, error) { time.Sleep(time.Second); return 1, nil })
		want := errors.New("closed")
		g.Close(want)
		if f, mine := g.Join("a", nil); f != under || mine {
			t.Error("what was under way is not joined any more")
		}
		if f, _ := g.Join("b", nil); f == nil {
			t.Error("no flight")
		} else if _, err := f.Wait(t.Context()); !errors.Is(err, want) {
			t.Error(err)
		}
		if got, err := under.Wait(t.Context()); got != 1 || err != nil {
			t.Errorf("%d, %v", got, err)
		}
	})
}

// source gives numbers that count up, a second after it was asked.
type source struct {
	n    int
	fail error
}

func (s *source) fetch(ctx context.Context, _ *int) (*int, error) {
	select {
	case <-time.After(time.Second):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	s.n++
	if s.fail != nil {
		return nil, s.fail
	}
	n := s.n
	return &n, nil
}

func TestValueIsFetchedOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{}
		v := flight.NewValue(flight.Options[int]{Fetch: s.fetch, Timeout: time.Minute, Fresh: time.Hour, Stale: 2 * time.Hour})
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				if got, err := v.Get(t.Context()); err != nil || *got != 1 {
					t.Errorf("%v, %v", got, err)
				}
			})
		}
		all.Wait()
		steps := []struct {
			name string
			wait time.Duration
			want int
		}{{"fresh", time.Hour - 2*time.Second, 1}, {"stale", 2 * time.Second, 1}, {"after that", 2 * time.Second, 2}, {"too old", 3 * time.Hour, 3}}
		for _, step := range steps {
			time.Sleep(step.wait)
			if got, err := v.Get(t.Context()); err != nil || *got != step.want {
				t.Errorf("%s: %v, %v", step.name, *got, err)
			}
		}
	})
}

func TestValueThatCannotBeFetched(t *testing.T) {
	away := errors.New("away")
	for name, strict := range map[string]bool{"goes on with the one before": false, "strict": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &source{fail: away}
				v := flight.NewValue(flight.Options[int]{Fetch: s.fetch, Timeout: time.Minute, Fresh: time.Hour, AfterFailure: 5 * time.Second, Strict: strict})
				get := func(want int) {
					t.Helper()
					switch got, err := v.Get(t.Context()); {
					case want == 0 && (got != nil || !errors.Is(err, away)):
						t.Errorf("%v, %v; want none", got, err)
					case want != 0 && (err != nil || *got != want):
						t.Errorf("%v, %v; want %d", got, err, want)
					}
				}
				get(0)
				s.fail = nil
				get(0) // not asked again so soon
				time.Sleep(5 * time.Second)
				get(2)
				s.fail = away
				time.Sleep(24 * time.Hour)
				kept := 2
				if strict {
					kept = 0
				}
				get(kept)
				get(kept)
				if s.n != 3 {
					t.Errorf("asked %d times", s.n)
				}
			})
		})
	}
}

func TestFetchEndsByItselfAndNotWithACaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{}
		v := flight.NewValue(flight.Options[int]{Fetch: s.fetch, Timeout: time.Minute, Fresh: time.Hour})
		hasty, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		if _, err := v.Get(hasty); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if got, err := v.Get(t.Context()); err != nil || *got != 1 {
			t.Errorf("%v, %v", got, err)
		}
		slow := flight.NewValue(flight.Options[int]{Fetch: s.fetch, Timeout: time.Millisecond})
		if _, err := slow.Get(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

func TestRefreshTellsWhoseFetchItWas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &source{}
		v := flight.NewValue(flight.Options[int]{Fetch: s.fetch, Timeout: time.Minute, Fresh: time.Hour, AfterSuccess: 10 * time.Second})
		if known := v.Current(); known.Value != nil || s.n != 0 {
			t.Error("something was fetched that nobody waits for")
		}
		known, mine, wait, err := v.Refresh(t.Context())
		if err != nil || !mine || *known.Value != 1 || wait != 10*time.Second {
			t.Errorf("%v %v %s %v", known, mine, wait, err)
		}
		time.Sleep(time.Second)
		if known, mine, wait, err = v.Refresh(t.Context()); err != nil || mine || *known.Value != 1 || wait != 9*time.Second {
			t.Errorf("again: %v %v %s %v", known, mine, wait, err)
		}
		time.Sleep(time.Hour)
		if known = v.Current(); *known.Value != 1 {
			t.Errorf("an old one: %d", *known.Value)
		}
		time.Sleep(2 * time.Second)
		if known = v.Current(); *known.Value != 2 {
			t.Errorf("it was not fetched beside that: %d", *known.Value)
		}
	})
}
