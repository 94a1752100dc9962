package limit_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/fault"
	"github.com/clerkchat/mcp-gateway/internal/limit"
)

// crowd is callers in front of an InFlight.
type crowd struct {
	t *testing.T
	*limit.InFlight

	mu               sync.Mutex
	running, waiting int
	refused          []limit.Bound
	began            []string // callers, in the order in which their calls began
	ended            []error
	leave            []func()
}

func newCrowd(t *testing.T, o limit.InFlightOptions) *crowd {
	t.Helper()
	c := &crowd{t: t}
	if o.MaxWaiting > 0 && o.Wait == 0 {
		o.Wait, o.Stall = 10*time.Second, 3*time.Second
	}
	o.OnChange = func(running, waiting int) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.running, c.waiting = running, waiting
	}
	o.OnRefused = func(b limit.Bound) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.refused = append(c.refused, b)
	}
	var err error
	if c.InFlight, err = limit.NewInFlight(o); err != nil {
		t.Fatal(err)
	}
	return c
}

// calls makes n calls of a caller, one after the other, and waits until each runs, waits or was
// refused.
func (c *crowd) calls(ctx context.Context, caller string, weight, n int) {
	c.t.Helper()
	for range n {
		go func() {
			leave, err := c.Enter(ctx, caller, weight)
			c.mu.Lock()
			defer c.mu.Unlock()
			if err != nil {
				c.ended = append(c.ended, err)
				return
			}
			c.began = append(c.began, caller)
			c.leave = append(c.leave, leave)
		}()
		synctest.Wait()
	}
}

// end ends the calls that have run longest.
func (c *crowd) end(n int) {
	c.t.Helper()
	for range n {
		c.mu.Lock()
		leave := c.leave[0]
		c.leave = c.leave[1:]
		c.mu.Unlock()
		leave()
		leave() // once more counts once
		synctest.Wait()
	}
}

func (c *crowd) want(running, waiting int, began string) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if got := strings.Join(c.began, " "); c.running != running || c.waiting != waiting || got != began {
		c.t.Fatalf("%d run, %d wait, and these began: %s; want %d, %d, %s", c.running, c.waiting, got, running, waiting, began)
	}
}

func (c *crowd) wantRefused(bounds ...limit.Bound) {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	var got []limit.Bound
	for _, err := range c.ended {
		var busy *limit.BusyError
		if !errors.As(err, &busy) || fault.Of(err).RetryAfter < time.Second {
			c.t.Fatalf("refused with %v", err)
		}
		got = append(got, busy.Bound)
	}
	if !slices.Equal(got, bounds) || !slices.Equal(c.refused, bounds) {
		c.t.Fatalf("refused %v, told of %v, want %v", got, c.refused, bounds)
	}
}

func TestInFlightServesCallersInTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, limit.InFlightOptions{Max: 2, PerCaller: 2, MaxWaiting: 10, WaitingPerCaller: 10})
		c.calls(t.Context(), "ann", 1, 6)
		c.calls(t.Context(), "ben", 1, 2)
		c.want(2, 6, "ann ann")
		c.end(8)
		c.want(0, 0, "ann ann ben ann ben ann ann ann") // Ben, who has none, comes first
	})
}

func TestInFlightKeepsRoomForOtherCallers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, limit.InFlightOptions{Max: 4, PerCaller: 2, MaxWaiting: 10, WaitingPerCaller: 10})
		c.calls(t.Context(), "ann", 1, 5)
		c.want(2, 3, "ann ann")
		c.calls(t.Context(), "ben", 1, 1)
		c.want(3, 3, "ann ann ben") // at once, past the calls that wait for Ann's own share
		c.end(6)
		c.want(0, 0, "ann ann ben ann ann ann")
	})
}

func TestInFlightWeights(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, limit.InFlightOptions{Max: 3, PerCaller: 1, MaxWaiting: 20, WaitingPerCaller: 10})
		c.calls(t.Context(), "bot", 2, 3)
		c.want(2, 1, "bot bot") // a share of two
		c.calls(t.Context(), "ann", 1, 1)
		c.end(4)
		c.want(0, 0, "bot bot ann bot")

		c = newCrowd(t, limit.InFlightOptions{Max: 1, PerCaller: 1, MaxWaiting: 20, WaitingPerCaller: 10})
		c.calls(t.Context(), "zoe", 1, 1)
		c.calls(t.Context(), "ann", 1, 3)
		c.calls(t.Context(), "bot", 2, 4)
		c.end(8)
		c.want(0, 0, "zoe ann bot bot ann bot bot ann") // and two calls a round
	})
}

func TestInFlightQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, limit.InFlightOptions{Max: 2, PerCaller: 1, MaxWaiting: 3, WaitingPerCaller: 2})
		c.calls(t.Context(), "ann", 1, 4)
		c.calls(t.Context(), "ben", 1, 3)
		c.wantRefused(limit.BoundCaller, limit.BoundAll)
		c.want(2, 3, "ann ben")
		c.end(5)
		c.want(0, 0, "ann ben ann ben ann")
	})
}

func TestInFlightWaitIsShort(t *testing.T) {
	options := limit.InFlightOptions{Max: 1, PerCaller: 1, MaxWaiting: 9, WaitingPerCaller: 9}
	t.Run("shorter where nothing moves", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := newCrowd(t, options)
			c.calls(t.Context(), "ann", 1, 1)
			c.calls(t.Context(), "ben", 1, 1)
			time.Sleep(3*time.Second - 1)
			synctest.Wait()
			c.wantRefused()
			time.Sleep(time.Nanosecond)
			synctest.Wait()
			c.wantRefused(limit.BoundAll)
			c.want(1, 0, "ann")
		})
	})
	t.Run("for a caller's own share", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			options := options
			options.Max = 2
			c := newCrowd(t, options)
			c.calls(t.Context(), "ann", 1, 2)
			for range 5 { // others moving on does not help
				time.Sleep(900 * time.Millisecond)
				c.calls(t.Context(), "ben", 1, 1)
				c.mu.Lock()
				leave := c.leave[1]
				c.leave = c.leave[:1]
				c.mu.Unlock()
				leave()
			}
			c.wantRefused(limit.BoundCaller)
		})
	})
	t.Run("longer where the queue moves", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			c := newCrowd(t, options)
			c.calls(t.Context(), "ann", 1, 9)
			for range 4 {
				time.Sleep(2 * time.Second)
				c.end(1)
			}
			c.wantRefused()
			c.want(1, 4, "ann ann ann ann ann")
			time.Sleep(2*time.Second + 1)
			synctest.Wait()
			c.wantRefused(limit.BoundAll, limit.BoundAll, limit.BoundAll, limit.BoundAll)
			c.end(1)
			c.want(0, 0, "ann ann ann ann ann")
		})
	})
}

func TestInFlightForgetsWaitingCallersThatLeave(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, limit.InFlightOptions{Max: 1, PerCaller: 1, MaxWaiting: 9, WaitingPerCaller: 9})
		ctx, cancel := context.WithCancel(t.Context())
		c.calls(t.Context(), "ann", 1, 1)
		c.calls(ctx, "ben", 1, 2)
		c.calls(t.Context(), "cat", 1, 1)
		cancel()
		synctest.Wait()
		c.want(1, 1, "ann")
		if len(c.refused) > 0 || len(c.ended) != 2 || !errors.Is(c.ended[0], context.Canceled) {
			t.Errorf("who went away counts as refused %v, or has another error: %v", c.refused, c.ended)
		}
		c.end(2)
		c.want(0, 0, "ann cat")
	})
}

func TestInFlightKeepsNoSlotForAnEndedWait(t *testing.T) {
	// A call whose client leaves in the moment of its turn gives the slot back.
	f, err := limit.NewInFlight(limit.InFlightOptions{
		Max: 1, PerCaller: 1, MaxWaiting: 9, WaitingPerCaller: 9, Wait: time.Minute, Stall: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 2000 {
		leave, err := f.Enter(t.Context(), "ann", 1)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var both sync.WaitGroup
		both.Go(func() {
			if leave, err := f.Enter(ctx, "ben", 1); err == nil {
				leave()
			}
		})
		both.Go(cancel)
		leave()
		both.Wait()
	}
	if leave, err := f.Enter(t.Context(), "cat", 1); err != nil {
		t.Errorf("a slot was lost: %v", err)
	} else {
		leave()
	}
}

func TestInFlightStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t, limit.InFlightOptions{Max: 1, PerCaller: 1, MaxWaiting: 9, WaitingPerCaller: 9})
		c.calls(t.Context(), "ann", 1, 2)
		c.Close()
		c.Close()
		synctest.Wait()
		c.calls(t.Context(), "ben", 1, 1)
		c.wantRefused(limit.BoundStopping, limit.BoundStopping)
		c.end(1)
		c.want(0, 0, "ann")
	})
}

func TestInFlightOptionsAreChecked(t *testing.T) {
	for _, o := range []limit.InFlightOptions{
		{}, {Max: 1}, {PerCaller: 1}, {Max: 1, PerCaller: 2}, {Max: 1, PerCaller: 1, MaxWaiting: 1},
	} {
		if _, err := limit.NewInFlight(o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}
