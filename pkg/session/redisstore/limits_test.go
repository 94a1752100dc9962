package redisstore_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/clerkchat/mcp-gateway/internal/embedded"
	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

func calls(amount, limit int) redisstore.Quota {
	return redisstore.Quota{Name: "calls", Amount: amount, Max: limit, Period: time.Hour}
}

func messages(amount, limit int) redisstore.Quota {
	return redisstore.Quota{Name: "messages", Amount: amount, Max: limit, Period: 24 * time.Hour}
}

func take(t *testing.T, l *redisstore.Limits, owner string, quotas ...redisstore.Quota) redisstore.Taken {
	t.Helper()
	taken, err := l.Take(t.Context(), owner, quotas)
	if err != nil {
		t.Fatal(err)
	}
	return taken
}

// ok and short say whether all was taken, and else of which quota there was too little and how much
// of it was left.
func wantTaken(t *testing.T, got redisstore.Taken) {
	t.Helper()
	if got.Short != -1 {
		t.Errorf("refused: %+v", got)
	}
}

func wantShort(t *testing.T, got redisstore.Taken, short, room int) {
	t.Helper()
	if got.Short != short || got.Room != room {
		t.Errorf("got %+v, want quota %d to be short with room for %d", got, short, room)
	}
}

// onBoth runs a behaviour over a real server and over the Redis within the process; open gives what
// one replica has.
func onBoth(t *testing.T, behaviour func(t *testing.T, open func() *redisstore.Limits)) {
	t.Run("real", func(t *testing.T) {
		server := redistest.Start(t)
		behaviour(t, func() *redisstore.Limits { return open(t, server.URL(), patient).Limits() })
	})
	t.Run("embedded", func(t *testing.T) {
		s := embedded.Open(patient)
		t.Cleanup(func() { _ = s.Close() })
		behaviour(t, s.Limits)
	})
}

func TestReplicasShareOneAllowance(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *redisstore.Limits) {
		a, b := open(), open()
		wantTaken(t, take(t, a, "ann", calls(2, 3)))
		wantTaken(t, take(t, b, "ann", calls(1, 3)))
		for _, l := range []*redisstore.Limits{a, b} {
			wantShort(t, take(t, l, "ann", calls(1, 3)), 0, 0)
		}
	})
}

func TestOwnersAndQuotasDoNotTouchEachOther(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *redisstore.Limits) {
		l := open()
		wantTaken(t, take(t, l, "ann", calls(1, 1)))
		wantTaken(t, take(t, l, "bob", calls(1, 1)))
		wantTaken(t, take(t, l, "ann", messages(1, 1)))
		wantShort(t, take(t, l, "ann", calls(1, 1)), 0, 0)
	})
}

func TestARefusalTakesNothingOfAnyQuota(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *redisstore.Limits) {
		l := open()
		wantTaken(t, take(t, l, "ann", calls(1, 3), messages(8, 10)))
		for range 5 {
			wantShort(t, take(t, l, "ann", calls(1, 3), messages(3, 10)), 1, 2)
		}
		wantTaken(t, take(t, l, "ann", calls(1, 3), messages(2, 10)))
		wantTaken(t, take(t, l, "ann", calls(1, 3)))
	})
}

func TestOfSeveralRefusalsTheLongestIsTold(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *redisstore.Limits) {
		l := open()
		wantTaken(t, take(t, l, "ann", calls(1, 1), messages(9, 10)))
		wantShort(t, take(t, l, "ann", calls(1, 1), messages(2, 10)), 1, 1)
		wantShort(t, take(t, l, "ann", messages(2, 10), calls(1, 1)), 0, 1)
		got := take(t, l, "ann", calls(2, 1), messages(2, 10))
		wantShort(t, got, 0, 0)
		if got.Wait != -1 {
			t.Errorf("wait %v, want never", got.Wait)
		}
	})
}

func TestWhatIsMoreThanTheMaximumNeverHasRoom(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *redisstore.Limits) {
		if got := take(t, open(), "ann", messages(11, 10)); got.Short != 0 || got.Room != 10 || got.Wait != -1 {
			t.Errorf("got %+v, want never, with room for 10", got)
		}
	})
}

func TestAMaximumThatWasLoweredHolds(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *redisstore.Limits) {
		l := open()
		wantTaken(t, take(t, l, "ann", calls(8, 10)))
		got := take(t, l, "ann", calls(1, 5))
		wantShort(t, got, 0, 0)
		if got.Wait < time.Hour || got.Wait > 61*time.Minute {
			t.Errorf("wait %v, want an hour", got.Wait)
		}
	})
}

func TestWhatIsGivenBackCanBeTakenAgain(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *redisstore.Limits) {
		l := open()
		first := take(t, l, "ann", calls(1, 9), messages(10, 10))
		giveBack := func(quotas ...redisstore.Quota) {
			t.Helper()
			if err := l.GiveBack(t.Context(), "ann", first.At, quotas); err != nil {
				t.Fatal(err)
			}
		}
		giveBack(messages(4, 10))
		wantShort(t, take(t, l, "ann", messages(5, 10)), 0, 4)
		giveBack(messages(6, 10), calls(1, 9))
		wantTaken(t, take(t, l, "ann", calls(9, 9), messages(10, 10)))
	})
}

// More must not be given back than was taken: it would be room that nobody has.
func TestNothingIsGivenBackTwice(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *redisstore.Limits) {
		l := open()
		first := take(t, l, "ann", messages(5, 10))
		for range 2 {
			if err := l.GiveBack(t.Context(), "ann", first.At, []redisstore.Quota{messages(5, 10)}); err != nil {
				t.Fatal(err)
			}
		}
		wantShort(t, take(t, l, "ann", messages(11, 11)), -1, 0)
		wantShort(t, take(t, l, "ann", messages(1, 11)), 0, 0)
	})
}

func TestManyAtOnceTakeNoMoreThanThereIs(t *testing.T) {
	onBoth(t, func(t *testing.T, open func() *redisstore.Limits) {
		replicas := []*redisstore.Limits{open(), open()}
		var wg sync.WaitGroup
		results := make(chan bool, 100)
		for i := range 100 {
			wg.Go(func() {
				taken, err := replicas[i%2].Take(context.WithoutCancel(t.Context()), "ann", []redisstore.Quota{messages(3, 100)})
				results <- err == nil && taken.Short == -1
			})
		}
		wg.Wait()
		close(results)
		n := 0
		for ok := range results {
			if ok {
				n++
			}
		}
		if n != 33 {
			t.Errorf("%d of 33 takes had room", n)
		}
	})
}

// After the wait that was told there is room, and not a millisecond before.
func TestTheWaitIsExact(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := embedded.Open(redisstore.Options{})
		defer func() { _ = s.Close() }()
		l := s.Limits()
		quota := func(n int) redisstore.Quota {
			return redisstore.Quota{Name: "q", Amount: n, Max: 10, Period: time.Minute}
		}
		time.Sleep(12345 * time.Millisecond)
		for range 5 { // 2 each 5 seconds
			wantTaken(t, take(t, l, "ann", quota(2)))
			time.Sleep(5 * time.Second)
		}
		var waits []time.Duration
		for _, n := range []int{1, 2, 3, 10} {
			got := take(t, l, "ann", quota(n))
			wantShort(t, got, 0, 0)
			waits = append(waits, got.Wait)
		}
		// The step that began at 12 s is 600 ms long.
		want := []time.Duration{35255 * time.Millisecond, 35255 * time.Millisecond, 40055 * time.Millisecond, 55055 * time.Millisecond}
		if diff := cmp.Diff(want, waits); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		time.Sleep(waits[2] - time.Millisecond)
		wantShort(t, take(t, l, "ann", quota(3)), 0, 2)
		time.Sleep(time.Millisecond)
		wantTaken(t, take(t, l, "ann", quota(3)))
	})
}

// Over a real clock: what a server took in any period is never more than the maximum, and no
// refusal's word is broken.
func TestNoPeriodHasMoreThanTheMaximum(t *testing.T) {
	server := redistest.Start(t)
	l := open(t, server.URL(), patient).Limits()
	const limit, period = 4, 200 * time.Millisecond
	var taken []time.Time
	var room time.Time
	for len(taken) < 3*limit {
		got := take(t, l, "ann", redisstore.Quota{Name: "q", Amount: 1, Max: limit, Period: period})
		if got.Short == 0 {
			if got.Wait <= 0 {
				t.Fatalf("refused with %+v", got)
			}
			room = got.At.Add(got.Wait)
			continue
		}
		if got.At.Before(room) {
			t.Errorf("taken at %v, but there was to be room at %v", got.At, room)
		}
		taken = append(taken, got.At)
	}
	for i := limit; i < len(taken); i++ {
		if d := taken[i].Sub(taken[i-limit]); d < period || d > time.Hour {
			t.Errorf("%d were taken within %v", limit+1, d)
		}
	}
}

// A server's clock that was set back, or that of the server after a fail-over, must not lock
// anybody out.
func TestAClockThatIsSetBackKeepsNobodyOut(t *testing.T) {
	server := miniredis.RunT(t)
	l := open(t, "redis://"+server.Addr(), patient).Limits()
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	server.SetTime(noon)
	wantTaken(t, take(t, l, "ann", calls(3, 3)))
	server.SetTime(noon.Add(-5 * time.Hour))
	got := take(t, l, "ann", calls(1, 3))
	wantShort(t, got, 0, 0)
	if got.Wait > 61*time.Minute {
		t.Errorf("wait %v, want an hour", got.Wait)
	}
	server.SetTime(noon.Add(-5*time.Hour + got.Wait))
	wantTaken(t, take(t, l, "ann", calls(3, 3)))
}

func TestAnAllowanceKeepsFewFieldsAndHasATimeToLive(t *testing.T) {
	server := redistest.Start(t)
	clock := miniredis.RunT(t)
	for name, url := range map[string]string{"real": server.URL(), "miniredis": "redis://" + clock.Addr()} {
		l := open(t, url, patient).Limits()
		at := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
		for range 250 {
			at = at.Add(20 * time.Second)
			clock.SetTime(at)
			wantTaken(t, take(t, l, "ann", calls(1, 1000), messages(1, 1000)))
		}
		if name == "real" {
			for _, key := range server.Do("KEYS", "*").([]any) {
				if ttl := server.Do("PTTL", key).(int64); ttl < time.Hour.Milliseconds() || ttl > 25*time.Hour.Milliseconds() {
					t.Errorf("%v lives for %d ms", key, ttl)
				}
			}
			continue
		}
		keys := clock.Keys()
		slices.Sort(keys)
		if diff := cmp.Diff([]string{"gw:l:{ann}calls", "gw:l:{ann}messages"}, keys); diff != "" {
			t.Error(diff)
		}
		if fields, err := clock.HKeys("gw:l:{ann}calls"); err != nil || len(fields) > 102 {
			t.Errorf("%d fields, %v", len(fields), err)
		}
	}
}

func TestInAClusterTheQuotasOfAnOwnerStayTogether(t *testing.T) {
	a, _ := startCluster(t)
	l := open(t, "redis+cluster://"+a.Addr, patient).Limits()
	for i := range 20 {
		owner := fmt.Sprint("n", i)
		wantRecovery(t, func() error {
			_, err := l.Take(t.Context(), owner, []redisstore.Quota{calls(1, 3), messages(1, 3)})
			return err
		})
	}
}

func TestLimitsOfAServerThatIsDownFailAtOnce(t *testing.T) {
	server := redistest.Start(t)
	l := open(t, server.URL(), patient).Limits()
	first := take(t, l, "ann", calls(1, 1))
	server.Kill()
	_, err := l.Take(t.Context(), "ann", []redisstore.Quota{calls(1, 1)})
	wantKind(t, err, redisstore.Unreachable)
	wantKind(t, l.GiveBack(t.Context(), "ann", first.At, []redisstore.Quota{calls(1, 1)}), redisstore.CircuitOpen)
}

func BenchmarkTake(b *testing.B) {
	s := embedded.Open(patient)
	defer func() { _ = s.Close() }()
	quotas := []redisstore.Quota{calls(1, 1<<40), messages(1, 1<<40)}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Limits().Take(b.Context(), "ann", quotas); err != nil {
			b.Fatal(err)
		}
	}
}
