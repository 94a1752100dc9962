package upstream

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/embedded"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
)

// bench is people's keys in a store, and an API that knows some of them.
type bench struct {
	*PersonalKeys
	t       testing.TB
	records *breakable
	ring    *seal.Keyring

	mu     sync.Mutex
	answer map[clerkapi.Credential]error // of the API; nil is good, what is not there is unknown to it
	reads  int
}

// breakable is a store that is down on demand.
type breakable struct {
	session.Records
	down   bool
	before func() // of a write
}

func (b *breakable) Get(ctx context.Context, name string) ([]byte, bool, error) {
	if b.down {
		return nil, false, errDown
	}
	return b.Records.Get(ctx, name)
}

func (b *breakable) CompareAndSwap(ctx context.Context, name string, old, value []byte, ttl time.Duration) (bool, error) {
	if f := b.before; f != nil {
		b.before = nil
		f()
	}
	return b.Records.CompareAndSwap(ctx, name, old, value, ttl)
}

const (
	person  = "https://id.example#ann"
	goodKey = "clk_live_0123456789abcdef"
	newKey  = "clk_live_fedcba9876543210"
)

func newBench(t testing.TB) *bench {
	t.Helper()
	store := embedded.Open(redisstore.Options{Timeout: 5 * time.Second})
	t.Cleanup(func() { _ = store.Close() })
	b := &bench{t: t, records: &breakable{Records: store.PersonalKeys()}, answer: map[clerkapi.Credential]error{
		clerkapi.APIKey(goodKey): nil, clerkapi.APIKey(newKey): nil,
	}}
	var err error
	if b.ring, err = seal.New([]byte("a secret of at least thirty-two bytes")); err != nil {
		t.Fatal(err)
	}
	b.PersonalKeys = b.replica(b.ring)
	return b
}

// replica shares the store.
func (b *bench) replica(ring *seal.Keyring) *PersonalKeys {
	b.t.Helper()
	l, err := NewPersonalKeys(LinkedOptions{Records: b.records, Sealer: ring.Sealer("linked key"), Try: b.try, Now: func() time.Time {
		return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	}})
	if err != nil {
		b.t.Fatal(err)
	}
	return l
}

func (b *bench) try(_ context.Context, c clerkapi.Credential) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reads++
	err, known := b.answer[c]
	if !known {
		err = &clerkapi.Error{Reason: clerkapi.ErrUnauthorized}
	}
	return err
}

// says what the API answers to a key from now on; nil is good.
func (b *bench) says(key string, reason error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer[clerkapi.APIKey(key)] = reason
}

func (b *bench) keep(key, replaces string) {
	b.t.Helper()
	if err := b.Keep(b.t.Context(), person, key, replaces); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) gives(l *PersonalKeys, want string) {
	b.t.Helper()
	if c, err := l.Credential(b.t.Context(), person); err != nil || c != clerkapi.APIKey(want) {
		b.t.Errorf("not the key, or an error: %v", err)
	}
}

func TestALinkedKeyIsItsPersonsOnEveryReplica(t *testing.T) {
	b := newBench(t)
	b.keep(" "+goodKey+"\n", "")
	other := b.replica(b.ring)
	b.gives(other, goodKey)
	c, err := other.Credential(t.Context(), "https://id.example#bob")
	if !errors.Is(err, ErrGrantOver) || !errors.Is(err, clerkapi.ErrNoCredential) || !c.IsZero() {
		t.Errorf("somebody else: %v", err)
	}
	link, err := other.Find(t.Context(), person)
	if err != nil || link.Hint != "cdef" || link.ID == "" || strings.Contains(goodKey, link.ID) || !link.Since.Equal(b.opts.Now()) {
		t.Errorf("%+v %v", link, err)
	}
}

func TestAKeyIsStoredSealedForItsPersonOnly(t *testing.T) {
	b := newBench(t)
	b.keep(goodKey, "")
	var raw []byte
	for r, err := range b.records.Scan(t.Context(), "") {
		if err != nil || strings.Contains(r.Name, "ann") {
			t.Fatal(r.Name, err)
		}
		raw = r.Value
	}
	if len(raw) == 0 || bytes.Contains(raw, []byte(goodKey)) {
		t.Fatalf("stored: %q", raw)
	}
	// Whoever writes to the store cannot make one person's key another's.
	bob := "https://id.example#bob"
	if _, err := b.records.SetNX(t.Context(), LinkName(bob), raw, time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Credential(t.Context(), bob); !errors.Is(err, ErrUnreadable) {
		t.Errorf("Ann's key for Bob: %v", err)
	}
}

func TestAKeyIsTestedBeforeItIsKept(t *testing.T) {
	b := newBench(t)
	unreachable := &clerkapi.Error{Reason: clerkapi.ErrUnreachable, Message: "leaked"}
	for _, tc := range []struct {
		key    string
		answer error
		want   error
		reads  int
	}{
		{"", nil, ErrKeyMalformed, 0},
		{"two words", nil, ErrKeyMalformed, 0},
		{"schlüssel", nil, ErrKeyMalformed, 0},
		{strings.Repeat("k", 513), nil, ErrKeyMalformed, 0},
		{"unknown-key", &clerkapi.Error{Reason: clerkapi.ErrUnauthorized}, ErrKeyRefused, 1},
		{"forbidden-key", &clerkapi.Error{Reason: clerkapi.ErrForbidden}, ErrKeyRefused, 1},
		{goodKey, unreachable, ErrKeyUntested, 1},
		{goodKey, &clerkapi.Error{Reason: clerkapi.ErrRateLimited}, ErrKeyUntested, 1},
		{goodKey, &clerkapi.Error{Reason: clerkapi.ErrBadAnswer}, ErrKeyUntested, 1},
	} {
		b.says(tc.key, tc.answer)
		b.reads = 0
		err := b.Keep(t.Context(), person, tc.key, "")
		if !errors.Is(err, tc.want) || b.reads != tc.reads || strings.Contains(err.Error(), "leaked") {
			t.Errorf("%.20q: %v after %d reads, want %v after %d", tc.key, err, b.reads, tc.want, tc.reads)
		}
		if link, err := b.Find(t.Context(), person); err != nil || link.ID != "" {
			t.Errorf("%.20q: kept, or %v", tc.key, err)
		}
	}
}

func TestAKeyIsNeverReplacedWithoutTheOneThatIsThereBeingNamed(t *testing.T) {
	b := newBench(t)
	b.keep(goodKey, "")
	first, err := b.Find(t.Context(), person)
	if err != nil {
		t.Fatal(err)
	}
	b.reads = 0
	for _, replaces := range []string{"", "another"} {
		if err := b.Keep(t.Context(), person, newKey, replaces); !errors.Is(err, ErrKeyExists) || b.reads != 0 {
			t.Errorf("%q: %v, %d reads", replaces, err, b.reads)
		}
	}
	b.keep(goodKey, "") // the same one replaces nothing
	if again, err := b.Find(t.Context(), person); err != nil || again != first {
		t.Errorf("%+v, was %+v; %v", again, first, err)
	}
	b.keep(newKey, first.ID)
	b.gives(b.replica(b.ring), newKey)
	if err := b.Keep(t.Context(), person, goodKey, first.ID); !errors.Is(err, ErrKeyExists) {
		t.Errorf("the id of a key that is gone: %v", err)
	}
}

func TestTwoPagesAtOnceDoNotReplaceEachOthersKey(t *testing.T) {
	b := newBench(t)
	const third = "clk_live_third_key_of_ann"
	b.says(third, nil)
	b.keep(goodKey, "")
	link, err := b.Find(t.Context(), person)
	if err != nil {
		t.Fatal(err)
	}
	b.records.before = func() {
		if err := b.replica(b.ring).Keep(t.Context(), person, third, link.ID); err != nil {
			t.Error(err)
		}
	}
	if err := b.Keep(t.Context(), person, newKey, link.ID); !errors.Is(err, ErrKeyExists) {
		t.Error(err)
	}
	b.gives(b.PersonalKeys, third)
}

func TestAKeyThatIsRefusedTwiceIsAskedForAtTheNextSignIn(t *testing.T) {
	b := newBench(t)
	b.keep(goodKey, "")
	used := clerkapi.APIKey(goodKey)
	// Accepted elsewhere: the 401 was about the call.
	if _, err := b.Renewed(t.Context(), person, used); err == nil || errors.Is(err, ErrGrantOver) || errors.Is(err, ErrUnavailable) {
		t.Errorf("a key that stands: %v", err)
	}
	b.says(goodKey, &clerkapi.Error{Reason: clerkapi.ErrServer})
	if _, err := b.Renewed(t.Context(), person, used); !errors.Is(err, ErrUnavailable) {
		t.Errorf("nobody can tell: %v", err)
	}
	b.gives(b.replica(b.ring), goodKey)
	b.says(goodKey, &clerkapi.Error{Reason: clerkapi.ErrUnauthorized})
	var public interface{ PublicText() string }
	if _, err := b.Renewed(t.Context(), person, used); !errors.Is(err, ErrGrantOver) || !errors.As(err, &public) ||
		!strings.Contains(public.PublicText(), "no longer accepts the API key") {
		t.Errorf("refused: %v", err)
	}
	if _, err := b.replica(b.ring).Credential(t.Context(), person); !errors.Is(err, ErrGrantOver) {
		t.Errorf("on another replica: %v", err)
	}
	link, err := b.Check(t.Context(), person)
	if err != nil || !link.Refused {
		t.Fatalf("%+v %v", link, err)
	}
	b.keep(newKey, link.ID)
	if c, err := b.Renewed(t.Context(), person, used); err != nil || c != clerkapi.APIKey(newKey) {
		t.Errorf("a call that began with the old key: %v", err)
	}
}

func TestAnAPIThatErredForAWhileCostsNobodyTheirKey(t *testing.T) {
	b := newBench(t)
	b.keep(goodKey, "")
	b.says(goodKey, &clerkapi.Error{Reason: clerkapi.ErrUnauthorized})
	if _, err := b.Renewed(t.Context(), person, clerkapi.APIKey(goodKey)); !errors.Is(err, ErrGrantOver) {
		t.Fatal(err)
	}
	b.says(goodKey, &clerkapi.Error{Reason: clerkapi.ErrTimeout})
	if _, err := b.Check(t.Context(), person); !errors.Is(err, ErrUnavailable) {
		t.Errorf("while it cannot be tested: %v", err)
	}
	b.says(goodKey, nil)
	if link, err := b.Check(t.Context(), person); err != nil || link.Refused || link.Hint != "cdef" {
		t.Errorf("%+v %v", link, err)
	}
	b.gives(b.replica(b.ring), goodKey)
}

func TestASignInSealsTheKeyWithTheNewestSecret(t *testing.T) {
	b := newBench(t)
	b.keep(goodKey, "")
	fresh := []byte("another secret of thirty-two bytes and more")
	both, err := seal.New(fresh, []byte("a secret of at least thirty-two bytes"))
	if err != nil {
		t.Fatal(err)
	}
	alone, err := seal.New(fresh)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.replica(both).Check(t.Context(), person); err != nil {
		t.Fatal(err)
	}
	b.gives(b.replica(alone), goodKey)
}

func TestAStoreThatIsDownTakesNobodysKey(t *testing.T) {
	b := newBench(t)
	b.keep(goodKey, "")
	b.records.down = true
	b.gives(b.PersonalKeys, goodKey) // from memory
	if _, err := b.replica(b.ring).Credential(t.Context(), person); !errors.Is(err, ErrUnavailable) || errors.Is(err, ErrGrantOver) {
		t.Errorf("a replica that never saw it: %v", err)
	}
	for name, err := range map[string]error{
		"keep":    b.Keep(t.Context(), person, newKey, ""),
		"check":   second(b.Check(t.Context(), person)),
		"find":    second(b.Find(t.Context(), person)),
		"renewed": second(b.Renewed(t.Context(), person, clerkapi.APIKey(goodKey))),
	} {
		if !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestAStoreThatForgotAsksForTheKeyOnceMore(t *testing.T) {
	b := newBench(t)
	b.keep(goodKey, "")
	b.gives(b.PersonalKeys, goodKey)
	wiped := embedded.Open(redisstore.Options{Timeout: 5 * time.Second})
	t.Cleanup(func() { _ = wiped.Close() })
	b.records.Records = wiped.PersonalKeys()
	if _, err := b.Credential(t.Context(), person); !errors.Is(err, ErrGrantOver) {
		t.Error(err)
	}
	b.records.down = true
	if _, err := b.Credential(t.Context(), person); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a key that the store had lost is used: %v", err)
	}
	b.records.down = false
	b.keep(goodKey, "")
	b.gives(b.PersonalKeys, goodKey)
}

func TestShortKeysAreNotHintedAt(t *testing.T) {
	b := newBench(t)
	b.says("short-key", nil)
	b.keep("short-key", "")
	if link, err := b.Find(t.Context(), person); err != nil || link.Hint != "" {
		t.Errorf("%+v %v", link, err)
	}
}

func TestLinkedKeysNameWhatIsMissing(t *testing.T) {
	if _, err := NewPersonalKeys(LinkedOptions{}); err == nil {
		t.Error("accepted")
	}
}
