package sessiontest

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/session"
)

// Store is one store as several replicas see it.
type Store struct {
	// Open gives a replica's own view; all of them are one store, empty at first.
	Open func(t *testing.T) session.Records
	// Expire lets so much time pass for the store that a value with this time to live is gone.
	Expire func(t *testing.T, ttl time.Duration)
}

// Records tests that a store behaves as session.Records says. Each test gets a store of its own.
func Records(t *testing.T, open func(t *testing.T) Store) {
	for name, test := range map[string]func(t *testing.T, s Store){
		"a name without a value is not found":                      notFound,
		"a value added is what every replica gets":                 added,
		"a value is added once, whoever tries":                     addedOnce,
		"a value is replaced only if it is the old one":            replaced,
		"a value is replaced once, whoever tries":                  replacedOnce,
		"swap gives the value before and leaves the new one":       swapped,
		"values are bytes of any kind":                             binary,
		"a value expires":                                          expires,
		"every write renews the time to live":                      renewed,
		"scan gives every record with a prefix":                    scanned,
		"scan ends when its reader has enough":                     scanEnds,
		"a caller that went away does not fail the call":           abandoned,
		"a caller without time left gets an error, not an absence": timeless,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func get(t *testing.T, r session.Records, name string) (string, bool) {
	t.Helper()
	value, found, err := r.Get(t.Context(), name)
	if err != nil {
		t.Fatalf("Get: %v", err)
	}
	return string(value), found
}

func wantValue(t *testing.T, r session.Records, name, want string) {
	t.Helper()
	if got, found := get(t, r, name); !found || got != want {
		t.Errorf("%s = %q, %v; want %q", name, got, found, want)
	}
}

func add(t *testing.T, r session.Records, name, value string, ttl time.Duration) bool {
	t.Helper()
	added, err := r.SetNX(t.Context(), name, []byte(value), ttl)
	if err != nil {
		t.Fatalf("Add: %v", err)
	}
	return added
}

func replace(t *testing.T, r session.Records, name, old, value string, ttl time.Duration) bool {
	t.Helper()
	replaced, err := r.CompareAndSwap(t.Context(), name, []byte(old), []byte(value), ttl)
	if err != nil {
		t.Fatalf("Replace: %v", err)
	}
	return replaced
}

func notFound(t *testing.T, s Store) {
	r := s.Open(t)
	if got, found := get(t, r, "n"); found || got != "" {
		t.Errorf("Get = %q, %v; want nothing", got, found)
	}
	if replace(t, r, "n", "", "new", time.Minute) || replace(t, r, "n", "old", "new", time.Minute) {
		t.Error("Replace replaced nothing")
	}
	if _, found := get(t, r, "n"); found {
		t.Error("Replace left a value")
	}
}

func added(t *testing.T, s Store) {
	a, b := s.Open(t), s.Open(t)
	if !add(t, a, "n", "v", time.Minute) {
		t.Fatal("not added")
	}
	wantValue(t, a, "n", "v")
	wantValue(t, b, "n", "v")
	if add(t, b, "n", "w", time.Minute) {
		t.Error("added twice")
	}
	wantValue(t, a, "n", "v")
	if _, found := get(t, b, "other"); found {
		t.Error("another name has a value")
	}
}

func race(t *testing.T, s Store, try func(r session.Records, i int) (bool, error)) {
	t.Helper()
	replicas := []session.Records{s.Open(t), s.Open(t)}
	var won atomic.Int32
	var wg sync.WaitGroup
	for i := range 10 {
		wg.Go(func() {
			ok, err := try(replicas[i%2], i)
			if err != nil {
				t.Error(err)
			}
			if ok {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d of 10 won, want 1", won.Load())
	}
}

func addedOnce(t *testing.T, s Store) {
	race(t, s, func(r session.Records, i int) (bool, error) {
		return r.SetNX(t.Context(), "n", fmt.Append(nil, i), time.Minute)
	})
}

func replacedOnce(t *testing.T, s Store) {
	add(t, s.Open(t), "n", "old", time.Minute)
	race(t, s, func(r session.Records, i int) (bool, error) {
		return r.CompareAndSwap(t.Context(), "n", []byte("old"), fmt.Append(nil, i), time.Minute)
	})
}

func replaced(t *testing.T, s Store) {
	a, b := s.Open(t), s.Open(t)
	add(t, a, "n", "1", time.Minute)
	if replace(t, b, "n", "other", "2", time.Minute) {
		t.Error("replaced another value")
	}
	wantValue(t, a, "n", "1")
	if !replace(t, b, "n", "1", "2", time.Minute) {
		t.Error("not replaced")
	}
	wantValue(t, a, "n", "2")
}

func swapped(t *testing.T, s Store) {
	a, b := s.Open(t), s.Open(t)
	if old, found, err := a.GetSet(t.Context(), "n", []byte("1"), time.Minute); found || len(old) != 0 || err != nil {
		t.Errorf("Swap = %q, %v, %v; want nothing", old, found, err)
	}
	wantValue(t, b, "n", "1")
	if old, found, err := b.GetSet(t.Context(), "n", []byte("2"), time.Minute); !found || string(old) != "1" || err != nil {
		t.Errorf("Swap = %q, %v, %v; want 1", old, found, err)
	}
	wantValue(t, a, "n", "2")
}

func binary(t *testing.T, s Store) {
	r := s.Open(t)
	value := make([]byte, 256)
	for i := range value {
		value[i] = byte(i)
	}
	next := append(bytes.Clone(value), "\r\n$-1\r\n"...)
	if !add(t, r, "n", string(value), time.Minute) || !replace(t, r, "n", string(value), string(next), time.Minute) {
		t.Error("not added and replaced")
	}
	wantValue(t, r, "n", string(next))
}

func expires(t *testing.T, s Store) {
	r := s.Open(t)
	const ttl = 50 * time.Millisecond
	add(t, r, "short", "v", ttl)
	add(t, r, "long", "v", time.Hour)
	s.Expire(t, ttl)
	if _, found := get(t, r, "short"); found {
		t.Error("it did not expire")
	}
	wantValue(t, r, "long", "v")
	if !add(t, r, "short", "again", time.Minute) {
		t.Error("what has expired cannot be added again")
	}
}

func renewed(t *testing.T, s Store) {
	r := s.Open(t)
	const ttl = 50 * time.Millisecond
	for add(t, r, "replaced", "v", ttl); !replace(t, r, "replaced", "v", "w", time.Hour); { // a busy machine may be too late
		add(t, r, "replaced", "v", ttl)
	}
	add(t, r, "swapped", "v", ttl)
	if _, _, err := r.GetSet(t.Context(), "swapped", []byte("w"), time.Hour); err != nil {
		t.Fatal(err)
	}
	s.Expire(t, ttl)
	wantValue(t, r, "replaced", "w")
	wantValue(t, r, "swapped", "w")
}

func scanned(t *testing.T, s Store) {
	r := s.Open(t)
	want := map[string]string{}
	for i := range 1200 {
		name := fmt.Sprintf("a%d", i)
		want[name] = "v" + name
		add(t, r, name, want[name], time.Minute)
	}
	add(t, r, "b1", "x", time.Minute)
	add(t, r, "B-_", "x", time.Minute)
	got := map[string]string{}
	for rec, err := range s.Open(t).Scan(t.Context(), "a") {
		if err != nil {
			t.Fatal(err)
		}
		got[rec.Name] = string(rec.Value)
	}
	if !maps.Equal(got, want) {
		t.Errorf("Scan of a gave %d records, want %d", len(got), len(want))
	}
	var names []string
	for rec, err := range r.Scan(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(rec.Name, "a") && !slices.Contains(names, rec.Name) {
			names = append(names, rec.Name)
		}
	}
	slices.Sort(names)
	if !slices.Equal(names, []string{"B-_", "b1"}) {
		t.Errorf("Scan of everything gave besides a… %q, want B-_ and b1", names)
	}
}

func scanEnds(t *testing.T, s Store) {
	r := s.Open(t)
	for i := range 10 {
		add(t, r, fmt.Sprint(i), "v", time.Minute)
	}
	n := 0
	for _, err := range r.Scan(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		n++
		break
	}
	if n != 1 {
		t.Errorf("%d records, want 1", n)
	}
}

func abandoned(t *testing.T, s Store) {
	r := s.Open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if added, err := r.SetNX(ctx, "n", []byte("v"), time.Minute); err != nil || !added {
		t.Errorf("Add = %v, %v; want it added", added, err)
	}
	if _, found, err := r.Get(ctx, "n"); err != nil || !found {
		t.Errorf("Get = %v, %v; want it found", found, err)
	}
}

func timeless(t *testing.T, s Store) {
	r := s.Open(t)
	add(t, r, "n", "v", time.Minute)
	ctx, cancel := context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
	defer cancel()
	if _, found, err := r.Get(ctx, "n"); err == nil {
		t.Errorf("Get = %v, no error", found)
	}
	wantValue(t, r, "n", "v")
}
