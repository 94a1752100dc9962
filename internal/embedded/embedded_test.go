package embedded_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/embedded"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

func TestTheClockWithinTheProcessMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := embedded.Open(redisstore.Options{})
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
	s := embedded.Open(redisstore.Options{})
	defer func() { _ = s.Close() }()
	if err := s.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}
