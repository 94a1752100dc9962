package redisstore_test

import (
	"context"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
	"github.com/clerkchat/mcp-gateway/pkg/session/sessiontest"
)

func TestMain(m *testing.M) {
	redisstore.SilenceLibrary()
	testkit.Main(m)
}

// patient is long enough for a loaded machine; tests of failures have a time-out of their own.
var patient = redisstore.Options{Timeout: 10 * time.Second}

func open(t testing.TB, url string, opts redisstore.Options) *redisstore.Store {
	t.Helper()
	s, err := redisstore.Open(url, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestRecordsOnARealServer(t *testing.T) {
	server := redistest.Start(t)
	sessiontest.Records(t, func(t *testing.T) sessiontest.Store {
		server.Do("FLUSHALL")
		return sessiontest.Store{
			Open: func(t *testing.T) session.Records { return open(t, server.URL(), patient).Sessions() },
			Expire: func(t *testing.T, ttl time.Duration) {
				// Redis has no clock that could be moved, but keeps something else for as long.
				client := server.Client()
				if err := client.Set(t.Context(), "another", "x", ttl).Err(); err != nil {
					t.Fatal(err)
				}
				testkit.Eventually(t, "time passes on the server", func() bool {
					n, err := client.Exists(t.Context(), "another").Result()
					return err == nil && n == 0
				})
			},
		}
	})
}

func TestRecordsWithinTheProcess(t *testing.T) {
	sessiontest.Records(t, func(t *testing.T) sessiontest.Store {
		server := miniredis.NewMiniRedis()
		s := redisstore.OpenServer(server, patient)
		t.Cleanup(func() { _ = s.Close() })
		return sessiontest.Store{
			Open:   func(t *testing.T) session.Records { return s.Sessions() },
			Expire: func(t *testing.T, ttl time.Duration) { server.FastForward(ttl) },
		}
	})
}

func TestEveryKeyHasATimeToLive(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.URL(), patient)
	r, ctx := s.Sessions(), t.Context()
	if err := s.Ping(ctx); err != nil {
		t.Fatal(err)
	}
	_, err1 := r.SetNX(ctx, "added", []byte("v"), time.Hour)
	_, err2 := r.SetNX(ctx, "replaced", []byte("v"), time.Hour)
	_, err3 := r.CompareAndSwap(ctx, "replaced", []byte("v"), []byte("w"), time.Hour)
	_, _, err4 := r.GetSet(ctx, "swapped", []byte("v"), time.Hour)
	_, _, err5 := r.GetSet(ctx, "swapped", []byte("w"), time.Hour)
	_, err6 := r.SetNX(ctx, "zero", []byte("v"), 0)
	err7 := s.Documents(10).Keep(ctx, "kept", "ann", []byte("v"), time.Hour)
	for _, err := range []error{err1, err2, err3, err4, err5, err6, err7} {
		if err != nil {
			t.Fatal(err)
		}
	}
	client := server.Client()
	keys, err := client.Keys(ctx, "*").Result()
	if err != nil || len(keys) < 4 {
		t.Fatalf("keys = %q, %v; want at least 4", keys, err)
	}
	for _, key := range keys {
		if client.PTTL(ctx, key).Val() == -1 { // Redis' word for never
			t.Errorf("%s has no time to live", key)
		}
	}
}

// A call that is given up because its caller went away must not cost a connection.
func TestClientsThatHangUpCostNoConnections(t *testing.T) {
	server := redistest.Start(t)
	r := open(t, server.URL(), patient).Sessions()
	admin := server.Client()
	connections := func() string {
		t.Helper()
		info, err := admin.InfoMap(t.Context(), "stats").Result()
		if err != nil {
			t.Fatal(err)
		}
		return info["Stats"]["total_connections_received"]
	}
	if _, _, err := r.Get(t.Context(), "n"); err != nil {
		t.Fatal(err)
	}
	before := connections()
	for range 50 {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, _, err := r.Get(ctx, "n"); err != nil {
			t.Fatal(err)
		}
	}
	if after := connections(); after != before {
		t.Errorf("connections went from %s to %s", before, after)
	}
}
