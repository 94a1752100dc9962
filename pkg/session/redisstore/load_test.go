package redisstore_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
)

// A process whose every step takes longer than the time-out, since it has more to do than processors, loses no call. Where
// others keep Redis itself from running for seconds that is an outage, so one of several loads has to show it.
func TestAProcessStarvedByItsOwnLoadFindsNoOutage(t *testing.T) {
	const loads = 4
	for load := range loads {
		troubles := starve(t)
		if len(troubles) == 0 {
			return
		}
		t.Logf("load %d: %d troubles, the first: %s", load+1, len(troubles), troubles[0])
	}
	t.Errorf("all of %d loads were taken for an outage", loads)
}

// starve makes many calls while the process has far more to do than processors, and gives what went wrong.
func starve(t *testing.T) []string {
	t.Helper()
	var mu sync.Mutex
	var troubles []string
	trouble := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		troubles = append(troubles, fmt.Sprintf(format, args...))
	}
	server := redistest.Start(t)
	s := open(t, server.URL(), redisstore.Options{Timeout: 100 * time.Millisecond, OnChange: func(kind redisstore.Kind, up bool) {
		trouble("told %q, up %v", kind, up)
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
			if _, _, err := s.Sessions().GetSet(t.Context(), fmt.Sprint(i), []byte("v"), time.Minute); err != nil {
				trouble("call %d: %v", i, err)
			}
		})
	}
	calls.Wait()
	close(done)
	busy.Wait()
	mu.Lock()
	defer mu.Unlock()
	return troubles
}
