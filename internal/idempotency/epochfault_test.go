package idempotency_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/idempotency"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

// withoutRun is a process that reads the epoch only when a call needs it.
func withoutRun(t *testing.T, s *memStore, change ...func(*idempotency.Options)) *process {
	t.Helper()
	p := &process{line: &line{}}
	part := func(name string) idempotency.Records { return faultyRecords{s.part(name), name, p.line} }
	o := idempotency.Options{
		Operations: part(operations), Queues: part(queues), Fingerprints: part(fingerprints), Claims: part(claims), Replicas: part(replicas),
		Epoch: part(epochs),
	}
	underSecrets(t, secretA)(&o)
	for _, c := range change {
		c(&o)
	}
	var err error
	if p.Guard, err = idempotency.New(o); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// Each operation on the epoch fails, before or after it took effect: nothing is executed by that
// call, and the next one knows what it would have known.
func TestAFaultOfTheEpochExecutesNothing(t *testing.T) {
	for name, tc := range map[string]struct {
		before func(t *testing.T, s *memStore, p *process)
		want   mcpadapter.State
		losses int
	}{
		"a new store": {func(*testing.T, *memStore, *process) {}, mcpadapter.Executed, 0},
		"the epoch of another": {func(t *testing.T, s *memStore, _ *process) {
			do(t.Context(), withoutRun(t, s), (&api{}).contact("", "Jane", outcome{}))
		}, mcpadapter.Executed, 0},
		"a loss": {func(t *testing.T, s *memStore, p *process) {
			do(t.Context(), p, (&api{}).contact("", "Jane", outcome{}))
			s.lose()
		}, mcpadapter.StoreReset, 1},
		"a loss that another does not know of": {func(t *testing.T, s *memStore, p *process) {
			do(t.Context(), p, (&api{}).contact("", "Jane", outcome{}))
			s.lose()
			do(t.Context(), withoutRun(t, s), (&api{}).contact("", "Jane", outcome{}))
		}, mcpadapter.StoreReset, 1},
		"a loss that another knows of": {func(t *testing.T, s *memStore, p *process) {
			q := withoutRun(t, s)
			do(t.Context(), q, (&api{}).contact("", "Jane", outcome{}))
			do(t.Context(), p, (&api{}).contact("", "Jane", outcome{}))
			s.lose()
			do(t.Context(), q, (&api{}).contact("", "Jane", outcome{}))
		}, mcpadapter.StoreReset, 1},
	} {
		t.Run(name, func(t *testing.T) {
			for _, what := range []fault{before, after} {
				for step, reached := 0, true; reached; step++ {
					inTime(t, func(t *testing.T) {
						losses, n := 0, 0
						s := newMemStore()
						p := withoutRun(t, s, func(o *idempotency.Options) { o.OnLoss = func() { losses++ } })
						tc.before(t, s, p)
						p.line.set(func(l *line) {
							l.rule = func(part, _, _ string) fault {
								if part != epochs {
									return noFault
								}
								if n++; n == step+1 {
									return what
								}
								return noFault
							}
						})
						var a api
						f := do(t.Context(), p, a.contact("k", "Jane", outcome{}))
						if reached = n > step; reached {
							if f.State != mcpadapter.StoreDown {
								t.Errorf("step %d, fault %d: told %s", step, what, stateName(f.State))
							}
							a.wantMade(t, "k", 0)
							time.Sleep(5 * time.Second)
							f = do(t.Context(), p, a.contact("k", "Jane", outcome{}))
						}
						if f.State != tc.want || losses != tc.losses {
							t.Errorf("step %d, fault %d: told %s, %d losses", step, what, stateName(f.State), losses)
						}
					})
				}
			}
		})
	}
}

func TestAnEpochThatIsNotKeptIsKeptAtTheNextBeat(t *testing.T) {
	for _, op := range []string{"Get", "Replace"} {
		t.Run(op, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				s := newMemStore()
				p := start(t, s, rarely)
				time.Sleep(time.Minute)
				p.failing(epochs, op)
				time.Sleep(30 * 24 * time.Hour)
				p.line.away(false)
				time.Sleep(11 * time.Minute)
				if life := s.longest(epochs); life < 90*24*time.Hour-11*time.Minute {
					t.Errorf("it lives for %v", life)
				}
			})
		})
	}
}

func TestAForeignEpochIsKeptAsItIs(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s := newMemStore()
		founder := start(t, s, rarely)
		time.Sleep(time.Millisecond)
		founder.end()
		raw, _, _ := s.part(epochs).Get(t.Context(), epochKey)
		time.Sleep(30 * 24 * time.Hour)
		start(t, s, rarely, underSecrets(t, secretB))
		time.Sleep(time.Minute)
		now, _, _ := s.part(epochs).Get(t.Context(), epochKey)
		if string(now) != string(raw) {
			t.Error("it was changed")
		}
		if life := s.longest(epochs); life < 90*24*time.Hour-time.Minute {
			t.Errorf("it lives for %v", life)
		}
	})
}

const epochKey = "epoch"

func TestInspectEpochDoesNotReadOneWithoutAnID(t *testing.T) {
	s := newMemStore()
	_, _, _ = s.part(epochs).GetSet(t.Context(), epochKey, []byte(`{"born":"2000-01-01T00:00:00Z"}`), time.Hour)
	info, err := idempotency.InspectEpoch(t.Context(), s.part(epochs), open{})
	if err != nil || !info.Found || info.Readable || !info.Born.IsZero() {
		t.Errorf("%+v %v", info, err)
	}
}

func TestTheLastSearchThatToldSomethingCounts(t *testing.T) {
	none := func() []mcpadapter.Match { return nil }
	two := func() []mcpadapter.Match { return []mcpadapter.Match{{ID: "x"}, {ID: "y"}} }
	for name, tc := range map[string]struct {
		first, then func() []mcpadapter.Match
		fails       bool
		want        mcpadapter.State
	}{
		"nothing, then something unclear": {none, two, false, mcpadapter.Indeterminate},
		"something unclear, then nothing": {two, none, false, mcpadapter.NotFoundYet},
		"nothing, then an error":          {none, none, true, mcpadapter.NotFoundYet},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				p := start(t, newMemStore(), func(o *idempotency.Options) { o.Own = true })
				looks := 0
				o := message("k", noAnswer)
				begun := time.Now()
				o.Search = func(ctx context.Context, _ time.Time) ([]mcpadapter.Match, error) {
					if end, _ := ctx.Deadline(); end.Sub(begun) != 7*time.Second {
						t.Errorf("it may take %v", end.Sub(begun))
					}
					if looks++; looks == 1 {
						return tc.first(), nil
					}
					if tc.fails {
						return nil, errStore
					}
					return tc.then(), nil
				}
				if f := do(t.Context(), p, o); f.State != tc.want || looks < 3 {
					t.Errorf("told %s after %d searches", stateName(f.State), looks)
				}
			})
		})
	}
}

func TestHowManyOpenAttemptsAreToldApart(t *testing.T) {
	for _, tc := range []struct{ n, want int }{{48, 49}, {49, 50}, {50, 27}, {60, 27}} {
		t.Run(fmt.Sprint(tc.n), func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				s, p := running(t, 1)
				var a api
				o := a.message("k", "text", outcome{dropped: true})
				previousVersion(t, s).list(t, o, openList(tc.n, time.Now()))
				do(t.Context(), p[0], o)
				got := stored[[]storedAttempt](t, s, fingerprints)[0]
				if len(got) != tc.want {
					t.Fatalf("%d are listed, want %d", len(got), tc.want)
				}
				for i, o := range got {
					if !o.Unknown || (o.Attempt == "") != (tc.n >= 50 && i == 0) {
						t.Errorf("%d: %+v", i, o)
					}
				}
				if last := got[len(got)-2].Attempt; last != fmt.Sprint("A", tc.n-1) {
					t.Errorf("the last of before is %s", last)
				}
			})
		})
	}
}

// openList is a list of n open attempts as the store has it.
func openList(n int, since time.Time) string {
	list := ""
	for i := range n {
		list += fmt.Sprintf(`,{"a":"A%d","u":true,"s":%q}`, i, since.UTC().Format(time.RFC3339Nano))
	}
	return "[" + list[1:] + "]"
}

func TestAnOpenAttemptIsKeptForAWeek(t *testing.T) {
	const week = 7 * 24 * time.Hour
	for age, kept := range map[time.Duration]int{week: 2, week + time.Nanosecond: 1} {
		t.Run(fmt.Sprint(age), func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				s, p := running(t, 1)
				var a api
				o := a.message("k", "text", outcome{dropped: true})
				previousVersion(t, s).list(t, o, openList(1, time.Now().Add(-age)))
				do(t.Context(), p[0], o)
				if got := stored[[]storedAttempt](t, s, fingerprints)[0]; len(got) != kept {
					t.Errorf("%d are listed", len(got))
				}
			})
		})
	}
}

func TestAnUnreadableListBecomesAnUnknownAttempt(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, p := running(t, 1)
		var a api
		o := a.message("k", "text", outcome{dropped: true})
		name := previousVersion(t, s).name([]byte("likeness"), o.Fingerprint[:])
		_, _, _ = s.part(fingerprints).GetSet(t.Context(), name, []byte("rubbish"), time.Hour)
		begun := time.Now()
		do(t.Context(), p[0], o)
		got := stored[[]storedAttempt](t, s, fingerprints)[0]
		if len(got) != 2 || got[0].Attempt != "" || !got[0].Unknown || !got[0].Since.Equal(begun) || !got[1].Unknown {
			t.Errorf("%+v", got)
		}
	})
}
