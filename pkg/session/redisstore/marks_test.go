package redisstore_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

// onBothMarks runs a test on a real server and on the one within the process, each with two stores.
func onBothMarks(t *testing.T, behaviour func(t *testing.T, a, b *redisstore.Store)) {
	t.Helper()
	t.Run("server", func(t *testing.T) {
		url := redistest.Start(t).URL()
		behaviour(t, open(t, url, patient), open(t, url, patient))
	})
	t.Run("miniredis", func(t *testing.T) {
		url := "redis://" + miniredis.RunT(t).Addr()
		behaviour(t, open(t, url, patient), open(t, url, patient))
	})
}

func TestAMarkIsToldAndHasAnAge(t *testing.T) {
	onBothMarks(t, func(t *testing.T, a, b *redisstore.Store) {
		here, there := a.Cancellations(), b.Cancellations()
		ctx, stop := context.WithCancel(t.Context())
		heard, ready := make(chan string, 10), make(chan struct{})
		var listening sync.WaitGroup
		listening.Go(func() { here.Listen(ctx, func(name string) { heard <- name }) })
		go func() { // until the subscription is there
			defer close(ready)
			for {
				if err := there.Mark(ctx, "first", time.Minute); err != nil {
					t.Error(err)
				}
				select {
				case <-heard:
					return
				case <-time.After(10 * time.Millisecond):
				}
			}
		}()
		<-ready
		begun := time.Now()
		if err := there.Mark(ctx, "name", time.Minute); err != nil {
			t.Fatal(err)
		}
		for name := range heard {
			if name == "name" {
				break
			}
		}
		age, found, err := here.Age(ctx, "name")
		if took := time.Since(begun) + time.Millisecond; err != nil || !found || age < 0 || age > took {
			t.Errorf("age %v, %v, %v within %v", age, found, err, took)
		}
		if err := here.Clear(ctx, "name"); err != nil {
			t.Error(err)
		}
		if _, found, err := there.Age(ctx, "name"); found || err != nil {
			t.Errorf("found %v, %v", found, err)
		}
		stop()
		listening.Wait()
	})
}

func TestAMarkIsLookedAtInTheTripOfACall(t *testing.T) {
	var trips atomic.Int64
	server := redistest.Start(t)
	s := open(t, server.URL(), counting(server.Addr, &trips))
	marks, values := s.Cancellations(), s.Operations()
	if _, _, err := values.Get(t.Context(), "a"); err != nil { // makes the connection
		t.Fatal(err)
	}
	found := 0
	ctx := marks.Look(t.Context(), "call", func() { found++ })
	steps := []struct { // each leaves to the next what that says
		name string
		do   func() error
	}{
		{"reads what is not there", func() error { _, _, err := values.Get(ctx, "a"); return err }},
		{"adds", func() error { _, err := values.SetNX(ctx, "a", []byte("1"), time.Minute); return err }},
		{"reads", func() error { _, _, err := values.Get(ctx, "a"); return err }},
		{"adds what is there", func() error { _, err := values.SetNX(ctx, "a", []byte("2"), time.Minute); return err }},
	}
	for _, marked := range []bool{false, true} {
		if marked {
			if err := marks.Mark(t.Context(), "call", time.Minute); err != nil {
				t.Fatal(err)
			}
		}
		found = 0
		for _, step := range steps {
			before := trips.Load()
			if err := step.do(); err != nil {
				t.Errorf("%s: %v", step.name, err)
			}
			if n := trips.Load() - before; n != 1 {
				t.Errorf("%s: %d trips", step.name, n)
			}
		}
		if want := map[bool]int{false: 0, true: len(steps)}[marked]; found != want {
			t.Errorf("marked %v: found %d times, want %d", marked, found, want)
		}
	}
	if value, there, err := values.Get(ctx, "a"); err != nil || !there || string(value) != "1" {
		t.Errorf("%q, %v, %v", value, there, err)
	}
	// A look never changes what becomes of its call: a server that is away is an error, and tells
	// of no mark.
	server.Kill()
	found = 0
	if added, err := values.SetNX(ctx, "b", []byte("1"), time.Minute); added || err == nil || found != 0 {
		t.Errorf("added %v, %v, found %d", added, err, found)
	}
	for range 20 { // until it is left alone
		if _, there, err := values.Get(ctx, "a"); there || err == nil || found != 0 {
			t.Errorf("%v, %v, found %d", there, err, found)
		}
	}
}
