package redisstore_test

import (
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/embedded"
	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

func wantKind(t *testing.T, err error, want redisstore.Kind) {
	t.Helper()
	f, ok := errors.AsType[*redisstore.Error](err)
	if !ok || !errors.Is(err, redisstore.ErrUnavailable) {
		t.Fatalf("error %v (%T), want a Error that is ErrUnavailable", err, err)
	}
	if f.Kind != want {
		t.Fatalf("kind %q (%v), want %q", f.Kind, f.Cause, want)
	}
	if got := err.Error(); got != "redis unavailable: "+string(want) {
		t.Errorf("the error's text %q says more than the kind", got)
	}
}

// wantRecovery calls until there is no error.
func wantRecovery(t *testing.T, call func() error) {
	t.Helper()
	testkit.Eventually(t, "the server is used again", func() bool { return call() == nil })
}

// wantRest calls until the server is left alone. Until then, each call must fail with a kind: on a
// busy machine a time-out may say nothing of the server, and a rest may be over before the next
// call.
func wantRest(t *testing.T, call func() error, kind redisstore.Kind) {
	t.Helper()
	testkit.Eventually(t, "the server is left alone", func() bool {
		err := call()
		f, ok := errors.AsType[*redisstore.Error](err)
		if !ok || f.Kind != redisstore.CircuitOpen {
			wantKind(t, err, kind)
			return false
		}
		return true
	})
}

func swap(t *testing.T, s *redisstore.Store) error {
	_, _, err := s.Sessions().GetSet(t.Context(), "n", []byte("v"), time.Minute)
	return err
}

func read(t *testing.T, s *redisstore.Store) error {
	_, _, err := s.Sessions().Get(t.Context(), "n")
	return err
}

func TestAServerThatIsDownAtStartIsUsedWhenItIsUp(t *testing.T) {
	server := redistest.Start(t)
	server.Kill()
	s := open(t, server.URL(), patient)
	wantKind(t, read(t, s), redisstore.Unreachable)
	wantRest(t, func() error { return read(t, s) }, redisstore.Unreachable)
	server.Restart()
	wantRecovery(t, func() error { return swap(t, s) })
}

func TestAServerKilledAndRestartedIsUsedAgain(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.URL(), patient)
	if err := swap(t, s); err != nil {
		t.Fatal(err)
	}
	server.Kill()
	wantKind(t, read(t, s), redisstore.Unreachable)
	server.Restart()
	wantRecovery(t, func() error { return read(t, s) })
	if _, found, err := s.Sessions().Get(t.Context(), "n"); found || err != nil {
		t.Errorf("Get = %v, %v; want it gone", found, err)
	}
}

func TestAServerThatDoesNotAnswerIsSlow(t *testing.T) {
	server := redistest.Start(t)
	var mu sync.Mutex
	var changes []string
	s := open(t, server.URL(), redisstore.Options{
		Timeout: 100 * time.Millisecond,
		OnChange: func(kind redisstore.Kind, up bool) {
			mu.Lock()
			defer mu.Unlock()
			if up {
				kind = "up"
			}
			changes = append(changes, string(kind))
		},
	})
	wantRecovery(t, func() error { return swap(t, s) })
	server.Stop()
	wantKind(t, read(t, s), redisstore.Slow)
	wantRest(t, func() error { return read(t, s) }, redisstore.Slow)
	wantRest(t, func() error { return s.Ping(t.Context()) }, redisstore.Slow)
	server.Continue()
	wantRecovery(t, func() error { return swap(t, s) })
	mu.Lock()
	defer mu.Unlock()
	// A loaded machine may have been slow before or after.
	if got := strings.Join(changes, " "); !strings.HasSuffix(got, "slow up") {
		t.Errorf("changes told: %q, want them to end with slow up", got)
	}
}

// A dial into a black hole hangs, unlike one that is refused.
func TestADialThatHangsIsSlow(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	s := open(t, "redis://"+l.Addr().String(), redisstore.Options{Timeout: 100 * time.Millisecond})
	wantKind(t, read(t, s), redisstore.Slow)
}

func TestAServerOutOfMemoryIsRead(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.URL(), patient)
	if err := swap(t, s); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Sessions().CompareAndSwap(t.Context(), "n", []byte("x"), []byte("y"), time.Minute); err != nil {
		t.Fatal(err) // the script is known to the server now
	}
	server.Do("CONFIG", "SET", "maxmemory-policy", "noeviction")
	server.Do("CONFIG", "SET", "maxmemory", "1")
	wantKind(t, swap(t, s), redisstore.Full)
	wantRest(t, func() error { return swap(t, s) }, redisstore.Full)
	wantRest(t, func() error { return s.Ping(t.Context()) }, redisstore.Full)
	if err := read(t, s); err != nil {
		t.Errorf("a read failed: %v", err)
	}
	server.Do("CONFIG", "SET", "maxmemory", "0")
	wantRecovery(t, func() error { return s.Ping(t.Context()) })
}

func TestAScriptOnAServerThatTakesNoWritesFails(t *testing.T) {
	for kind, command := range map[redisstore.Kind][]any{
		redisstore.Full:     {"CONFIG", "SET", "maxmemory", "1"},
		redisstore.ReadOnly: {"REPLICAOF", "127.0.0.1", "1"},
	} {
		t.Run(string(kind), func(t *testing.T) {
			server := redistest.Start(t)
			s := open(t, server.URL(), patient)
			if err := swap(t, s); err != nil {
				t.Fatal(err)
			}
			server.Do(command...)
			_, err := s.Sessions().CompareAndSwap(t.Context(), "n", []byte("v"), []byte("w"), time.Minute)
			wantKind(t, err, kind)
		})
	}
}

func TestAReplicaIsRead(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.URL(), patient)
	if err := swap(t, s); err != nil {
		t.Fatal(err)
	}
	server.Do("REPLICAOF", "127.0.0.1", "1")
	wantKind(t, swap(t, s), redisstore.ReadOnly)
	if err := read(t, s); err != nil {
		t.Errorf("a read failed: %v", err)
	}
	server.Do("REPLICAOF", "NO", "ONE")
	wantRecovery(t, func() error { return swap(t, s) })
}

func TestAReplicaWithoutItsMasterHasNoMaster(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.URL(), patient)
	server.Do("CONFIG", "SET", "replica-serve-stale-data", "no")
	server.Do("REPLICAOF", "127.0.0.1", "1")
	wantKind(t, read(t, s), redisstore.NoMaster)
	server.Do("REPLICAOF", "NO", "ONE")
	wantRecovery(t, func() error { return read(t, s) })
}

func TestAPasswordThatIsMissingOrWrongIsDenied(t *testing.T) {
	server := redistest.Start(t, "--requirepass", "right")
	wantKind(t, read(t, open(t, server.URL(), patient)), redisstore.Denied)
	wantKind(t, read(t, open(t, "redis://:wrong@"+server.Addr, patient)), redisstore.Denied)
	if err := swap(t, open(t, "redis://:right@"+server.Addr, patient)); err != nil {
		t.Error(err)
	}
}

func TestAClosedStoreSaysSo(t *testing.T) {
	s := embedded.Open(patient)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	wantKind(t, read(t, s), redisstore.Closed)
	if err := s.Close(); err != nil {
		t.Errorf("closing again: %v", err)
	}
}

// A value of another type is an error of its own, not an absence and not an outage.
func TestAForeignValueIsRefused(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.URL(), patient)
	server.Do("LPUSH", "gw:s:n", "x")
	wantKind(t, read(t, s), redisstore.Refused)
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("it rests: %v", err)
	}
}
