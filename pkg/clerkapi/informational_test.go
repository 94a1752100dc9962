package clerkapi_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// raw answers each request with bytes of its own until the client hangs up.
func raw(answer func(w *bufio.Writer, gone <-chan struct{})) func(int32, http.ResponseWriter, *http.Request) {
	return func(_ int32, w http.ResponseWriter, _ *http.Request) {
		conn, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		gone := make(chan struct{})
		go func() {
			defer close(gone)
			_, _ = io.Copy(io.Discard, rw)
		}()
		answer(rw.Writer, gone)
		_ = rw.Flush()
		<-gone
	}
}

// dribble writes a piece again and again, a second apart.
func dribble(first, piece string) func(*bufio.Writer, <-chan struct{}) {
	return func(w *bufio.Writer, gone <-chan struct{}) {
		for s := first; ; s = piece {
			if _, err := w.WriteString(s); err != nil || w.Flush() != nil {
				return
			}
			select {
			case <-gone:
				return
			case <-time.After(time.Second):
			}
		}
	}
}

func TestAnswersThatNeverEndMeetTheDeadline(t *testing.T) {
	const switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n"
	const json = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
	for _, tt := range []struct {
		name           string
		answer         func(*bufio.Writer, <-chan struct{})
		reads, creates error
		created        clerkapi.Outcome
		took           time.Duration // at most
	}{
		{"101", func(w *bufio.Writer, _ <-chan struct{}) { _, _ = w.WriteString(switching) }, clerkapi.ErrBadAnswer, clerkapi.ErrBadAnswer, clerkapi.Unknown, 0},
		{"101 and a dribble", dribble(switching, "x"), clerkapi.ErrBadAnswer, clerkapi.ErrBadAnswer, clerkapi.Unknown, time.Second},
		{"100 without end", dribble("", "HTTP/1.1 100 Continue\r\n\r\n"), clerkapi.ErrTimeout, clerkapi.ErrTimeout, clerkapi.Unknown, 30 * time.Second},
		{"103 without end", dribble("", "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"), clerkapi.ErrTimeout, clerkapi.ErrTimeout, clerkapi.Unknown, 30 * time.Second},
		{"headers without end", dribble("HTTP/1.1 200 OK\r\n", "X-Header: y\r\n"), clerkapi.ErrTimeout, clerkapi.ErrTimeout, clerkapi.Unknown, 30 * time.Second},
		{"a body that dribbles", dribble(json, "1\r\n \r\n"), clerkapi.ErrTimeout, clerkapi.ErrTimeout, clerkapi.Done, 30 * time.Second},
		{"trailers without end", dribble(json+"2\r\n{}\r\n0\r\n", "X-Trailer: y\r\n"), clerkapi.ErrTimeout, clerkapi.ErrTimeout, clerkapi.Done, 30 * time.Second},
	} {
		for method, want := range map[string]error{"Messages.Find": tt.reads, "Messages.Send": tt.creates} {
			t.Run(tt.name+"/"+method, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					defer synctest.Wait() // until the API knows that its client is gone
					start := time.Now()
					_, err := calls[method](t.Context(), (&pipeAPI{handle: raw(tt.answer)}).start(t, clerkapi.Options{MaxAttempts: 1}))
					e := asError(t, err, want)
					outcome := tt.created
					if method == "Messages.Find" {
						outcome = clerkapi.NotDone
					}
					if took := time.Since(start); e.Outcome != outcome || took > tt.took {
						t.Errorf("%+v after %v, want outcome %v within %v", e, took, outcome, tt.took)
					}
				})
			})
		}
	}
}

func TestHeadersBeyondTheirBoundAreNoAnswer(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		huge := raw(func(w *bufio.Writer, _ <-chan struct{}) {
			_, _ = w.WriteString("HTTP/1.1 200 OK\r\n")
			for i := range 20_000 {
				if _, err := fmt.Fprintf(w, "X-%d: %s\r\n", i, strings.Repeat("y", 1000)); err != nil {
					return
				}
			}
		})
		_, err := calls["Messages.Send"](t.Context(), (&pipeAPI{handle: huge}).start(t, clerkapi.Options{}))
		if e := asError(t, err, clerkapi.ErrInterrupted); e.Outcome != clerkapi.Unknown {
			t.Errorf("%+v", e)
		}
	})
}

// deafBody is a body whose reads know nothing of deadlines.
type deafBody struct{ closed chan struct{} }

func (b deafBody) Read([]byte) (int, error) {
	<-b.closed
	return 0, http.ErrBodyReadAfterClose
}

func (b deafBody) Close() error {
	select {
	case <-b.closed:
	default:
		close(b.closed)
	}
	return nil
}

func TestDeadlineReachesBodiesOfAnyTransport(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client, err := clerkapi.NewClient(clerkapi.Options{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: deafBody{make(chan struct{})}, Request: r}, nil
		})})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err = calls["Messages.Find"](ctx, client.As(clerkapi.APIKey("key-of-ann")))
		_ = asError(t, err, clerkapi.ErrTimeout)
	})
}
