package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

// counted counts what is written to a server: a command, or several that wait for one answer.
type counted struct {
	net.Conn
	writes *atomic.Int64
}

func (c counted) Write(b []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(b)
}

func counting(addr string, writes *atomic.Int64) redisstore.Options {
	opts := patient
	opts.Dial = func(ctx context.Context) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		return counted{c, writes}, err
	}
	return opts
}

func TestWhatIsExpectedIsReadInOneTrip(t *testing.T) {
	var trips atomic.Int64
	server := redistest.Start(t)
	s := open(t, server.URL(), counting(server.Addr, &trips))
	sessions, grants, links := s.Sessions(), s.Grants(), s.PersonalKeys()
	add(t, sessions, "name", "session")
	add(t, grants, "name", "grant")

	ctx := s.ReadAhead(t.Context())
	sessions.Expect(ctx, "name")
	grants.Expect(ctx, "name")
	links.Expect(ctx, "name")
	before := trips.Load()
	for _, want := range []struct {
		bucket *redisstore.Keyspace
		value  string
	}{{grants, "grant"}, {links, ""}, {sessions, "session"}} {
		if value, found, err := want.bucket.Get(ctx, "name"); err != nil || string(value) != want.value || found != (want.value != "") {
			t.Errorf("Get = %q, %v, %v; want %q", value, found, err, want.value)
		}
	}
	if n := trips.Load() - before; n != 1 {
		t.Errorf("%d trips, want 1", n)
	}
}

func TestWhatWasReadAheadIsUsedOnce(t *testing.T) {
	s := open(t, redistest.Start(t).URL(), patient)
	b := s.Sessions()
	add(t, b, "a", "first")
	add(t, b, "b", "first")
	ctx := s.ReadAhead(t.Context())
	b.Expect(ctx, "a")
	b.Expect(ctx, "b")
	for _, want := range []string{"first", "second"} {
		if value, _, err := b.Get(ctx, "a"); err != nil || string(value) != want {
			t.Errorf("Get = %q, %v; want %q", value, err, want)
		}
		if done, err := b.CompareAndSwap(ctx, "a", []byte("first"), []byte("second"), time.Minute); err != nil || done == (want == "second") {
			t.Errorf("Replace = %v, %v", done, err)
		}
	}
}

func TestWhatWasNotExpectedIsReadByItself(t *testing.T) {
	s := open(t, redistest.Start(t).URL(), patient)
	b := s.Sessions()
	add(t, b, "a", "A")
	add(t, b, "b", "B")
	ctx := s.ReadAhead(t.Context())
	b.Expect(ctx, "a")
	for range 2 { // the second one comes too late to be read with the other
		for _, name := range []string{"b", "a"} {
			if value, found, err := b.Get(ctx, name); err != nil || !found || string(value) != map[string]string{"a": "A", "b": "B"}[name] {
				t.Errorf("Get of %s = %q, %v, %v", name, value, found, err)
			}
		}
		b.Expect(ctx, "b")
	}
	b.Expect(t.Context(), "a") // of a context that reads nothing ahead
	if value, _, err := b.Get(t.Context(), "a"); err != nil || string(value) != "A" {
		t.Errorf("Get = %q, %v", value, err)
	}
}

// A store that does not answer says so for each of them, and never that something is not there.
func TestReadingAheadFromAStoreThatIsDownIsAnErrorForAll(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.URL(), patient)
	add(t, s.Grants(), "name", "grant")
	server.Kill()
	for i := range 3 { // the server fails; then it rests
		ctx := s.ReadAhead(t.Context())
		s.Grants().Expect(ctx, "name")
		s.Sessions().Expect(ctx, "name")
		for _, b := range []*redisstore.Keyspace{s.Grants(), s.Sessions()} {
			_, found, err := b.Get(ctx, "name")
			if failure, ok := errors.AsType[*redisstore.Error](err); !ok || found || i > 0 && failure.Kind != redisstore.CircuitOpen {
				t.Errorf("try %d: Get = %v, %v; want an error", i, found, err)
			}
		}
	}
}

func TestReadingAheadFromAClusterAsksEachShardAndFailsForOne(t *testing.T) {
	a, b := startCluster(t)
	s := open(t, "redis+cluster://"+a.Addr, patient)
	onA, onB := nameIn(t, a, true), nameIn(t, a, false)
	wantRecovery(t, func() error {
		_, err := s.Sessions().SetNX(t.Context(), onA, []byte("A"), time.Minute)
		return errors.Join(err, second(s.Sessions().SetNX(t.Context(), onB, []byte("B"), time.Minute)))
	})
	read := func() (values [2]string, errs [2]error) {
		ctx := s.ReadAhead(t.Context())
		for _, name := range []string{onA, onB} {
			s.Sessions().Expect(ctx, name)
		}
		for i, name := range []string{onA, onB} {
			value, _, err := s.Sessions().Get(ctx, name)
			values[i], errs[i] = string(value), err
		}
		return values, errs
	}
	if values, errs := read(); values != [2]string{"A", "B"} || errs != [2]error{} {
		t.Errorf("read %q, %v", values, errs)
	}
	b.Kill()
	wantRecovery(t, func() error {
		if values, errs := read(); values != [2]string{"A", ""} || errs[0] != nil || errs[1] == nil {
			return fmt.Errorf("read %q, %v; want the one that is there, and an error for the other", values, errs)
		}
		return nil
	})
}

func second(_ bool, err error) error { return err }

func add(t *testing.T, b *redisstore.Keyspace, name, value string) {
	t.Helper()
	if ok, err := b.SetNX(t.Context(), name, []byte(value), time.Minute); err != nil || !ok {
		t.Fatalf("Add = %v, %v", ok, err)
	}
}

func TestPrefetchServesEachRequestInOneTrip(t *testing.T) {
	var trips atomic.Int64
	server := redistest.Start(t)
	s := open(t, server.URL(), counting(server.Addr, &trips))
	sessions, grants := s.Sessions(), s.Grants()
	add(t, sessions, "s", "session")
	add(t, grants, "g", "grant")
	h := s.Prefetch(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		grants.Expect(r.Context(), "g")
		for b, name := range map[*redisstore.Keyspace]string{grants: "g", sessions: "s"} {
			if _, found, err := b.Get(r.Context(), name); err != nil || !found {
				t.Errorf("Get of %s = %v, %v", name, found, err)
			}
		}
	}), func(r *http.Request) { sessions.Expect(r.Context(), r.Header.Get("Session")) })
	before := trips.Load()
	for range 2 {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", nil)
		r.Header.Set("Session", "s")
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	if n := trips.Load() - before; n != 2 {
		t.Errorf("%d trips for 2 requests", n)
	}
}
