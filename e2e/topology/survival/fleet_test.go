//go:build unix

package survival_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// fleet is many clients of the SDK that make their calls in step with a script: each may make as
// many as the script has allowed so far, so that whatever the script breaks is broken under calls.
type fleet struct {
	t        *testing.T
	sessions []*mcp.ClientSession
	errors   []int // failed attempts, by client

	mu      sync.Mutex
	changed *sync.Cond
	allowed int // calls that each client may make
	done    int // calls that succeeded, of all clients
	lost    int // clients that gave up
	workers sync.WaitGroup
}

// callTimeout ends a call that would never end.
const callTimeout = 3 * time.Minute

// named adds the client's name to its requests.
type named struct {
	name string
	base http.RoundTripper
}

func (n named) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set(clientHeader, n.name)
	return n.base.RoundTrip(r)
}

// newFleet connects clients to a URL in the era of a protocol version.
func newFleet(t *testing.T, url, version string, size int) *fleet {
	t.Helper()
	f := &fleet{t: t, sessions: make([]*mcp.ClientSession, size), errors: make([]int, size)}
	f.changed = sync.NewCond(&f.mu)
	transport := &http.Transport{MaxIdleConnsPerHost: size}
	t.Cleanup(transport.CloseIdleConnections)
	var connecting sync.WaitGroup
	slots := make(chan struct{}, 8)
	for i := range size {
		connecting.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			name := strconv.Itoa(i)
			client := mcp.NewClient(&mcp.Implementation{Name: "client-" + name, Version: "1"}, nil)
			session, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{
				Endpoint: url, HTTPClient: &http.Client{Transport: named{name, transport}},
			}, &mcp.ClientSessionOptions{ProtocolVersion: version})
			if err != nil {
				t.Errorf("client %d: %v", i, err)
				return
			}
			f.sessions[i] = session
		})
	}
	connecting.Wait()
	if t.Failed() {
		t.FailNow()
	}
	return f
}

// run starts every client on its calls.
func (f *fleet) run(calls int) {
	for i := range f.sessions {
		f.workers.Go(func() {
			for n := range calls {
				f.await(n + 1)
				if err := f.call(i); err != nil {
					f.t.Errorf("client %d, call %d: %v", i, n+1, err)
					f.change(func() { f.lost++ })
					return
				}
				f.change(func() { f.done++ })
			}
		})
	}
}

// call makes one call. One that failed is made again, once per time that it may fail: who may have
// seen what is checked against the proxy in the end.
func (f *fleet) call(client int) error {
	var failures []error
	for range kills + 1 {
		ctx, cancel := context.WithTimeout(f.t.Context(), callTimeout)
		result, err := f.sessions[client].CallTool(ctx, &mcp.CallToolParams{
			Name: "get_messages", Arguments: map[string]any{"limit": 1},
		})
		cancel()
		if err == nil && result.IsError {
			err = fmt.Errorf("%v", result.Content[0])
		}
		if err == nil {
			return nil
		}
		failures = append(failures, err)
		f.change(func() { f.errors[client]++ })
	}
	return errors.Join(failures...)
}

func (f *fleet) change(what func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	what()
	f.changed.Broadcast()
}

// await blocks a client until it may make its n-th call.
func (f *fleet) await(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.allowed < n {
		f.changed.Wait()
	}
}

// during lets every client make some more calls, and breaks something when a third of them are
// made. It returns when all are made and what was broken works again.
func (f *fleet) during(calls int, breaks func()) {
	f.t.Helper()
	var before int
	f.change(func() {
		before = f.done
		f.allowed += calls
	})
	more := calls * len(f.sessions)
	f.until(before + more/3)
	if breaks != nil {
		breaks()
	}
	f.until(before + more)
}

// until waits for a number of calls. A client that gave up has ended the test, so the others are
// let go.
func (f *fleet) until(done int) {
	f.t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.done < done && f.lost == 0 {
		f.changed.Wait()
	}
	if f.lost > 0 {
		f.allowed = 1 << 30
		f.changed.Broadcast()
		f.t.Fatal("a client gave up")
	}
}

// end waits for the clients and closes their sessions.
func (f *fleet) end() {
	f.workers.Wait()
	for _, s := range f.sessions {
		_ = s.Close()
	}
}
