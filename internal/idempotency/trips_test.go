package idempotency_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

// What a call waits for is counted in trips to the store: some are made at the same time.
func TestStoreRoundTripsPerCall(t *testing.T) {
	for name, tc := range map[string]struct {
		operation func(a *api, i int) task
		trips     int
	}{
		"a message": {func(a *api, i int) task {
			return a.message(fmt.Sprint("k", i), fmt.Sprint("text", i), outcome{})
		}, 6},
		"a message sent before":  {func(a *api, i int) task { return a.message(fmt.Sprint("k", i), "text", outcome{}) }, 6},
		"a contact":              {func(a *api, i int) task { return a.contact(fmt.Sprint("k", i), "Jane", outcome{}) }, 4},
		"the same message again": {func(a *api, _ int) task { return a.message("k", "text", outcome{}) }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			inTime(t, func(t *testing.T) {
				_, p := running(t, 1)
				var a api
				do(t.Context(), p[0], tc.operation(&a, 0))
				time.Sleep(time.Minute)
				p[0].line.set(func(l *line) { l.delay = 10 * time.Millisecond })
				begun := time.Now()
				do(t.Context(), p[0], tc.operation(&a, 1))
				if trips := int(time.Since(begun) / (10 * time.Millisecond)); trips != tc.trips {
					t.Errorf("%d trips; want %d", trips, tc.trips)
				}
			})
		})
	}
}

func TestAnExpiredLossCostsNoRoundTrip(t *testing.T) {
	inTime(t, func(t *testing.T) {
		s, p := running(t, 1, rarely)
		var a api
		s.lose()
		want(t, p[0], a.contact("k", "Jane", outcome{}), mcpadapter.StoreReset)
		time.Sleep(25 * time.Hour)
		want(t, p[0], a.contact("l", "Jane", outcome{}), mcpadapter.Executed)
		p[0].line.set(func(l *line) { l.count = 0 })
		want(t, p[0], a.contact("m", "Jane", outcome{}), mcpadapter.Executed)
		p[0].line.set(func(l *line) {
			if l.count != 4 {
				t.Errorf("%d operations; want 4", l.count)
			}
		})
	})
}

// BenchmarkDo is what a call costs besides its request, on a real Redis, and how many operations it
// makes there.
func BenchmarkDo(b *testing.B) {
	for name, operation := range map[string]func(a *api, i int) task{
		"message": func(a *api, i int) task {
			return a.message(fmt.Sprint("k", i), fmt.Sprint("text", i), outcome{})
		},
		"contact": func(a *api, i int) task { return a.contact(fmt.Sprint("k", i), "Jane", outcome{}) },
		"replay":  func(a *api, _ int) task { return a.contact("k", "Jane", outcome{}) },
	} {
		for _, fsync := range []string{"no", "always"} {
			b.Run(name+"/appendfsync="+fsync, func(b *testing.B) {
				server := redistest.Start(b, "--appendonly", "yes", "--appendfsync", fsync)
				s, err := redisstore.Open(server.URL(), redisstore.Options{Timeout: 10 * time.Second})
				if err != nil {
					b.Fatal(err)
				}
				defer func() { _ = s.Close() }()
				p := start(b, redisParts{Store: s})
				do(context.Background(), p, task{mcpadapter.Operation{Key: "first"}, func(ctx context.Context, commit func(context.Context) error) mcpadapter.Attempted {
					_ = commit(ctx) // which waits for other processes
					return mcpadapter.Attempted{Outcome: clerkapi.Done}
				}})
				var a api
				p.line.set(func(l *line) { l.count = 0 })
				b.ResetTimer()
				for i := range b.N {
					do(context.Background(), p, operation(&a, i))
				}
				b.StopTimer()
				p.line.set(func(l *line) { b.ReportMetric(float64(l.count)/float64(b.N), "operations/op") })
			})
		}
	}
}
