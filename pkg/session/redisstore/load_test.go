package redisstore_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

// A process whose every step takes longer than the time-out, since it has more to do than processors, loses no call.
func TestAProcessStarvedByItsOwnLoadFindsNoOutage(t *testing.T) {
	server := redistest.Start(t)
	s := open(t, server.URL(), redisstore.Options{Timeout: 100 * time.Millisecond, OnChange: func(kind redisstore.Kind, up bool) {
		t.Errorf("told %q, up %v", kind, up)
	}})
	done := make(chan struct{})
	var busy, calls sync.WaitGroup
	for range 48 {
		busy.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for i := range 400 {
		calls.Go(func() {
			if _, _, err := s.Sessions().Swap(t.Context(), fmt.Sprint(i), []byte("v"), time.Minute); err != nil {
				t.Errorf("call %d: %v", i, err)
			}
		})
	}
	calls.Wait()
	close(done)
	busy.Wait()
}
