package redisstore

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
)

// hold takes every turn of a store, and gives what ends that.
func hold(s *Store) (release func()) {
	for range cap(s.queue.turns) {
		s.queue.turns <- struct{}{}
	}
	return func() {
		for range cap(s.queue.turns) {
			s.queue.leave()
		}
	}
}

func TestCallsAreServedInTheOrderTheyCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newQueue(1)
		l.enter(t.Context())
		var mu sync.Mutex
		var order, want []int
		for i := range 50 {
			want = append(want, i)
			go func() {
				l.enter(t.Context())
				mu.Lock()
				order = append(order, i)
				mu.Unlock()
				l.leave()
			}()
			synctest.Wait()
		}
		l.leave()
		synctest.Wait()
		if !slices.Equal(order, want) {
			t.Errorf("order %v", order)
		}
	})
}

func TestATurnLeavesConnectionsFree(t *testing.T) {
	for pool, want := range map[int]int{32: 24, 64: 48, 4: 3, 1: 1} {
		if got := cap(newQueue(pool).turns); got != want {
			t.Errorf("a pool of %d lets %d through, want %d", pool, got, want)
		}
	}
}

func TestWaitingInLineIsNoOutage(t *testing.T) {
	for name, view := range map[string]func(*Store) *Store{
		"usual":   func(s *Store) *Store { return s },
		"patient": func(s *Store) *Store { return s.WithTimeout(time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := OpenServer(miniredis.NewMiniRedis(), Options{Timeout: 100 * time.Millisecond, OnChange: func(kind Kind, up bool) {
					t.Errorf("told %q, up %v", kind, up)
				}})
				defer func() { _ = s.Close() }()
				release := hold(s)
				ended := make(chan error)
				go func() {
					_, err := view(s).Sessions().SetNX(t.Context(), "n", []byte("v"), 2*time.Hour)
					ended <- err
				}()
				time.Sleep(time.Hour)
				if s.Waiting() != 1 {
					t.Errorf("%d calls wait, want 1", s.Waiting())
				}
				release()
				if err := <-ended; err != nil {
					t.Errorf("after an hour in the queue: %v", err)
				}
				if s.Waiting() != 0 {
					t.Errorf("%d calls wait still", s.Waiting())
				}
			})
		})
	}
}

func TestALineEndsWithTheCallersOwnTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := OpenServer(miniredis.NewMiniRedis(), Options{OnChange: func(kind Kind, up bool) { t.Errorf("told %q, up %v", kind, up) }})
		defer func() { _ = s.Close() }()
		release := hold(s)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, _, err := s.Sessions().Get(ctx, "n")
		if kindOfFailure(err) != Queued || !errors.Is(err, context.DeadlineExceeded) || ctx.Err() == nil {
			t.Errorf("%v, %v", err, ctx.Err())
		}
		release()
		if _, _, err := s.Sessions().Get(ctx, "n"); kindOfFailure(err) == Queued {
			t.Errorf("with a free turn: %v", err)
		}
	})
}

// What waits for the end of a rest asks nothing, so it must not keep others from asking.
func TestWaitingForTheEndOfARestTakesNoTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := OpenServer(miniredis.NewMiniRedis(), Options{})
		defer func() { _ = s.Close() }()
		resting := &Error{Kind: CircuitOpen, rest: time.Second}
		p := s.WithTimeout(time.Minute)
		for range 2 * cap(s.queue.turns) {
			go func() { _ = p.do(t.Context(), failing(resting)) }()
		}
		synctest.Wait()
		if n := len(s.queue.turns) + s.Waiting(); n != 0 {
			t.Errorf("%d turns are taken or waited for", n)
		}
	})
}

func TestReadinessDoesNotStandInLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := OpenServer(miniredis.NewMiniRedis(), Options{})
		defer func() { _ = s.Close() }()
		defer hold(s)()
		if err := s.Ping(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestALineIsCrowdedWhenThousandsWait(t *testing.T) {
	s := &Store{queue: newQueue(1)}
	for n, want := range map[int64]bool{0: false, MaxWaiting - 1: false, MaxWaiting: true, 2 * MaxWaiting: true} {
		s.queue.waiting.Store(n)
		if s.Crowded() != want {
			t.Errorf("with %d waiting: %v", n, !want)
		}
	}
}
