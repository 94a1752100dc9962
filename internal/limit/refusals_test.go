package limit_test

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/embedded"
	"github.com/clerkchat/mcp-gateway/internal/limit"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

// asked counts what reaches the store.
type asked struct {
	limit.Allower
	n int
}

func (a *asked) Allow(ctx context.Context, kind, owner string) (bool, time.Duration, error) {
	a.n++
	return a.Allower.Allow(ctx, kind, owner)
}

func TestAFloodAsksTheStoreNoMoreOftenThanThereIsRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := embedded.Open(redisstore.Options{})
		defer func() { _ = store.Close() }()
		replica := newReplica(store.Limits())
		behind := &asked{Allower: replica.addresses(t, 5)}
		r := limit.NewRefusals(behind, replica.OnEvent, nil)
		flood := func(owner string, n int) (allowed int) {
			for range n {
				ok, wait, err := r.Allow(t.Context(), "token", owner)
				if err != nil || ok == (wait > 0) {
					t.Fatalf("%v %s %v", ok, wait, err)
				}
				if ok {
					allowed++
				}
			}
			return allowed
		}
		if n := flood("a", 1000); n != 5 || behind.n != 6 {
			t.Errorf("%d allowed, asked %d times; want 5 and 6", n, behind.n)
		}
		if n := flood("b", 5); n != 5 {
			t.Errorf("another one: %d allowed", n)
		}
		if ok, _, err := r.Allow(t.Context(), "register", "a"); !ok || err != nil {
			t.Errorf("another kind: %v %v", ok, err)
		}
		replica.wantEvents(t, map[string]int{"token refused": 995})
		_, wait, _ := r.Allow(t.Context(), "token", "a")
		time.Sleep(wait - time.Millisecond)
		if n := flood("a", 1); n != 0 {
			t.Error("allowed before the time that was told")
		}
		time.Sleep(time.Millisecond)
		if n := flood("a", 1000); n != 5 {
			t.Errorf("%d allowed when the time has come", n)
		}
	})
}

// never refuses everything for a minute.
type never struct{ asked map[string]int }

func (n never) Allow(_ context.Context, _, owner string) (bool, time.Duration, error) {
	n.asked[owner]++
	return false, time.Minute, nil
}

func TestRefusalsAreRememberedWithinBounds(t *testing.T) {
	const bound = 10_000
	behind := never{map[string]int{}}
	now := time.Unix(0, 0)
	r := limit.NewRefusals(behind, func(string, limit.Event) {}, func() time.Time { return now })
	for range 2 {
		for i := range bound + 1 {
			if ok, _, _ := r.Allow(t.Context(), "token", strconv.Itoa(i)); ok {
				t.Fatal("allowed")
			}
		}
	}
	if total := len(behind.asked); total != bound+1 || behind.asked["0"] != 2 {
		t.Errorf("%d owners, the first one asked for %d times; it had to be forgotten", total, behind.asked["0"])
	}
	last := strconv.Itoa(bound)
	before := behind.asked[last]
	if _, _, _ = r.Allow(t.Context(), "token", last); behind.asked[last] != before {
		t.Error("the last one was forgotten")
	}
}

// failing cannot tell.
type failing struct{}

func (failing) Allow(context.Context, string, string) (bool, time.Duration, error) {
	return false, 0, errors.New("down")
}

func TestWhatCouldNotBeCountedIsNoRefusal(t *testing.T) {
	r := limit.NewRefusals(failing{}, func(string, limit.Event) { t.Error("an event") }, nil)
	for range 2 {
		if _, _, err := r.Allow(t.Context(), "token", "a"); err == nil {
			t.Error("an error was lost")
		}
	}
}
