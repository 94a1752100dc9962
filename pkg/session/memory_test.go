package session_test

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
)

func realTable(tb testing.TB, server *redistest.Server) *session.Table {
	tb.Helper()
	store, err := redisstore.Open(server.URL(), redisstore.Options{Timeout: 10 * time.Second})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = store.Close() })
	ring, err := seal.New([]byte(secretA))
	if err != nil {
		tb.Fatal(err)
	}
	table, err := session.NewTable(session.Options{
		Sealer: ring.Sealer("session id"), Digest: ring.MAC("session subject"), Records: store.Sessions(),
		Budget: 10 * time.Second,
	})
	if err != nil {
		tb.Fatal(err)
	}
	return table
}

// Redis' own accounting includes the key, but neither the table of expiries nor free slots of its
// hash tables; BenchmarkMemory has those too.
func TestARecordHasAtMost250Bytes(t *testing.T) {
	server := redistest.Start(t)
	table := realTable(t, server)
	for name, info := range map[string]session.Info{
		"usual": info,
		"the most": {
			Subject: strings.Repeat("s", 1000), Version: strings.Repeat("v", 32), Capabilities: 1<<32 - 1,
			ClientName: strings.Repeat("n", 1000), ClientVersion: strings.Repeat("r", 1000),
		},
	} {
		s := create(t, table, info)
		used, err := server.Client().MemoryUsage(t.Context(), "gw:s:"+s.Key()).Result()
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s: %d bytes", name, used)
		if used > 250 {
			t.Errorf("%s: %d bytes", name, used)
		}
	}
}

// BenchmarkMemory tells what a session costs Redis, of 100,000:
//
//	go test -run '^$' -bench Memory -benchtime 100000x ./pkg/session
func BenchmarkMemory(b *testing.B) {
	server := redistest.Start(b)
	table := realTable(b, server)
	client := server.Client()
	used := func() int64 {
		info, err := client.InfoMap(b.Context(), "memory").Result()
		if err != nil {
			b.Fatal(err)
		}
		n, err := strconv.ParseInt(info["Memory"]["used_memory"], 10, 64)
		if err != nil {
			b.Fatal(err)
		}
		return n
	}
	before := used()
	var wg sync.WaitGroup
	work := make(chan struct{})
	for range 8 {
		wg.Go(func() {
			for range work {
				if s, err := table.Create(context.Background(), info); err != nil || s.Unstored {
					b.Errorf("unstored: %v", err)
				}
			}
		})
	}
	for range b.N {
		work <- struct{}{}
	}
	close(work)
	wg.Wait()
	b.ReportMetric(float64(used()-before)/float64(b.N), "redis-bytes/session")
}

// BenchmarkResume is a whole call on a real server: one round trip.
func BenchmarkResume(b *testing.B) {
	table := realTable(b, redistest.Start(b))
	s, err := table.Create(b.Context(), info)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if got, err := table.Resume(context.Background(), s.ID, s.Subject); err != nil || got.Unstored {
				b.Errorf("%+v, %v", got, err)
			}
		}
	})
}
