package idempotency_test

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/clerkchat/mcp-gateway/internal/idempotency"
	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

// redisParts is a Redis as a store.
type redisParts struct {
	*redisstore.Store
	flush func()
}

func (r redisParts) part(name string) idempotency.Records {
	return map[string]idempotency.Records{
		operations: r.Operations(), queues: r.Queues(), fingerprints: r.Fingerprints(), claims: r.Claims(), replicas: r.Replicas(), epochs: r.Epoch(),
	}[name]
}

func (r redisParts) lose() { r.flush() }

// patient is long enough for a loaded machine.
var patient = redisstore.Options{Timeout: 10 * time.Second}

// stores are all that this operations on.
func stores(t *testing.T) map[string]func(t *testing.T) store {
	t.Helper()
	open := func(t *testing.T, url string, opts redisstore.Options, flush func()) store {
		s, err := redisstore.Open(url, opts)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		return redisParts{s, flush}
	}
	return map[string]func(t *testing.T) store{
		"in memory": func(*testing.T) store { return newMemStore() },
		"within the process": func(t *testing.T) store {
			server := miniredis.NewMiniRedis()
			t.Cleanup(server.Close)
			opts := patient
			opts.Dial = func(context.Context) (net.Conn, error) { return server.Dial() }
			return open(t, "redis://127.0.0.1:0", opts, server.FlushAll)
		},
		"on a real server": func(t *testing.T) store {
			server := redistest.Start(t)
			return open(t, server.URL(), patient, func() { server.Do("FLUSHALL") })
		},
	}
}

// quick is for tests in real time. It does not wait for processes that there cannot be.
func quick(o *idempotency.Options) {
	o.Own = true
	o.ReconcileTime = 100 * time.Millisecond
}

func TestEveryStore(t *testing.T) {
	for name, open := range stores(t) {
		t.Run(name, func(t *testing.T) {
			t.Run("what is done is replayed", func(t *testing.T) {
				s := open(t)
				p, q := start(t, s, quick), start(t, s, quick)
				var a api
				first := want(t, p, a.message("k", "text", outcome{}), mcpadapter.Executed)
				again := want(t, q, a.message("k", "text", outcome{}), mcpadapter.Replayed)
				if string(again.Result.Structured) != string(first.Result.Structured) || again.At.Sub(first.At).Abs() > time.Microsecond {
					t.Errorf("%+v, want %+v", again, first)
				}
				want(t, p, a.message("k", "another", outcome{}), mcpadapter.KeyReused)
				want(t, p, a.contact("r", "text", outcome{refused: true}), mcpadapter.Executed)
				want(t, q, a.contact("r", "text", outcome{}), mcpadapter.Executed)
			})
			t.Run("of twins one is done", func(t *testing.T) {
				s := open(t)
				p := []*process{start(t, s, quick), start(t, s, quick), start(t, s, quick)}
				var a api
				var all sync.WaitGroup
				var mu sync.Mutex
				states := map[mcpadapter.State]int{}
				for i := range 30 {
					all.Go(func() {
						f := do(t.Context(), p[i%3], a.message(fmt.Sprint("k", i/10), "text", outcome{takes: time.Millisecond}))
						mu.Lock()
						defer mu.Unlock()
						states[f.State]++
					})
				}
				all.Wait()
				// On a machine that is busy a twin may have come before the owner's first
				// heartbeat, and have looked for it.
				found := states[mcpadapter.Replayed] + states[mcpadapter.Reconciled]
				if states[mcpadapter.Executed] != 3 || found != 27 || len(a.made) != 3 {
					t.Errorf("%v, made %d", states, len(a.made))
				}
			})
			t.Run("what has no answer is found", func(t *testing.T) {
				s := open(t)
				p, q := start(t, s, quick), start(t, s, quick)
				var a api
				want(t, p, a.message("a", "text", outcome{}), mcpadapter.Executed)
				want(t, p, a.message("b", "text", outcome{cut: true}), mcpadapter.Reconciled)
				want(t, q, a.message("b", "text", outcome{}), mcpadapter.Replayed)
				want(t, q, a.message("c", "text", outcome{dropped: true}), mcpadapter.NotFoundYet)
				want(t, p, a.message("c", "text", outcome{}), mcpadapter.NotFoundYet)
				want(t, p, a.message("d", "text", outcome{cut: true}), mcpadapter.Indeterminate)
				want(t, p, a.contact("e", "text", outcome{cut: true}), mcpadapter.Indeterminate)
			})
			t.Run("a loss is found out", func(t *testing.T) {
				s := open(t)
				p, q := start(t, s, quick), start(t, s, quick)
				var a api
				for _, m := range []*process{p, q} { // both know the epoch
					want(t, m, a.message("k", "text", outcome{}), mcpadapter.Executed+mcpadapter.State(len(a.made)))
				}
				s.lose()
				want(t, p, a.message("k", "text", outcome{}), mcpadapter.StoreReset)
				want(t, q, a.message("k", "text", outcome{}), mcpadapter.StoreReset)
				want(t, q, a.message("", "text", outcome{}), mcpadapter.Executed)
			})
			t.Run("secrets rotate", func(t *testing.T) {
				s := open(t)
				p, q := start(t, s, quick, rotation(t)[1]), start(t, s, quick, rotation(t)[2])
				var a api
				want(t, p, a.message("k", "text", outcome{}), mcpadapter.Executed)
				want(t, q, a.message("k", "text", outcome{}), mcpadapter.Replayed)
				want(t, q, a.message("l", "text", outcome{dropped: true}), mcpadapter.NotFoundYet)
				want(t, p, a.message("m", "text", outcome{cut: true}), mcpadapter.Indeterminate)
			})
		})
	}
}

func TestEveryKeyExpires(t *testing.T) {
	server := redistest.Start(t)
	s, err := redisstore.Open(server.URL(), patient)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	p := start(t, redisParts{Store: s}, quick)
	var a api
	want(t, p, a.message("k", "text", outcome{}), mcpadapter.Executed)
	want(t, p, a.message("l", "text", outcome{dropped: true}), mcpadapter.NotFoundYet)
	want(t, p, a.contact("", "Jane", outcome{}), mcpadapter.Executed)
	server.Do("DEL", "gw:e:epoch")
	want(t, p, a.message("m", "text", outcome{}), mcpadapter.StoreReset)
	client := server.Client()
	keys := client.Keys(t.Context(), "*").Val()
	if len(keys) < 7 {
		t.Errorf("only %q", keys)
	}
	for _, key := range keys {
		if client.PTTL(t.Context(), key).Val() == -1 { // -2: it is gone by now
			t.Errorf("%s is kept for ever", key)
		}
		if v := client.Get(t.Context(), key).Val(); len(v) > 1 && (containsAny(v, "text", "Jane", "ann", "send_message")) {
			t.Errorf("%s can be read: %q", key, v)
		}
	}
}

func containsAny(s string, words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(s, w) })
}
