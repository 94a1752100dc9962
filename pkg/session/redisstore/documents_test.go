package redisstore_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/embedded"
	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

// onBothDocuments runs a behaviour over a real server and over the Redis within the process; open
// gives what one replica has.
func onBothDocuments(t *testing.T, behaviour func(t *testing.T, open func(limit int) *redisstore.Documents)) {
	t.Run("real", func(t *testing.T) {
		server := redistest.Start(t)
		behaviour(t, func(limit int) *redisstore.Documents { return open(t, server.URL(), patient).Documents(limit) })
	})
	t.Run("embedded", func(t *testing.T) {
		s := embedded.Open(patient)
		t.Cleanup(func() { _ = s.Close() })
		behaviour(t, s.Documents)
	})
}

func keep(t *testing.T, d *redisstore.Documents, name, owner string) {
	t.Helper()
	keepFor(t, d, name, owner, time.Hour)
}

func keepFor(t *testing.T, d *redisstore.Documents, name, owner string, life time.Duration) {
	t.Helper()
	if err := d.Keep(t.Context(), name, owner, []byte("document "+name), life); err != nil {
		t.Fatal(err)
	}
}

// kept gives which of some names are kept.
func kept(t *testing.T, d *redisstore.Documents, names ...string) []string {
	t.Helper()
	var there []string
	for _, name := range names {
		value, found, err := d.Get(t.Context(), name)
		if err != nil || found && string(value) != "document "+name {
			t.Fatalf("%s: %q %v", name, value, err)
		}
		if found {
			there = append(there, name)
		}
	}
	return there
}

func wantKept(t *testing.T, d *redisstore.Documents, all []string, want ...string) {
	t.Helper()
	if got := kept(t, d, all...); !slices.Equal(got, want) {
		t.Errorf("kept %v, want %v", got, want)
	}
}

func TestDocumentsAreKeptForAllReplicasUntilDropped(t *testing.T) {
	onBothDocuments(t, func(t *testing.T, open func(int) *redisstore.Documents) {
		a, b := open(10), open(10)
		keep(t, a, "one", "ann")
		keep(t, b, "two", "bob")
		wantKept(t, a, []string{"one", "two", "three"}, "one", "two")
		for _, want := range []bool{true, false} {
			if dropped, err := b.Drop(t.Context(), "one"); dropped != want || err != nil {
				t.Errorf("%v %v", dropped, err)
			}
		}
		wantKept(t, a, []string{"one", "two"}, "two")
	})
}

func TestWhoBringsManyDocumentsPushesOutTheirOwn(t *testing.T) {
	onBothDocuments(t, func(t *testing.T, open func(int) *redisstore.Documents) {
		d := open(4)
		all := []string{"ann", "shared", "m1", "m2", "m3", "m4", "m5"}
		keep(t, d, "ann", "ann")
		keep(t, d, "shared", "mallory")
		keep(t, d, "shared", "bob") // several people's
		life := time.Hour
		later := func(name string) { // ends after all others, however coarse the server's clock is
			life += time.Second
			keepFor(t, d, name, "mallory", life)
		}
		for i := 1; i <= 5; i++ {
			later(fmt.Sprintf("m%d", i))
		}
		wantKept(t, d, all, "ann", "shared", "m4", "m5")
		keep(t, d, "shared", "mallory") // it stays several people's
		for _, name := range []string{"m1", "m2", "m3"} {
			later(name)
		}
		wantKept(t, d, all, "ann", "shared", "m2", "m3")
	})
}

func TestDocumentsStayWithinTheirBoundWhenKeptAtOnce(t *testing.T) {
	onBothDocuments(t, func(t *testing.T, open func(int) *redisstore.Documents) {
		var names []string
		var wg sync.WaitGroup
		for r := range 4 {
			d := open(10)
			for i := range 10 {
				name := fmt.Sprintf("r%dn%d", r, i)
				names = append(names, name)
				wg.Go(func() { _ = d.Keep(t.Context(), name, fmt.Sprint("owner", r), []byte("document "+name), time.Hour) })
			}
		}
		wg.Wait()
		if got := kept(t, open(10), names...); len(got) != 10 {
			t.Errorf("%d are kept: %v", len(got), got)
		}
	})
}

func TestDocumentsEnd(t *testing.T) {
	onBothDocuments(t, func(t *testing.T, open func(int) *redisstore.Documents) {
		d := open(2)
		if err := d.Keep(t.Context(), "short", "ann", []byte("x"), 50*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		testkit.Eventually(t, "it is not kept any more", func() bool {
			_, found, err := d.Get(t.Context(), "short")
			return err == nil && !found
		})
	})
}
