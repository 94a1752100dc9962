package clerkapi_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// Whoever gives up stops what has not begun: another attempt. One that has is finished.
func TestGivingUpEndsAWaitAndNoAttempt(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		when     time.Duration // the first answer comes after 5 s, the second attempt begins 20 s later and takes 5 s
		attempts int
		reason   error
		took     time.Duration // 0: not looked at
	}{
		"before it begins":         {0, 1, clerkapi.ErrRateLimited, 5 * time.Second},
		"in the first attempt":     {2 * time.Second, 1, clerkapi.ErrRateLimited, 5 * time.Second},
		"in the wait":              {15 * time.Second, 1, clerkapi.ErrCanceled, 15 * time.Second},
		"in the second attempt":    {27 * time.Second, 2, nil, 0},
		"after the second attempt": {time.Hour, 2, nil, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				answer := busy(429, "20")
				client := (&pipeAPI{handle: func(n int32, w http.ResponseWriter, r *http.Request) {
					time.Sleep(5 * time.Second)
					answer(n, w, r)
				}}).start(t, clerkapi.Options{Timeout: time.Minute})
				given, giveUp := context.WithCancel(context.Background())
				defer giveUp()
				if tt.when == 0 {
					giveUp()
				} else {
					defer time.AfterFunc(tt.when, giveUp).Stop()
				}
				start := time.Now()
				until := client.Until(given)
				resp, err := calls["Messages.Send"](t.Context(), until)
				if !errors.Is(err, tt.reason) || resp == nil || resp.Attempts != tt.attempts {
					t.Fatalf("%+v, error %v; want %d attempts and %v", resp, err, tt.attempts, tt.reason)
				}
				var failure *clerkapi.Error
				if errors.As(err, &failure) && failure.Outcome != clerkapi.NotDone {
					t.Errorf("outcome %v", failure.Outcome)
				}
				if took := time.Since(start); tt.took > 0 && took != tt.took {
					t.Errorf("it took %v", took)
				}
				if until.GivenUp() != (given.Err() != nil) || client.GivenUp() {
					t.Error("a client tells another thing than its caller did")
				}
			})
		})
	}
}
