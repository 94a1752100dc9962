package clerkapi_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// pouring is an answer that goes on when it is let. It counts those that are being read beyond
// their beginning.
type pouring struct {
	io.Reader
	open    chan struct{}
	read    int
	reading *atomic.Int32
	last    bool
}

func (p *pouring) Read(b []byte) (int, error) {
	if p.read > 600<<10 && !p.last {
		p.last = true
		p.reading.Add(1)
		<-p.open
		p.reading.Add(-1)
	}
	n, err := p.Reader.Read(b)
	p.read += n
	return n, err
}

func (*pouring) Close() error { return nil }

func TestLargeAnswersAreReadAFewAtATime(t *testing.T) {
	page := func(bytes int) string { return `{"data":[],"total":0,"x":"` + strings.Repeat("x", bytes) + `"}` }
	const calls, atOnce = 10, 4
	for _, tt := range []struct {
		name    string
		release bool
		want    error
	}{{"one after another", true, nil}, {"and the rest in vain, within their deadline", false, clerkapi.ErrTimeout}} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var reading atomic.Int32
				open, size := make(chan struct{}), 1<<20
				client, err := clerkapi.NewClient(clerkapi.Options{Timeout: time.Minute, Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
					return &http.Response{
						StatusCode: http.StatusOK, ContentLength: -1, Request: r,
						Body: &pouring{Reader: strings.NewReader(page(size)), open: open, reading: &reading},
					}, nil
				})})
				if err != nil {
					t.Fatal(err)
				}
				client = client.As(clerkapi.APIKey("key"))
				find := func() error {
					_, _, err := client.Messages.Find(t.Context(), &clerkapi.FindMessagesParams{})
					return err
				}
				var ended sync.WaitGroup
				var right atomic.Int32
				for range calls {
					ended.Go(func() {
						if err := find(); errors.Is(err, tt.want) {
							right.Add(1)
						}
					})
				}
				synctest.Wait()
				if n := reading.Load(); n != atOnce {
					t.Errorf("%d of %d large answers are read at once, want %d", n, calls, atOnce)
				}
				want := int32(calls)
				if !tt.release {
					time.Sleep(time.Minute)
					synctest.Wait()
					want -= atOnce // which hang in their reader
					if right.Load() != want {
						t.Errorf("%d calls ended so, want %d", right.Load(), want)
					}
				}
				close(open)
				ended.Wait()
				if tt.release && right.Load() != want {
					t.Errorf("%d calls ended so, want %d", right.Load(), want)
				}
				if size = 100; find() != nil {
					t.Error("an ordinary answer is not read")
				}
				if size = 1 << 20; find() != nil {
					t.Error("no large answer is read any more")
				}
			})
		})
	}
}
