package redisstore_test

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

func TestTheClockWithinTheProcessMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := redisstore.OpenEmbedded(redisstore.Options{})
		defer func() { _ = s.Close() }()
		r := s.Sessions()
		if _, err := r.SetNX(t.Context(), "n", []byte("v"), time.Minute); err != nil {
			t.Fatal(err)
		}
		found := func() bool {
			_, found, err := r.Get(t.Context(), "n")
			if err != nil {
				t.Fatal(err)
			}
			return found
		}
		time.Sleep(59 * time.Second)
		synctest.Wait()
		if !found() {
			t.Error("it is gone after 59 seconds of 60")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if found() {
			t.Error("it is there after 61 seconds of 60")
		}
	})
}

func TestAStoreWithinTheProcessIsReadyAtOnce(t *testing.T) {
	s := redisstore.OpenEmbedded(redisstore.Options{})
	defer func() { _ = s.Close() }()
	if err := s.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestConnectionsCanBeMadeByTheCaller(t *testing.T) {
	server := miniredis.NewMiniRedis()
	defer server.Close()
	s, err := redisstore.Open("redis://127.0.0.1:1", redisstore.Options{
		Dial: func(context.Context) (net.Conn, error) { return server.Dial() },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if err := s.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}
