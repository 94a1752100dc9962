package clerkapi_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// What becomes of a call whose every attempt meets the same fault.
func TestWhatIsRepeatedAndWhatIsKnownAfterwards(t *testing.T) {
	t.Parallel()
	type result struct {
		attempts int
		outcome  clerkapi.Outcome
	}
	type fault struct {
		name                 string
		api                  func() *pipeAPI
		reason               error
		read, repeat, create result
	}
	const all = 3 // MaxAttempts
	answers := func(status int) func() *pipeAPI {
		return func() *pipeAPI { return &pipeAPI{handle: always(status, "")} }
	}
	faults := []fault{
		{"connection refused", func() *pipeAPI { return &pipeAPI{refuse: func(int32) bool { return true }} },
			clerkapi.ErrUnreachable, result{all, clerkapi.NotDone}, result{all, clerkapi.NotDone}, result{all, clerkapi.NotDone}},
		{"TLS handshake broken off", func() *pipeAPI { return &pipeAPI{deaf: true} },
			clerkapi.ErrUnreachable, result{all, clerkapi.NotDone}, result{all, clerkapi.NotDone}, result{all, clerkapi.NotDone}},
		{"connection broken after the request", func() *pipeAPI {
			return &pipeAPI{handle: func(_ int32, w http.ResponseWriter, _ *http.Request) { hangUp(w) }}
		}, clerkapi.ErrInterrupted, result{all, clerkapi.NotDone}, result{all, clerkapi.Unknown}, result{1, clerkapi.Unknown}},
	}
	for _, status := range []int{500, 501, 502, 503, 504, 599} {
		faults = append(faults, fault{strconv.Itoa(status), answers(status), clerkapi.ErrServer,
			result{all, clerkapi.NotDone}, result{all, clerkapi.Unknown}, result{1, clerkapi.Unknown}})
	}
	faults = append(faults, fault{"408", answers(408), clerkapi.ErrTimeout,
		result{all, clerkapi.NotDone}, result{all, clerkapi.Unknown}, result{1, clerkapi.Unknown}})
	for status, reason := range map[int]error{
		400: clerkapi.ErrBadRequest, 401: clerkapi.ErrUnauthorized, 403: clerkapi.ErrForbidden, 404: clerkapi.ErrNotFound,
		422: clerkapi.ErrUnprocessable, 409: clerkapi.ErrRejected, 418: clerkapi.ErrRejected,
		301: clerkapi.ErrRejected, 307: clerkapi.ErrRejected, 308: clerkapi.ErrRejected, 429: clerkapi.ErrRateLimited,
		302: clerkapi.ErrRejected, 303: clerkapi.ErrRejected,
	} {
		attempts, outcome := 1, clerkapi.NotDone
		switch status {
		case 429:
			attempts = all
		case 302, 303: // the usual answers to a form that was taken
			outcome = clerkapi.Unknown
		}
		faults = append(faults, fault{strconv.Itoa(status), answers(status), reason,
			result{attempts, clerkapi.NotDone}, result{attempts, outcome}, result{attempts, outcome}})
	}
	for _, fault := range faults {
		for name, call := range calls {
			want := fault.create
			if slices.Contains(reads, name) {
				want = fault.read
			} else if slices.Contains(repeats, name) {
				want = fault.repeat
			}
			t.Run(fault.name+"/"+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					client := fault.api().start(t, clerkapi.Options{MaxAttempts: all})
					resp, err := call(t.Context(), client)
					e := asError(t, err, fault.reason)
					if got := (result{resp.Attempts, e.Outcome}); got != want {
						t.Errorf("attempts and outcome are %v, want %v", got, want)
					}
					if e.Status != resp.StatusCode {
						t.Errorf("the error has status %d, the response %d", e.Status, resp.StatusCode)
					}
				})
			})
		}
	}
}

func TestEachClassOfMethodIsCovered(t *testing.T) {
	t.Parallel()
	if n := len(reads) + len(repeats) + len(creates); n != len(calls) {
		t.Errorf("%d methods are classed, %d exist", n, len(calls))
	}
}

func TestACallGoesOnAfterAPassingFault(t *testing.T) {
	t.Parallel()
	answers := map[string]string{
		"Messages.Find": `{"data":[],"total":0}`, "Contacts.Search": `{"data":[]}`, "Contacts.Update": `{"data":{}}`,
		"Contacts.Delete": ``, "Messages.Send": messageJSON, "Contacts.Create": `{"data":{}}`,
		"Contacts.CreateBatch": `{"data":[]}`, "Campaigns.Create": `{"data":{}}`,
	}
	faults := map[string]struct {
		names []string
		fault func(p *pipeAPI, answer func(http.ResponseWriter))
	}{
		"refused": {slices.Concat(reads, repeats, creates), func(p *pipeAPI, answer func(http.ResponseWriter)) {
			p.refuse = func(n int32) bool { return n <= 2 }
			p.handle = func(_ int32, w http.ResponseWriter, _ *http.Request) { answer(w) }
		}},
		"too many requests": {slices.Concat(reads, repeats, creates), func(p *pipeAPI, answer func(http.ResponseWriter)) {
			p.handle = func(n int32, w http.ResponseWriter, _ *http.Request) {
				if n <= 2 {
					w.WriteHeader(429)
					return
				}
				answer(w)
			}
		}},
		"server error": {slices.Concat(reads, repeats), func(p *pipeAPI, answer func(http.ResponseWriter)) {
			p.handle = func(n int32, w http.ResponseWriter, _ *http.Request) {
				if n <= 2 {
					w.WriteHeader(503)
					return
				}
				answer(w)
			}
		}},
		"answer cut short": {reads, func(p *pipeAPI, answer func(http.ResponseWriter)) {
			p.handle = func(n int32, w http.ResponseWriter, _ *http.Request) {
				if n <= 2 {
					w.Header().Set("Content-Length", "1000")
					_, _ = w.Write([]byte(`{"data":`))
					return
				}
				answer(w)
			}
		}},
	}
	for what, fault := range faults {
		for _, name := range fault.names {
			t.Run(what+"/"+name, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					api := new(pipeAPI)
					fault.fault(api, func(w http.ResponseWriter) { _, _ = w.Write([]byte(answers[name])) })
					resp, err := calls[name](t.Context(), api.start(t, clerkapi.Options{}))
					if err != nil {
						t.Fatal(err)
					}
					if resp.Attempts != 3 {
						t.Errorf("it took %d attempts, want 3", resp.Attempts)
					}
				})
			})
		}
	}
}

func TestARepeatedDeleteThatFindsNothingHasSucceeded(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		first func(http.ResponseWriter)
		gone  bool
	}{
		"after a broken connection": {hangUp, true},
		"after a server error":      {func(w http.ResponseWriter) { w.WriteHeader(502) }, true},
		"after too many requests":   {func(w http.ResponseWriter) { w.WriteHeader(429) }, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				api := &pipeAPI{handle: func(n int32, w http.ResponseWriter, _ *http.Request) {
					if n == 1 {
						tt.first(w)
						return
					}
					w.WriteHeader(404)
				}}
				_, err := api.start(t, clerkapi.Options{}).Contacts.Delete(t.Context(), "c1")
				if tt.gone && err != nil {
					t.Errorf("error is %v, want none: the first attempt may have deleted it", err)
				}
				if !tt.gone {
					_ = asError(t, err, clerkapi.ErrNotFound)
				}
			})
		})
	}
}

func TestAnAttemptThatMayHaveWorkedIsNotForgottenByTheNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		api := &pipeAPI{handle: func(n int32, w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(map[int32]int{1: 502, 2: 403}[n])
		}}
		_, _, err := api.start(t, clerkapi.Options{}).Contacts.Update(t.Context(), "c1", &clerkapi.UpdateContactRequest{})
		if e := asError(t, err, clerkapi.ErrForbidden); e.Outcome != clerkapi.Unknown {
			t.Errorf("outcome is %v, want unknown", e.Outcome)
		}
	})
}

func TestATransportThatReportsNoConnectionsIsNotTrusted(t *testing.T) {
	t.Parallel()
	attempts := 0
	client := newClient(t, clerkapi.Options{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
		attempts++
		return nil, errors.New("no idea how far it came")
	})}).As(clerkapi.APIKey("k"))
	_, err := calls["Messages.Send"](t.Context(), client)
	if e := asError(t, err, clerkapi.ErrInterrupted); e.Outcome != clerkapi.Unknown || attempts != 1 {
		t.Errorf("outcome is %v after %d attempts, want unknown after one", e.Outcome, attempts)
	}
}

func TestATransportIsBelievedThatItGotNoConnection(t *testing.T) {
	t.Parallel()
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	unknownHost := &url.Error{Op: "Post", Err: &net.DNSError{Err: "no such host"}}
	beneath := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("an error that says nothing")
	}}
	for name, transport := range map[string]roundTrip{
		"because of its error":        func(*http.Request) (*http.Response, error) { return nil, refused },
		"because the host is unknown": func(*http.Request) (*http.Response, error) { return nil, unknownHost },
		"because it reported so":      beneath.RoundTrip,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client := newClient(t, clerkapi.Options{Transport: transport, MaxAttempts: 2}).As(clerkapi.APIKey("k"))
				resp, err := calls["Messages.Send"](t.Context(), client)
				if e := asError(t, err, clerkapi.ErrUnreachable); e.Outcome != clerkapi.NotDone || resp.Attempts != 2 {
					t.Errorf("outcome is %v after %d attempts, want not done after two", e.Outcome, resp.Attempts)
				}
			})
		})
	}
}

func TestWaitsGrowAndAreNeverTheSame(t *testing.T) {
	t.Parallel()
	waits := map[time.Duration]bool{}
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			var at []time.Time
			api := &pipeAPI{handle: func(_ int32, w http.ResponseWriter, _ *http.Request) {
				at = append(at, time.Now())
				w.WriteHeader(500)
			}}
			client := api.start(t, clerkapi.Options{MaxAttempts: 3})
			_, _ = calls["Messages.Find"](t.Context(), client)
			for i, longest := range []time.Duration{250 * time.Millisecond, 500 * time.Millisecond} {
				wait := at[i+1].Sub(at[i])
				if wait < longest/2 || wait > longest {
					t.Errorf("wait %d took %v, want between %v and %v", i+1, wait, longest/2, longest)
				}
				waits[wait] = true
			}
		})
	}
	if len(waits) < 30 {
		t.Errorf("%d of 40 waits differ: there is no jitter", len(waits))
	}
}

func ExampleOutcome_String() {
	fmt.Println(clerkapi.NotDone, clerkapi.Unknown, clerkapi.Done)
	// Output: not done unknown done
}
