package cancellation_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/clerkchat/mcp-gateway/internal/cancellation"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var errCause = errors.New("canceled by the client")

// store is what replicas share; each has a line to it.
type store struct {
	mu       sync.Mutex
	made     map[string]time.Time
	replicas []*line
}

// line is the way of one replica to the store.
type line struct {
	*store
	away, deaf bool
	trips      int // of its own
	hear       func(string)
}

var errAway = errors.New("the store does not answer")

func (l *line) Mark(_ context.Context, name string, _ time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.trips++; l.away {
		return errAway
	}
	l.made[name] = time.Now()
	for _, r := range l.replicas {
		if r.hear != nil && !r.deaf && !r.away {
			go r.hear(name)
		}
	}
	return nil
}

func (l *line) Age(_ context.Context, name string) (time.Duration, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.trips++; l.away {
		return 0, false, errAway
	}
	made, found := l.made[name]
	return time.Since(made), found, nil
}

func (l *line) Clear(_ context.Context, name string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.made, name)
	return nil
}

type lookKey struct{}

func (l *line) Look(ctx context.Context, name string, found func()) context.Context {
	return context.WithValue(ctx, lookKey{}, func() {
		l.mu.Lock()
		_, there := l.made[name]
		there = there && !l.away
		l.mu.Unlock()
		if there {
			found()
		}
	})
}

// trip is a trip to the store that a call makes anyway.
func trip(ctx context.Context) {
	if look, ok := ctx.Value(lookKey{}).(func()); ok {
		look()
	}
}

func (l *line) Listen(ctx context.Context, heard func(string)) {
	l.mu.Lock()
	l.hear = heard
	l.mu.Unlock()
	<-ctx.Done()
	l.mu.Lock()
	l.hear = nil
	l.mu.Unlock()
}

// replicas are registries over one store. They run until the test ends.
func replicas(t *testing.T, n int) (*store, []*line, []*cancellation.Registry) {
	t.Helper()
	s := &store{made: map[string]time.Time{}}
	var all []*cancellation.Registry
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for range n {
		l := &line{store: s}
		s.replicas = append(s.replicas, l)
		r := cancellation.New(errCause, l)
		all = append(all, r)
		running.Go(func() { r.Run(ctx) })
	}
	synctest.Wait()
	t.Cleanup(func() {
		stop()
		running.Wait()
	})
	return s, s.replicas, all
}

var ann = cancellation.ID{Session: "s1", Subject: "ann", Request: "n:1"}

// call begins one that came now.
func call(t *testing.T, r *cancellation.Registry, id cancellation.ID, content string) (ctx context.Context, end func()) {
	t.Helper()
	return r.Begin(t.Context(), cancellation.Call{ID: id, Came: time.Now(), Content: content})
}

func wantStopped(ctx context.Context, t *testing.T, stopped bool) {
	t.Helper()
	synctest.Wait()
	if errors.Is(context.Cause(ctx), errCause) != stopped {
		t.Errorf("stopped %v, want %v: %v", !stopped, stopped, context.Cause(ctx))
	}
}

func TestACallIsStoppedOnWhicheverReplicaItRuns(t *testing.T) {
	for name, tt := range map[string]struct {
		at      int // where the notification comes
		before  func(calls, told *line)
		stopped bool
		trip    bool // only after the call's next trip
	}{
		"on its own":                      {0, nil, true, false},
		"on its own, and the store away":  {0, func(c, n *line) { c.away, n.away = true, true }, true, false},
		"on another":                      {1, nil, true, false},
		"on another that nobody hears":    {1, func(c, _ *line) { c.deaf = true }, true, true},
		"on another that has no store":    {1, func(_, n *line) { n.away = true }, false, true},
		"on another, and it has no store": {1, func(c, _ *line) { c.away = true }, false, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, lines, r := replicas(t, 2)
				if tt.before != nil {
					tt.before(lines[0], lines[1])
				}
				ctx, end := call(t, r[0], ann, "a")
				time.Sleep(time.Second)
				err := r[tt.at].Cancel(t.Context(), ann, time.Now())
				if (err != nil) != (tt.at == 1 && lines[1].away) {
					t.Errorf("told %v", err)
				}
				wantStopped(ctx, t, tt.stopped && !tt.trip)
				trip(ctx)
				wantStopped(ctx, t, tt.stopped)
				end()
				lines[0].away, lines[1].away = false, false
				if tt.stopped && len(s.made) != 0 {
					t.Errorf("%d marks are left", len(s.made))
				}
			})
		})
	}
}

func TestACancellationTouchesNoOtherCall(t *testing.T) {
	for at, where := range []string{"its own replica", "another"} {
		for name, other := range map[string]cancellation.ID{
			"another session": {Session: "s2", Subject: "ann", Request: "n:1"},
			"another person":  {Session: "s1", Subject: "ben", Request: "n:1"},
			"another request": {Session: "s1", Subject: "ann", Request: "s:1"},
			"no session":      {Subject: "ann", Request: "n:1"},
			"parts that meet": {Session: "s1a", Subject: "nn", Request: "n:1"},
		} {
			t.Run(where+"/"+name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					_, _, r := replicas(t, 2)
					ctx, end := call(t, r[0], other, "a")
					defer end()
					time.Sleep(time.Second)
					if err := r[at].Cancel(t.Context(), ann, time.Now()); err != nil {
						t.Error(err)
					}
					trip(ctx)
					wantStopped(ctx, t, false)
					// Nor does one without a session.
					for _, id := range []cancellation.ID{{Subject: "ann", Request: "n:1"}, {Session: "s1", Subject: "ann"}} {
						if err := r[at].Cancel(t.Context(), id, time.Now()); err != nil {
							t.Error(err)
						}
					}
					wantStopped(ctx, t, false)
				})
			})
		}
	}
}

// Some clients send every request with id 1.
func TestACancellationStopsNothingThatBeganLater(t *testing.T) {
	for at, where := range []string{"its own replica", "another"} {
		for _, ended := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/the first ended %v", where, ended), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					_, lines, r := replicas(t, 2)
					first, end := call(t, r[0], ann, "a")
					if ended {
						end()
					} else {
						defer end()
					}
					time.Sleep(time.Second)
					if err := r[at].Cancel(t.Context(), ann, time.Now()); err != nil {
						t.Error(err)
					}
					wantStopped(first, t, !ended)
					time.Sleep(time.Millisecond)
					ctx, end := call(t, r[0], ann, "b")
					defer end()
					before := lines[0].trips
					for range 100 {
						trip(ctx)
					}
					wantStopped(ctx, t, false)
					if n := lines[0].trips - before; n > 1 {
						t.Errorf("%d trips to hear of a mark that is older", n)
					}
					// It can be stopped all the same.
					time.Sleep(2 * time.Second)
					if err := r[at].Cancel(t.Context(), ann, time.Now()); err != nil {
						t.Error(err)
					}
					trip(ctx)
					wantStopped(ctx, t, true)
				})
			})
		}
	}
}

// A call may wait for its turn while its client gives up.
func TestACallThatWaitsIsStoppedWhenItBegins(t *testing.T) {
	for at, where := range []string{"its own replica", "another"} {
		t.Run(where, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, _, r := replicas(t, 2)
				came := time.Now()
				time.Sleep(time.Second)
				if err := r[at].Cancel(t.Context(), ann, time.Now()); err != nil {
					t.Error(err)
				}
				time.Sleep(time.Second)
				ctx, end := r[0].Begin(t.Context(), cancellation.Call{ID: ann, Came: came, Content: "a"})
				wantStopped(ctx, t, true)
				end()
				if len(s.made) != 0 {
					t.Errorf("%d marks are left", len(s.made))
				}
				// The one after it is another call.
				ctx, end = r[0].Begin(t.Context(), cancellation.Call{ID: ann, Came: came, Content: "b"})
				wantStopped(ctx, t, false)
				end()
			})
		})
	}
}

func TestOfTwoCallsWithOneIDNoneIsStopped(t *testing.T) {
	for _, same := range []bool{true, false} {
		for at, where := range []string{"its own replica", "another"} {
			t.Run(fmt.Sprintf("%s/same call %v", where, same), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					_, _, r := replicas(t, 2)
					content := "a"
					first, end := call(t, r[0], ann, content)
					defer end()
					if !same {
						content = "b"
					}
					second, end := call(t, r[0], ann, content)
					defer end()
					time.Sleep(time.Second)
					if err := r[at].Cancel(t.Context(), ann, time.Now()); err != nil {
						t.Error(err)
					}
					wantStopped(first, t, same) // one that was transmitted twice is one
					wantStopped(second, t, same)
				})
			})
		}
	}
}

func TestAMarkIsForgottenInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := cancellation.New(errCause, nil)
		came := time.Now()
		if err := r.Cancel(t.Context(), ann, came.Add(time.Second)); err != nil {
			t.Error(err)
		}
		for i := range 5000 { // more than a process remembers
			id := ann
			id.Request = fmt.Sprint("n:", i+2)
			if err := r.Cancel(t.Context(), id, came.Add(time.Second)); err != nil {
				t.Error(err)
			}
		}
		ctx, end := r.Begin(t.Context(), cancellation.Call{ID: ann, Came: came})
		wantStopped(ctx, t, false)
		end()
		late := ann
		late.Request = "n:5001"
		ctx, end = r.Begin(t.Context(), cancellation.Call{ID: late, Came: came})
		wantStopped(ctx, t, true)
		end()
		time.Sleep(11 * time.Minute)
		ctx, end = r.Begin(t.Context(), cancellation.Call{ID: late, Came: came})
		wantStopped(ctx, t, false)
		end()
	})
}
