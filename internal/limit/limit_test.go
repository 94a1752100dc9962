package limit_test

import (
	"crypto/sha256"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/clerkchat/mcp-gateway/internal/embedded"
	"github.com/clerkchat/mcp-gateway/internal/limit"
	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

func TestMain(m *testing.M) {
	redisstore.SilenceLibrary()
	testkit.Main(m)
}

type digest struct{}

func (digest) Digest(data []byte) []byte {
	sum := sha256.Sum256(data)
	return sum[:]
}

// replica is what one replica has, with the events that it counted.
type replica struct {
	limit.Options
	mu     sync.Mutex
	events map[string]int
}

func newReplica(store limit.Store) *replica {
	r := &replica{events: map[string]int{}}
	r.Options = limit.Options{Store: store, Digest: digest{}, OnEvent: func(name string, e limit.Event) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.events[name+" "+string(e)]++
	}}
	return r
}

func (r *replica) subjects(t *testing.T, calls, messages int) *limit.Subjects {
	t.Helper()
	s, err := limit.NewSubjects(r.Options, calls, messages)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (r *replica) addresses(t *testing.T, aMinute int) *limit.Addresses {
	t.Helper()
	a, err := limit.NewAddresses(r.Options, aMinute)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (r *replica) wantEvents(t *testing.T, want map[string]int) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if diff := cmp.Diff(want, maps.Clone(r.events)); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// onBoth runs a behaviour with two replicas over a real server, and over the Redis within a
// process.
func onBoth(t *testing.T, behaviour func(t *testing.T, a, b *replica)) {
	options := redisstore.Options{Timeout: 10 * time.Second}
	t.Run("real", func(t *testing.T) {
		server := redistest.Start(t)
		var replicas [2]*replica
		for i := range replicas {
			s, err := redisstore.Open(server.URL(), options)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			replicas[i] = newReplica(s.Limits())
		}
		behaviour(t, replicas[0], replicas[1])
	})
	t.Run("embedded", func(t *testing.T) {
		s := embedded.Open(options)
		t.Cleanup(func() { _ = s.Close() })
		behaviour(t, newReplica(s.Limits()), newReplica(s.Limits()))
	})
}

func admitted(t *testing.T, s *limit.Subjects, subject string, n int) {
	t.Helper()
	if unsent, limited := s.Admit(t.Context(), subject, n); limited != nil || unsent == nil {
		t.Errorf("%s with %d messages: refused: %+v", subject, n, limited)
	}
}

// refused gives what a refusal says, without its time, which must be within the period and a step:
// a hundredth of it in the store, a twentieth in a process.
func refused(t *testing.T, s *limit.Subjects, subject string, n int) mcpadapter.Limited {
	t.Helper()
	_, limited := s.Admit(t.Context(), subject, n)
	if limited == nil {
		t.Fatalf("%s with %d messages: admitted", subject, n)
	}
	got := *limited
	if got.RetryAfter == 0 || got.RetryAfter > got.Period+got.Period/20 {
		t.Errorf("told to come back in %v", got.RetryAfter)
	}
	if got.RetryAfter > 0 {
		got.RetryAfter = 0
	}
	return got
}

func TestCallsOfASubjectAreBoundedForAllReplicasTogether(t *testing.T) {
	onBoth(t, func(t *testing.T, a, b *replica) {
		on := [...]*limit.Subjects{a.subjects(t, 3, 0), b.subjects(t, 3, 0)}
		for i := range 3 {
			admitted(t, on[i%2], "ann", 0)
		}
		for i := range on {
			if diff := cmp.Diff(mcpadapter.Limited{Max: 3, Period: time.Minute}, refused(t, on[i], "ann", 0)); diff != "" {
				t.Error(diff)
			}
		}
		admitted(t, on[0], "bob", 0)
		admitted(t, on[0], "", 0)
		a.wantEvents(t, map[string]int{"calls refused": 1})
	})
}

func TestMessagesAreRefusedWholeAndCountNothingThen(t *testing.T) {
	onBoth(t, func(t *testing.T, a, b *replica) {
		on, other := a.subjects(t, 4, 10), b.subjects(t, 4, 10)
		admitted(t, on, "ann", 8)
		for range 5 {
			want := mcpadapter.Limited{Messages: true, Max: 10, Room: 2, Period: 24 * time.Hour}
			if diff := cmp.Diff(want, refused(t, other, "ann", 3)); diff != "" {
				t.Error(diff)
			}
		}
		admitted(t, other, "ann", 2)
		admitted(t, on, "ann", 0) // a read
		want := mcpadapter.Limited{Messages: true, Max: 10, Period: 24 * time.Hour}
		if diff := cmp.Diff(want, refused(t, on, "ann", 1)); diff != "" {
			t.Error(diff)
		}
		admitted(t, on, "ann", 0)
		if got := refused(t, on, "ann", 0); got.Messages {
			t.Errorf("a fifth call: %+v", got)
		}
		want = mcpadapter.Limited{Messages: true, Max: 10, Room: 10, Period: 24 * time.Hour, RetryAfter: -1}
		if diff := cmp.Diff(want, refused(t, on, "bob", 11)); diff != "" {
			t.Error(diff)
		}
		b.wantEvents(t, map[string]int{"messages refused": 5})
	})
}

func TestMessagesThatWereNotSentCanBeSent(t *testing.T) {
	onBoth(t, func(t *testing.T, a, b *replica) {
		on := a.subjects(t, 2, 10)
		unsent, _ := on.Admit(t.Context(), "ann", 10)
		refused(t, on, "ann", 1)
		unsent(t.Context())
		admitted(t, b.subjects(t, 2, 10), "ann", 10)
		if got := refused(t, on, "ann", 0); got.Messages { // the call was made
			t.Errorf("%+v", got)
		}
	})
}

func TestNoLimitAsksNobody(t *testing.T) {
	r := newReplica(nil)
	r.Store = panicking{}
	admitted(t, r.subjects(t, 0, 0), "ann", 5)
	admitted(t, r.subjects(t, 0, 10), "ann", 0)
}

type panicking struct{ limit.Store }

func TestAddressesAndKindsAreBoundedOneByOne(t *testing.T) {
	onBoth(t, func(t *testing.T, a, b *replica) {
		on := [...]*limit.Addresses{a.addresses(t, 2), b.addresses(t, 2)}
		allow := func(i int, kind, address string) (bool, time.Duration) {
			t.Helper()
			ok, wait, err := on[i].Allow(t.Context(), kind, address)
			if err != nil {
				t.Fatal(err)
			}
			return ok, wait
		}
		for i, want := range []bool{true, true, false, false} {
			if ok, wait := allow(i%2, "register", "192.0.2.1"); ok != want || ok == (wait > 0) {
				t.Errorf("request %d: %v, come back in %v", i, ok, wait)
			}
		}
		for _, other := range [][2]string{{"token", "192.0.2.1"}, {"register", "192.0.2.2"}} {
			if ok, _ := allow(0, other[0], other[1]); !ok {
				t.Errorf("%v: refused", other)
			}
		}
		a.wantEvents(t, map[string]int{"register refused": 1})
	})
}

// When the time has come that was told, there is room.
func TestWhoComesBackWhenToldIsAdmitted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := embedded.Open(redisstore.Options{})
		defer func() { _ = store.Close() }()
		s := newReplica(store.Limits()).subjects(t, 2, 3)
		admitted(t, s, "ann", 3)
		time.Sleep(time.Hour)
		_, limited := s.Admit(t.Context(), "ann", 2)
		if limited == nil || limited.RetryAfter < 23*time.Hour || limited.RetryAfter > 23*time.Hour+15*time.Minute {
			t.Fatalf("%+v", limited)
		}
		time.Sleep(limited.RetryAfter - time.Millisecond)
		refused(t, s, "ann", 2)
		time.Sleep(time.Millisecond)
		admitted(t, s, "ann", 3)
	})
}

func TestTheStoreLearnsNoSubjectAndNoAddress(t *testing.T) {
	server := redistest.Start(t)
	store, err := redisstore.Open(server.URL(), redisstore.Options{Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	r := newReplica(store.Limits())
	admitted(t, r.subjects(t, 1, 1), "ann@acme.example", 1)
	if _, _, err := r.addresses(t, 1).Allow(t.Context(), "token", "192.0.2.1"); err != nil {
		t.Fatal(err)
	}
	keys := server.Do("KEYS", "*").([]any)
	if len(keys) != 3 {
		t.Errorf("keys %v, want three", keys)
	}
	for _, key := range keys {
		if k := key.(string); strings.Contains(k, "ann") || strings.Contains(k, "192") || len(k) > 40 {
			t.Errorf("key %q", k)
		}
	}
}

func TestOptionsThatAreMissingOrWrong(t *testing.T) {
	good := newReplica(panicking{}).Options
	if _, err := limit.NewSubjects(good, -1, 0); err == nil {
		t.Error("a negative limit of calls")
	}
	if _, err := limit.NewSubjects(good, 0, -1); err == nil {
		t.Error("a negative limit of messages")
	}
	if _, err := limit.NewAddresses(good, 0); err == nil {
		t.Error("no request at all")
	}
	for name, edit := range map[string]func(*limit.Options){
		"store": func(o *limit.Options) { o.Store = nil }, "digest": func(o *limit.Options) { o.Digest = nil },
		"events": func(o *limit.Options) { o.OnEvent = nil },
	} {
		o := good
		edit(&o)
		_, err1 := limit.NewSubjects(o, 1, 1)
		_, err2 := limit.NewAddresses(o, 1)
		if err1 == nil || err2 == nil {
			t.Errorf("no %s: %v, %v", name, err1, err2)
		}
	}
}
