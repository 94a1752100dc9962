package clerkapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// outage is an API that answers like this until it is told otherwise.
type outage struct {
	status int
	pipe   pipeAPI
	client *clerkapi.Client
}

func newOutage(t *testing.T, status int) *outage {
	t.Helper()
	o := &outage{status: status}
	o.pipe.handle = func(_ int32, w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(o.status)
		_, _ = w.Write([]byte(messageJSON))
	}
	o.client = o.pipe.start(t, clerkapi.Options{CircuitFailures: 3, CircuitPause: 10 * time.Second, MaxAttempts: 1})
	return o
}

// send makes a call and tells whether it reached the API.
func (o *outage) send(t *testing.T, client *clerkapi.Client) (reached bool, err error) {
	t.Helper()
	before := o.pipe.requests.Load()
	_, _, err = client.Messages.Send(t.Context(), &clerkapi.SendMessageRequest{Sender: "s", Recipients: []string{"r"}, Body: "b"})
	return o.pipe.requests.Load() > before, err
}

func TestAnAPIThatFailsPersistentlyIsLeftAloneForAWhile(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newOutage(t, 500)
		for range 3 {
			if reached, err := api.send(t, api.client); !reached || !errors.Is(err, clerkapi.ErrServer) {
				t.Fatalf("reached %v, %v", reached, err)
			}
		}
		time.Sleep(4 * time.Second)
		reached, err := api.send(t, api.client)
		var e *clerkapi.Error
		if reached || !errors.As(err, &e) || !errors.Is(err, clerkapi.ErrPaused) || e.Outcome != clerkapi.NotDone {
			t.Fatalf("reached %v, %v", reached, err)
		}
		if e.RetryAfter != 6*time.Second {
			t.Errorf("try again in %v; want 6s", e.RetryAfter)
		}
		time.Sleep(6 * time.Second)
		if reached, _ = api.send(t, api.client); !reached {
			t.Error("after the pause nobody looks whether the API is back")
		}
		if reached, _ = api.send(t, api.client); reached {
			t.Error("it is not back, and is asked again at once")
		}
		time.Sleep(10 * time.Second)
		api.status = 200
		for range 5 {
			if reached, err = api.send(t, api.client); !reached || err != nil {
				t.Fatalf("it is back: reached %v, %v", reached, err)
			}
		}
	})
}

func TestAPauseIsOfOneOperationAndOneCredential(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newOutage(t, 503)
		for range 3 {
			_, _ = api.send(t, api.client)
		}
		if reached, _ := api.send(t, api.client.As(clerkapi.APIKey("key-of-bob"))); !reached {
			t.Error("another credential is kept waiting")
		}
		if _, _, err := api.client.Messages.Find(t.Context(), nil); errors.Is(err, clerkapi.ErrPaused) {
			t.Error("another operation is kept waiting")
		}
	})
}

func TestWhatIsNotTheAPIsFaultDoesNotPauseIt(t *testing.T) {
	t.Parallel()
	for _, status := range []int{400, 401, 403, 404, 422, 429} {
		synctest.Test(t, func(t *testing.T) {
			api := newOutage(t, status)
			for range 10 {
				if reached, _ := api.send(t, api.client); !reached {
					t.Fatalf("after answers of %d the API is left alone", status)
				}
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		api := newOutage(t, 200)
		api.pipe.handle = func(int32, http.ResponseWriter, *http.Request) { time.Sleep(time.Second) }
		for range 10 {
			ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
			_, _, err := api.client.Messages.Find(ctx, nil)
			cancel()
			if errors.Is(err, clerkapi.ErrPaused) {
				t.Fatal("callers that do not wait have it left alone")
			}
		}
		time.Sleep(time.Minute)
	})
}

func TestFailuresBetweenSuccessesDoNotAddUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newOutage(t, 500)
		for range 5 {
			for _, status := range []int{500, 500, 200} {
				api.status = status
				if reached, _ := api.send(t, api.client); !reached {
					t.Fatal("left alone after two failures")
				}
			}
		}
	})
}

func TestAfterAPauseOneCallTriesAndTheOthersWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newOutage(t, 500)
		for range 3 {
			_, _ = api.send(t, api.client)
		}
		time.Sleep(10 * time.Second)
		api.pipe.handle = func(_ int32, w http.ResponseWriter, _ *http.Request) {
			time.Sleep(5 * time.Second)
			w.WriteHeader(500)
		}
		before := api.pipe.requests.Load()
		done := make(chan struct{})
		for range 4 {
			go func() {
				defer func() { done <- struct{}{} }()
				_, _ = api.send(t, api.client)
			}()
		}
		for range 4 {
			<-done
		}
		if n := api.pipe.requests.Load() - before; n != 1 {
			t.Errorf("%d calls tried; want 1", n)
		}
	})
}

func TestCredentialsThatFailedAndAreGoneDoNotKeepOthersFromAPause(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := newOutage(t, 500)
		left := func(credential string) bool {
			client := api.client.As(clerkapi.Bearer(credential))
			for range 3 {
				_, _ = api.send(t, client)
			}
			reached, _ := api.send(t, client)
			return !reached
		}
		for i := range clerkapi.MaxCircuits {
			_, _ = api.send(t, api.client.As(clerkapi.Bearer(fmt.Sprint("token-", i))))
		}
		if left("one-too-many") {
			t.Error("more is remembered than is allowed")
		}
		time.Sleep(time.Hour)
		if !left("an-hour-later") {
			t.Error("what failed an hour ago is remembered, and keeps the API from being left alone")
		}
	})
}
