package session_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/clerkchat/mcp-gateway/internal/embedded"
	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
	"github.com/clerkchat/mcp-gateway/pkg/session/sessiontest"
)

func TestMain(m *testing.M) {
	redisstore.SilenceLibrary()
	testkit.Main(m)
}

const (
	secretA = "secret-a-secret-a-secret-a-secret-a"
	secretB = "secret-b-secret-b-secret-b-secret-b"
)

var info = session.Info{
	Subject: "https://id.example\x00ann", Version: "2025-11-25", ClientName: "claude-code", ClientVersion: "2.1.4",
	Capabilities: session.CanElicit | session.HasRoots,
}

// cluster is replicas around one Redis and one clock.
type cluster struct {
	t      *testing.T
	server *redistest.Server // nil within the process
	store  *redisstore.Store
	clock  atomic.Int64

	recovered, unavailable atomic.Int32
}

func newCluster(t *testing.T) *cluster {
	c := &cluster{t: t}
	c.clock.Store(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC).Unix())
	if redistest.Available() {
		c.server = redistest.Start(t)
	} else {
		c.store = embedded.Open(redisstore.Options{Timeout: 10 * time.Second})
		t.Cleanup(func() { _ = c.store.Close() })
	}
	return c
}

// newRealCluster is for what only a real server can do.
func newRealCluster(t *testing.T) *cluster {
	c := &cluster{t: t, server: redistest.Start(t)}
	c.clock.Store(time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC).Unix())
	return c
}

func (c *cluster) now() time.Time          { return time.Unix(c.clock.Load(), 0).UTC() }
func (c *cluster) advance(d time.Duration) { c.clock.Add(int64(d / time.Second)) }

// replica gives a table with a connection of its own. Its budget is wide, as machines that test are
// loaded.
func (c *cluster) replica(secrets ...string) *session.Table {
	c.t.Helper()
	return c.replicaWith(10*time.Second, secrets...)
}

func (c *cluster) replicaWith(budget time.Duration, secrets ...string) *session.Table {
	c.t.Helper()
	store := c.store
	if c.server != nil {
		var err error
		if store, err = redisstore.Open(c.server.URL(), redisstore.Options{Timeout: budget}); err != nil {
			c.t.Fatal(err)
		}
		c.t.Cleanup(func() { _ = store.Close() })
	}
	return c.table(store.Sessions(), budget, secrets...)
}

func (c *cluster) table(records session.Records, budget time.Duration, secrets ...string) *session.Table {
	c.t.Helper()
	if len(secrets) == 0 {
		secrets = []string{secretA}
	}
	var bytes [][]byte
	for _, s := range secrets {
		bytes = append(bytes, []byte(s))
	}
	ring, err := seal.New(bytes...)
	if err != nil {
		c.t.Fatal(err)
	}
	table, err := session.NewTable(session.Options{
		Sealer: ring.Sealer("session id"), Digest: ring.MAC("session subject"), Records: records, Now: c.now, Budget: budget,
		OnRecovered: func() { c.recovered.Add(1) }, OnUnavailable: func() { c.unavailable.Add(1) },
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return table
}

func (c *cluster) wantCounted(recovered, unavailable int32) {
	c.t.Helper()
	if r, u := c.recovered.Load(), c.unavailable.Load(); r != recovered || u != unavailable {
		c.t.Errorf("counted %d recovered and %d unavailable, want %d and %d", r, u, recovered, unavailable)
	}
}

func create(t *testing.T, table *session.Table, info session.Info) *session.Session {
	t.Helper()
	s, err := table.Create(t.Context(), info)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func resume(t *testing.T, table *session.Table, s *session.Session) *session.Session {
	t.Helper()
	got, err := table.Resume(t.Context(), s.ID, s.Subject)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func wantNotFound(t *testing.T, table *session.Table, id, subject string) {
	t.Helper()
	if _, err := table.Resume(context.Background(), id, subject); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("Resume: %v, want ErrNotFound", err)
	}
	if err := table.End(context.Background(), id, subject); !errors.Is(err, session.ErrNotFound) {
		t.Errorf("End: %v, want ErrNotFound", err)
	}
}

func TestAnotherReplicaKnowsAllOfASession(t *testing.T) {
	c := newCluster(t)
	s := create(t, c.replica(), info)
	got := resume(t, c.replica(), s)
	want := &session.Session{ID: s.ID, Info: info, Born: c.now(), LastUsed: c.now()}
	for _, s := range []*session.Session{s, got} {
		if diff := cmp.Diff(want, s, cmpopts.IgnoreUnexported(session.Session{})); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if s.Key() != session.KeyOf(s.ID) {
			t.Errorf("key %q is not the id's", s.Key())
		}
	}
	c.wantCounted(0, 0)
}

func TestARecordThatIsGoneIsWrittenAgain(t *testing.T) {
	c := newRealCluster(t)
	a, b := c.replica(), c.replica()
	s := create(t, a, info)
	c.server.Do("FLUSHALL")
	got := resume(t, b, s)
	want := &session.Session{ID: s.ID, Info: info, Born: c.now(), LastUsed: c.now(), Recovered: true}
	if diff := cmp.Diff(want, got, cmpopts.IgnoreUnexported(session.Session{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if again := resume(t, a, s); again.Recovered || again.Unstored {
		t.Errorf("recovered %v, unstored %v on the next request; want neither", again.Recovered, again.Unstored)
	}
	c.wantCounted(1, 0)
}

func TestASessionIsNotFound(t *testing.T) {
	c := newCluster(t)
	table := c.replica()
	s := create(t, table, info)
	t.Run("by another subject", func(t *testing.T) { wantNotFound(t, table, s.ID, "https://id.example\x00bob") })
	t.Run("by nobody", func(t *testing.T) { wantNotFound(t, table, s.ID, "") })
	t.Run("by an id cut anywhere", func(t *testing.T) {
		for i := range s.ID {
			wantNotFound(t, table, s.ID[:i], s.Subject)
		}
	})
	t.Run("by an id changed anywhere", func(t *testing.T) {
		for i := range s.ID {
			for _, other := range []byte{'A', '\n', '%'} {
				id := []byte(s.ID)
				if id[i] == other {
					other = 'B'
				}
				id[i] = other
				wantNotFound(t, table, string(id), s.Subject)
			}
		}
	})
	t.Run("by another spelling of its id", func(t *testing.T) {
		for _, id := range []string{s.ID + "\n", "\r" + s.ID, s.ID + "=", " " + s.ID, s.ID[:9] + "\r\n" + s.ID[9:]} {
			wantNotFound(t, table, id, s.Subject)
		}
	})
	t.Run("by an id sealed for another purpose", func(t *testing.T) {
		ring, err := seal.New([]byte(secretA))
		if err != nil {
			t.Fatal(err)
		}
		other, err := session.NewTable(session.Options{Sealer: ring.Sealer("grant"), Records: sessiontest.Nowhere{}})
		if err != nil {
			t.Fatal(err)
		}
		wantNotFound(t, table, create(t, other, info).ID, s.Subject)
	})
	resume(t, table, s)
}

func TestSecretsRotateUnderSessions(t *testing.T) {
	c := newCluster(t)
	old, added := c.replica(secretA), c.replica(secretA, secretB)
	promoted, removed := c.replica(secretB, secretA), c.replica(secretB)
	before, after := create(t, old, info), create(t, promoted, info)
	for _, table := range []*session.Table{old, added, promoted} {
		resume(t, table, before)
	}
	for _, table := range []*session.Table{added, promoted, removed} {
		resume(t, table, after)
	}
	wantNotFound(t, removed, before.ID, before.Subject)
}

func TestASessionLivesUntilItIsTooOld(t *testing.T) {
	c := newCluster(t)
	table := c.replica()
	s := create(t, table, info)
	c.advance(30*24*time.Hour - time.Second)
	resume(t, table, s)
	c.advance(time.Second)
	wantNotFound(t, table, s.ID, s.Subject)
}

func TestASessionBornOnAReplicaWhoseClockIsAheadIsServed(t *testing.T) {
	c := newCluster(t)
	table := c.replica()
	c.advance(time.Minute)
	s := create(t, table, info)
	c.advance(-time.Minute)
	resume(t, table, s)
}

func TestEndedSessionsAreGoneForAllReplicas(t *testing.T) {
	c := newCluster(t)
	a, b := c.replica(), c.replica()
	s, other := create(t, a, info), create(t, a, info)
	if err := a.End(t.Context(), s.ID, s.Subject); err != nil {
		t.Fatal(err)
	}
	wantNotFound(t, b, s.ID, s.Subject)
	resume(t, b, other)
	c.advance(30*24*time.Hour - time.Second)
	wantNotFound(t, a, s.ID, s.Subject)
	c.wantCounted(0, 0)
}

func TestASessionWhoseRecordIsGoneCanBeEnded(t *testing.T) {
	c := newRealCluster(t)
	a, b := c.replica(), c.replica()
	s := create(t, a, info)
	c.server.Do("FLUSHALL")
	if err := a.End(t.Context(), s.ID, s.Subject); err != nil {
		t.Fatal(err)
	}
	wantNotFound(t, b, s.ID, s.Subject)
}

func TestTheAnonymousSubjectHasSessions(t *testing.T) {
	c := newCluster(t)
	s := create(t, c.replica(), session.Info{Version: "2025-06-18"})
	if got := resume(t, c.replica(), s); got.Version != "2025-06-18" || got.Subject != "" {
		t.Errorf("got %+v", got)
	}
	wantNotFound(t, c.replica(), s.ID, "somebody")
}

func TestLastUseIsToldToTheMinute(t *testing.T) {
	c := newCluster(t)
	a, b := c.replica(), c.replica()
	s := create(t, a, info)
	born := c.now()
	c.advance(59 * time.Second)
	resume(t, a, s)
	if got := resume(t, b, s); !got.LastUsed.Equal(born) {
		t.Errorf("last used %v, want it not written yet: %v", got.LastUsed, born)
	}
	c.advance(time.Second)
	resume(t, a, s)
	if got := resume(t, b, s); !got.LastUsed.Equal(c.now()) {
		t.Errorf("last used %v, want %v", got.LastUsed, c.now())
	}
}

func openRecords(t *testing.T, c *cluster) session.Records {
	t.Helper()
	store, err := redisstore.Open(c.server.URL(), redisstore.Options{Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store.Sessions()
}
