package grant_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/embedded"
	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
	"github.com/clerkchat/mcp-gateway/pkg/session/sessiontest"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	redisstore.SilenceLibrary()
	goleak.VerifyTestMain(m)
}

const (
	secretA = "secret-a-secret-a-secret-a-secret-a"
	secretB = "secret-b-secret-b-secret-b-secret-b"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func atNoon() time.Time { return noon }

// cluster is replicas around one Redis and one clock.
type cluster struct {
	t      *testing.T
	server *redistest.Server // nil within the process
	store  *redisstore.Store
	clock  atomic.Int64
}

func newCluster(t *testing.T) *cluster {
	c := &cluster{t: t}
	c.clock.Store(noon.Unix())
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
	c.clock.Store(noon.Unix())
	return c
}

func (c *cluster) now() time.Time          { return time.Unix(c.clock.Load(), 0).UTC() }
func (c *cluster) advance(d time.Duration) { c.clock.Add(int64(d / time.Second)) }

// storeOf is one more connection to a cluster's store.
func storeOf(t *testing.T, c *cluster) *redisstore.Store {
	t.Helper()
	if c.server == nil {
		return c.store
	}
	store, err := redisstore.Open(c.server.URL(), redisstore.Options{Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

// grants gives a replica with a connection of its own.
func (c *cluster) grants(secrets ...string) *grant.Grants {
	c.t.Helper()
	store := storeOf(c.t, c)
	return grantsOver(c.t, store.Grants(), store.ProviderStates(), c.now, nil, secrets...)
}

// spelledGrants are grants whose records a test can read.
func spelledGrants(t *testing.T, opts grant.Options) *grant.Grants {
	t.Helper()
	ring, err := seal.New([]byte(secretA))
	if err != nil {
		t.Fatal(err)
	}
	opts.Sealer, opts.Signer = sessiontest.Spelled{}, ring.MAC("refresh")
	g, err := grant.NewGrants(opts)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func wantErr(t testing.TB, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: %v, want %v", what, err, want)
	}
}
