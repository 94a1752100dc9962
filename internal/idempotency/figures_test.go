package idempotency_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/idempotency"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
)

func TestAnEmptyQueueAndListAreGoneAtOnce(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, p := running(t, 1)
		var a api
		want(t, p[0], a.message("k", "text", outcome{}), mcpadapter.Executed)
		for _, part := range []string{queues, fingerprints} {
			if life := s.longest(part); life != time.Millisecond {
				t.Errorf("%s live for %v", part, life)
			}
		}
	})
}

func TestAnAttemptCarriesEightCharactersOfItsFingerprint(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, p := running(t, 1)
		var a api
		o := a.message("k", "text", outcome{})
		want(t, p[0], o, mcpadapter.Executed)
		name := previousVersion(t, s).name([]byte("likeness"), o.Fingerprint[:])
		for _, claim := range s.names(claims) {
			by, _, _ := s.part(claims).Get(t.Context(), claim)
			if _, mark, _ := strings.Cut(string(by), "."); mark != name[:8] {
				t.Errorf("%s carries %q, want %q", by, mark, name[:8])
			}
		}
	})
}

// What was executed waits for the store up to a bound.
func TestTheBacklogOfResultsHolds4096(t *testing.T) {
	inTime(t, func(t *testing.T) {
		_, p := running(t, 1)
		var a api
		committed := map[string]bool{}
		p[0].line.set(func(l *line) {
			l.rule = func(part, op, name string) fault {
				if part != operations || op != "Replace" {
					return noFault
				}
				if committed[name] {
					return before
				}
				committed[name] = true
				return noFault
			}
		})
		for i := range 4200 {
			want(t, p[0], a.contact(fmt.Sprint("k", i), "Jane", outcome{}), mcpadapter.Executed)
		}
		time.Sleep(100 * time.Millisecond)
		p[0].line.away(false)
		if n := p[0].operations(operations, func() { time.Sleep(4 * time.Second) }); n != 4096 && n != 4097 { // one more if it was in hand
			t.Errorf("%d are written when the store is back; want 4096", n)
		}
	})
}

func TestWhatWasExecutedIsWrittenForAMinute(t *testing.T) {
	for away, state := range map[time.Duration]mcpadapter.State{50 * time.Second: mcpadapter.Replayed, 70 * time.Second: mcpadapter.Indeterminate} {
		t.Run(fmt.Sprint(away), func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				_, p := running(t, 2)
				var a api
				o := a.contact("k", "Jane", outcome{})
				attempt := o.Attempt
				o.Attempt = func(ctx context.Context, commit func(context.Context) error) mcpadapter.Attempted {
					made := attempt(ctx, commit)
					p[0].line.away(true)
					return made
				}
				want(t, p[0], o, mcpadapter.Executed)
				time.Sleep(away)
				p[0].line.away(false)
				time.Sleep(3 * time.Minute)
				want(t, p[1], a.contact("k", "Jane", outcome{}), state)
			})
		})
	}
}

// Close returns when what waits is written, and a write that was tried once more in vain is given
// up.
func TestCloseWaitsForTheLastWrite(t *testing.T) {
	for name, tc := range map[string]struct {
		away bool
		want mcpadapter.State
	}{"the store answers": {false, mcpadapter.Replayed}, "the store is away": {true, mcpadapter.Indeterminate}} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				s, p := running(t, 2)
				lone := withoutRun(t, s)
				var a api
				o := a.contact("k", "Jane", outcome{})
				attempt := o.Attempt
				o.Attempt = func(ctx context.Context, commit func(context.Context) error) mcpadapter.Attempted {
					made := attempt(ctx, commit)
					lone.line.away(true)
					return made
				}
				want(t, lone, o, mcpadapter.Executed)
				synctest.Wait()
				lone.line.set(func(l *line) { l.delay, l.rule = 100*time.Millisecond, nil })
				if tc.away {
					lone.line.away(true)
				}
				begun := time.Now()
				_ = lone.Close()
				if waited := time.Since(begun); waited != 100*time.Millisecond {
					t.Errorf("Close returned after %v", waited)
				}
				want(t, p[1], a.contact("k", "Jane", outcome{}), tc.want)
			})
		})
	}
}

// By the clocks, an attempt of another process that is alive counts as under way for as long as it
// may take, and not longer.
func TestAnAttemptIsAliveForExactlyItsTime(t *testing.T) {
	for off, state := range map[time.Duration]mcpadapter.State{
		2 * time.Minute:                    mcpadapter.InProgress,
		2*time.Minute + time.Nanosecond:    mcpadapter.Indeterminate,
		-2 * time.Minute:                   mcpadapter.InProgress,
		-(2*time.Minute + time.Nanosecond): mcpadapter.Indeterminate,
	} {
		t.Run(fmt.Sprint(off), func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				s, p := running(t, 1)
				var a api
				begun := time.Now()
				w, letGo := stalled(a.contact("k", "Jane", outcome{}), true)
				var all sync.WaitGroup
				all.Go(func() { want(t, p[0], w, mcpadapter.Executed) })
				synctest.Wait()
				q := withoutRun(t, s, func(o *idempotency.Options) {
					o.Own, o.WaitTime = true, time.Millisecond
					o.Now = func() time.Time { return begun.Add(off) }
				})
				want(t, q, a.contact("k", "Jane", outcome{}), state)
				letGo()
				all.Wait()
			})
		})
	}
}

// The pauses of a twin double from 30 ms to half a second, those between searches to two seconds,
// each half a pause more or less. Many are measured, so that a wrong figure is noticed whatever the
// chance.
func TestPausesDoubleUpToABound(t *testing.T) {
	for name, tc := range map[string]struct {
		most  time.Duration
		times func(t *testing.T, p []*process, a *api) []time.Time
	}{
		"of a twin": {500 * time.Millisecond, func(t *testing.T, p []*process, a *api) (at []time.Time) {
			w, letGo := stalled(a.contact("k", "Jane", outcome{}), true)
			var all sync.WaitGroup
			all.Go(func() { want(t, p[0], w, mcpadapter.Executed) })
			synctest.Wait()
			p[1].line.set(func(l *line) {
				l.wait = func(part, op, _ string) {
					if part == operations && op == "Add" {
						at = append(at, time.Now())
					}
				}
			})
			want(t, p[1], a.contact("k", "Jane", outcome{}), mcpadapter.InProgress)
			letGo()
			all.Wait()
			return at
		}},
		"between searches": {2 * time.Second, func(t *testing.T, p []*process, a *api) (at []time.Time) {
			o := a.message("k", "text", outcome{dropped: true})
			o.Search = func(context.Context, time.Time) ([]mcpadapter.Match, error) {
				at = append(at, time.Now())
				return nil, nil
			}
			want(t, p[0], o, mcpadapter.NotFoundYet)
			return at
		}},
	} {
		t.Run(name, func(t *testing.T) {
			for range 25 {
				inTime(t, func(t *testing.T) {
					_, p := running(t, 2, func(o *idempotency.Options) { o.WaitTime, o.ReconcileTime = 20*time.Second, 20*time.Second })
					var a api
					at := tc.times(t, p, &a)
					pause := 30 * time.Millisecond
					for i := 1; i < len(at)-1; i++ { // the last one ends with the limit
						if was := at[i].Sub(at[i-1]); was < pause/2 || was >= pause*3/2 {
							t.Errorf("pause %d is %v, want %v", i, was, pause)
						}
						pause = min(2*pause, tc.most)
					}
					if len(at) < 8 || at[len(at)-1].Sub(at[0]) != 20*time.Second {
						t.Errorf("%d times in %v", len(at), at[len(at)-1].Sub(at[0]))
					}
				})
			}
		})
	}
}
