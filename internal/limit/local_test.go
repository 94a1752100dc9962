package limit_test

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/embedded"
	"github.com/clerkchat/mcp-gateway/internal/limit"
	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

// switched is a store that is away while a test says so.
type switched struct {
	limit.Store
	away atomic.Bool
}

var errAway = errors.New("away")

func (s *switched) Take(ctx context.Context, owner string, quotas []limit.Quota) (limit.Taken, error) {
	if s.away.Load() {
		return limit.Taken{}, errAway
	}
	return s.Store.Take(ctx, owner, quotas)
}

func (s *switched) GiveBack(ctx context.Context, owner string, at time.Time, quotas []limit.Quota) error {
	if s.away.Load() {
		return errAway
	}
	return s.Store.GiveBack(ctx, owner, at, quotas)
}

// withSwitch runs a behaviour on a fake clock over the Redis within the process, which can be away.
func withSwitch(t *testing.T, behaviour func(t *testing.T, store *switched, r *replica)) {
	synctest.Test(t, func(t *testing.T) {
		redis := embedded.Open(redisstore.Options{})
		defer func() { _ = redis.Close() }()
		store := &switched{Store: redis.Limits()}
		behaviour(t, store, newReplica(store))
	})
}

func TestWhileTheStoreIsDownEachProcessHoldsTheLimits(t *testing.T) {
	server := redistest.Start(t)
	store, err := redisstore.Open(server.URL(), redisstore.Options{Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	r := newReplica(store.Limits())
	s, a := r.subjects(t, 4, 3), r.addresses(t, 2)
	unsent, _ := s.Admit(t.Context(), "ann", 1)
	admitted(t, s, "ann", 2)
	server.Kill()
	refused(t, s, "ann", 1) // which was taken before
	unsent(t.Context())
	admitted(t, s, "ann", 1)
	refused(t, s, "ann", 1)
	admitted(t, s, "ann", 0)
	if got := refused(t, s, "ann", 0); got.Messages || got.Max != 4 {
		t.Errorf("a fifth call: %+v", got)
	}
	admitted(t, s, "bob", 3)
	for i, want := range []bool{true, true, false} {
		if ok, wait, err := a.Allow(t.Context(), "register", "192.0.2.1"); ok != want || ok == (wait > 0) || err != nil {
			t.Errorf("request %d: %v, come back in %v, %v", i, ok, wait, err)
		}
	}
	r.wantEvents(t, map[string]int{
		"messages kept": 1, "calls unenforced": 6, "messages unenforced": 4, "messages refused": 2, "calls refused": 1,
		"register unenforced": 3, "register refused": 1,
	})
}

func TestABurstWhileTheStoreIsAwayTakesTheMaximum(t *testing.T) {
	r := newReplica(&switched{})
	r.Store.(*switched).away.Store(true)
	s := r.subjects(t, 0, 5)
	var sent atomic.Int64
	var wg sync.WaitGroup
	for range 500 {
		wg.Go(func() {
			if _, limited := s.Admit(t.Context(), "ann", 1); limited == nil {
				sent.Add(1)
			}
		})
	}
	wg.Wait()
	if sent.Load() != 5 {
		t.Errorf("%d messages were let through, want 5", sent.Load())
	}
}

func TestWhatWasTakenWhileTheStoreWasAwayCountsAfterwards(t *testing.T) {
	withSwitch(t, func(t *testing.T, store *switched, r *replica) {
		s := r.subjects(t, 0, 10)
		admitted(t, s, "ann", 2)
		store.away.Store(true)
		admitted(t, s, "ann", 6)
		store.away.Store(false)
		if got := refused(t, s, "ann", 3); got.Room != 2 {
			t.Errorf("%+v", got)
		}
		admitted(t, s, "ann", 2)
		refused(t, s, "ann", 1)
		time.Sleep(26 * time.Hour) // a period and a step
		admitted(t, s, "ann", 10)
	})
}

func TestWhoComesBackWhenAProcessAloneToldIsAdmitted(t *testing.T) {
	withSwitch(t, func(t *testing.T, store *switched, r *replica) {
		s := r.subjects(t, 0, 3)
		store.away.Store(true)
		admitted(t, s, "ann", 3)
		time.Sleep(time.Hour)
		_, limited := s.Admit(t.Context(), "ann", 2)
		if limited == nil || limited.RetryAfter < 23*time.Hour || limited.RetryAfter > 25*time.Hour {
			t.Fatalf("%+v", limited)
		}
		time.Sleep(limited.RetryAfter - time.Millisecond)
		if _, limited := s.Admit(t.Context(), "ann", 2); limited == nil {
			t.Error("admitted before its time")
		}
		time.Sleep(time.Millisecond)
		admitted(t, s, "ann", 3)
		if _, limited := s.Admit(t.Context(), "bob", 4); limited == nil || limited.RetryAfter != -1 {
			t.Errorf("more than the maximum: %+v", limited)
		}
	})
}

// A clock that was wrong must not refuse anybody for as long as it was.
func TestAClockThatIsSetBackRefusesNobodyForLong(t *testing.T) {
	r := newReplica(&switched{})
	r.Store.(*switched).away.Store(true)
	now := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	r.Now = func() time.Time { return now }
	s := r.subjects(t, 1, 0)
	admitted(t, s, "ann", 0)
	now = now.AddDate(-1, 0, 0)
	if _, limited := s.Admit(t.Context(), "ann", 0); limited == nil || limited.RetryAfter > time.Minute+3*time.Second {
		t.Errorf("%+v", limited)
	}
	now = now.Add(64 * time.Second)
	admitted(t, s, "ann", 0)
}

// Whoever fills the table of a process frees nobody from limits by it.
func TestOwnersBeyondTheBoundShareOneAllowance(t *testing.T) {
	const bound = 10_000
	withSwitch(t, func(t *testing.T, store *switched, r *replica) {
		s := r.subjects(t, 2, 0)
		store.away.Store(true)
		for i := range bound {
			admitted(t, s, strconv.Itoa(i), 0)
		}
		admitted(t, s, "ann", 0)
		admitted(t, s, "bob", 0)
		if _, limited := s.Admit(t.Context(), "cyd", 0); limited == nil {
			t.Error("a third newcomer has an allowance of its own")
		}
		admitted(t, s, "0", 0) // who is known has theirs
		store.away.Store(false)
		admitted(t, s, "cyd", 0) // the store counts for everybody
		store.away.Store(true)
		time.Sleep(2 * time.Minute)
		for range 2 {
			admitted(t, s, "cyd", 0)
		}
	})
}
