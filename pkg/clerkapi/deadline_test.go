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

// busy answers the first request with this status and Retry-After, and the next ones well.
func busy(status int, retryAfter string) func(int32, http.ResponseWriter, *http.Request) {
	return func(n int32, w http.ResponseWriter, _ *http.Request) {
		if n == 1 {
			w.Header().Set("Retry-After", retryAfter)
			w.WriteHeader(status)
			return
		}
		_, _ = w.Write([]byte(messageJSON))
	}
}

func TestRetryAfterWithinTheDeadlineIsHonoured(t *testing.T) {
	t.Parallel()
	for name, retryAfter := range map[string]string{
		"seconds": "20",
		"date":    time.Date(2000, 1, 1, 0, 0, 20, 0, time.UTC).Format(http.TimeFormat), // a bubble begins in 2000
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				client := (&pipeAPI{handle: busy(429, retryAfter)}).start(t, clerkapi.Options{})
				resp, err := calls["Messages.Send"](t.Context(), client)
				if err != nil || resp.Attempts != 2 {
					t.Fatalf("%+v, error %v, want a second attempt that succeeds", resp, err)
				}
				if took := time.Since(start); took < 20*time.Second || took > 21*time.Second {
					t.Errorf("it took %v, want 20 to 21 seconds", took)
				}
			})
		})
	}
}

func TestRetryAfterBeyondTheDeadlineEndsTheCallAtOnce(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		method, retryAfter string
		status             int
		reason             error
		want               time.Duration
		outcome            clerkapi.Outcome
	}{
		{"Messages.Send", "31", 429, clerkapi.ErrRateLimited, 31 * time.Second, clerkapi.NotDone},
		{"Messages.Find", "86400", 429, clerkapi.ErrRateLimited, 24 * time.Hour, clerkapi.NotDone},
		{"Messages.Find", "40", 503, clerkapi.ErrServer, 40 * time.Second, clerkapi.NotDone},
		{"Messages.Send", "9999999999999999999999", 429, clerkapi.ErrRateLimited, (1<<31 - 1) * time.Second, clerkapi.NotDone},
		{"Contacts.Update", "Sat, 01 Jan 2000 01:00:00 GMT", 503, clerkapi.ErrServer, time.Hour, clerkapi.Unknown},
	} {
		t.Run(tt.method+"/"+tt.retryAfter, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				client := (&pipeAPI{handle: busy(tt.status, tt.retryAfter)}).start(t, clerkapi.Options{})
				resp, err := calls[tt.method](t.Context(), client)
				e := asError(t, err, tt.reason)
				if e.RetryAfter != tt.want || e.Outcome != tt.outcome || e.Status != tt.status {
					t.Errorf("error is %+v, want RetryAfter %v and outcome %v", e, tt.want, tt.outcome)
				}
				if took := time.Since(start); took != 0 || resp.Attempts != 1 {
					t.Errorf("it took %v and %d attempts, want one attempt and no wait", took, resp.Attempts)
				}
			})
		})
	}
}

func TestADateInRetryAfterIsReadAgainstTheGivenClock(t *testing.T) {
	t.Parallel()
	now := func() time.Time { return time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC) }
	client := (&pipeAPI{handle: busy(429, "Mon, 23 Nov 2026 10:00:00 GMT")}).start(t, clerkapi.Options{Now: now})
	_, err := calls["Messages.Send"](t.Context(), client)
	if e := asError(t, err, clerkapi.ErrRateLimited); e.RetryAfter != time.Hour {
		t.Errorf("RetryAfter is %v, want 1h", e.RetryAfter)
	}
}

func TestARetryAfterThatSaysNothingIsIgnored(t *testing.T) {
	t.Parallel()
	for _, retryAfter := range []string{"", "0", "-5", "soon", "1.5", "Sat, 01 Jan 1999 00:00:00 GMT"} {
		t.Run(retryAfter, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				client := (&pipeAPI{handle: busy(429, retryAfter)}).start(t, clerkapi.Options{})
				if _, err := calls["Messages.Send"](t.Context(), client); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(start); took > 250*time.Millisecond {
					t.Errorf("it waited %v, want the usual 250 ms at most", took)
				}
			})
		})
	}
}

func TestOneDeadlineIsOverAttemptsWaitsAndTheAnswer(t *testing.T) {
	t.Parallel()
	hang := func(r *http.Request) { <-r.Context().Done() }
	silent := func(_ int32, _ http.ResponseWriter, r *http.Request) { hang(r) }
	endless := func(_ int32, w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(201)
		_, _ = w.Write([]byte(`{"data":`))
		_ = http.NewResponseController(w).Flush()
		hang(r)
	}
	second := func(n int32, w http.ResponseWriter, r *http.Request) {
		if n == 1 {
			w.Header().Set("Retry-After", "20")
			w.WriteHeader(429)
			return
		}
		hang(r)
	}
	tests := map[string]struct {
		method  string
		api     *pipeAPI
		outcome clerkapi.Outcome
		status  int
	}{
		"a read that is not answered":      {"Messages.Find", &pipeAPI{handle: silent}, clerkapi.NotDone, 0},
		"a send that is not answered":      {"Messages.Send", &pipeAPI{handle: silent}, clerkapi.Unknown, 0},
		"a send whose answer does not end": {"Messages.Send", &pipeAPI{handle: endless}, clerkapi.Done, 201},
		"the second attempt of a send":     {"Messages.Send", &pipeAPI{handle: second}, clerkapi.Unknown, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				_, err := calls[tt.method](t.Context(), tt.api.start(t, clerkapi.Options{}))
				e := asError(t, err, clerkapi.ErrTimeout)
				if e.Outcome != tt.outcome || e.Status != tt.status {
					t.Errorf("error is %+v, want outcome %v and status %d", e, tt.outcome, tt.status)
				}
				if took := time.Since(start); took != 30*time.Second {
					t.Errorf("it took %v, want 30 s", took)
				}
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("the cause is %v, want the deadline", errors.Unwrap(err))
				}
			})
		})
	}
}

func TestATimeOutBeforeAConnectionWasHadIsNotDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		_, err := calls["Messages.Send"](t.Context(), (&pipeAPI{mute: true}).start(t, clerkapi.Options{}))
		if e := asError(t, err, clerkapi.ErrTimeout); e.Outcome != clerkapi.NotDone {
			t.Errorf("outcome is %v, want not done", e.Outcome)
		}
	})
}

func TestACallerThatGivesUpIsToldWhatIsKnown(t *testing.T) {
	t.Parallel()
	for method, outcome := range map[string]clerkapi.Outcome{
		"Messages.Find": clerkapi.NotDone, "Messages.Send": clerkapi.Unknown, "Contacts.Delete": clerkapi.Unknown,
	} {
		t.Run("during an attempt/"+method, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				api := &pipeAPI{handle: func(_ int32, _ http.ResponseWriter, r *http.Request) {
					cancel()
					<-r.Context().Done()
				}}
				_, err := calls[method](ctx, api.start(t, clerkapi.Options{}))
				if e := asError(t, err, clerkapi.ErrCanceled); e.Outcome != outcome || !errors.Is(err, context.Canceled) {
					t.Errorf("error is %+v, want outcome %v", e, outcome)
				}
			})
		})
	}
	for method, outcome := range map[string]clerkapi.Outcome{
		"Messages.Find": clerkapi.NotDone, "Messages.Send": clerkapi.NotDone, "Contacts.Delete": clerkapi.NotDone,
	} {
		t.Run("during a wait/"+method, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
				defer cancel()
				time.AfterFunc(3*time.Second, cancel)
				client := (&pipeAPI{handle: busy(429, "20")}).start(t, clerkapi.Options{})
				resp, err := calls[method](ctx, client)
				if e := asError(t, err, clerkapi.ErrCanceled); e.Outcome != outcome || resp.Attempts != 1 {
					t.Errorf("error is %+v after %d attempts, want outcome %v after one", e, resp.Attempts, outcome)
				}
			})
		})
		t.Run("before the call/"+method, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				api := &pipeAPI{handle: always(200, "")}
				resp, err := calls[method](ctx, api.start(t, clerkapi.Options{}))
				if e := asError(t, err, clerkapi.ErrCanceled); e.Outcome != outcome || resp != nil || api.dials.Load() != 0 {
					t.Errorf("error is %+v, response %v, dials %d; want nothing sent", e, resp, api.dials.Load())
				}
			})
		})
	}
}

func TestADeadlineOfTheCallerIsATimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		api := &pipeAPI{handle: busy(429, "2")}
		_, err := calls["Messages.Send"](ctx, api.start(t, clerkapi.Options{}))
		if e := asError(t, err, clerkapi.ErrRateLimited); e.RetryAfter != 2*time.Second {
			t.Errorf("error is %+v, want to be told to wait 2 s", e)
		}
		api = &pipeAPI{handle: func(_ int32, _ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }}
		_, err = calls["Messages.Send"](ctx, api.start(t, clerkapi.Options{}))
		_ = asError(t, err, clerkapi.ErrTimeout)
	})
}
