package clerkapi_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/clerkchat/mcp-gateway/pkg/clerkapi"
)

// pipeAPI is an API reached over pipes, so that it works under synctest's clock: a real server, a
// real transport.
type pipeAPI struct {
	// refuse tells whether to refuse the n-th dial, from 1.
	refuse func(n int32) bool
	// handle answers the n-th request, from 1.
	handle func(n int32, w http.ResponseWriter, r *http.Request)
	// deaf accepts connections and closes them before the TLS handshake.
	deaf bool
	// mute never completes a dial.
	mute bool

	dials, requests atomic.Int32
	conns           chan net.Conn
	closed          chan struct{}
	once            sync.Once
}

// start returns a client with a credential. Everything is closed when the test or bubble ends.
func (p *pipeAPI) start(t *testing.T, o clerkapi.Options) *clerkapi.Client {
	t.Helper()
	p.conns, p.closed = make(chan net.Conn), make(chan struct{})
	server := &http.Server{Handler: p} //nolint:gosec // over pipes
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(p)
	}()
	transport := &http.Transport{DialContext: p.dial}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		_ = server.Close()
		<-served
	})
	o.Transport = transport
	o.BaseURL = "http://api.test"
	if p.deaf {
		o.BaseURL = "https://api.test"
	}
	return newClient(t, o).As(clerkapi.APIKey("key-of-ann"))
}

func (p *pipeAPI) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	if n := p.dials.Add(1); p.refuse != nil && p.refuse(n) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	if p.mute {
		<-p.closed
		return nil, net.ErrClosed
	}
	client, server := net.Pipe()
	if p.deaf {
		_ = server.Close()
		return client, nil
	}
	select {
	case p.conns <- server:
		return client, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipeAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body) // only then does the server notice a client that goes away
	p.handle(p.requests.Add(1), w, r)
}

func (p *pipeAPI) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipeAPI) Close() error {
	p.once.Do(func() { close(p.closed) })
	return nil
}

func (*pipeAPI) Addr() net.Addr { return &net.IPAddr{} }

// hangUp breaks the connection off without an answer.
func hangUp(w http.ResponseWriter) {
	conn, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = conn.Close()
	}
}

// always answers every request alike.
func always(status int, body string) func(int32, http.ResponseWriter, *http.Request) {
	return func(_ int32, w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// roundTrip is a transport that knows nothing of httptrace.
type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// calls makes a call of each method with valid arguments.
var calls = map[string]func(context.Context, *clerkapi.Client) (*clerkapi.Response, error){
	"Messages.Send": func(ctx context.Context, c *clerkapi.Client) (*clerkapi.Response, error) {
		_, resp, err := c.Messages.Send(ctx, &clerkapi.SendMessageRequest{Sender: "s", Recipients: []string{"r"}, Body: "b"})
		return resp, err
	},
	"Messages.Find": func(ctx context.Context, c *clerkapi.Client) (*clerkapi.Response, error) {
		_, resp, err := c.Messages.Find(ctx, nil)
		return resp, err
	},
	"Contacts.Create": func(ctx context.Context, c *clerkapi.Client) (*clerkapi.Response, error) {
		_, resp, err := c.Contacts.Create(ctx, &clerkapi.ContactFields{Name: "n"})
		return resp, err
	},
	"Contacts.CreateBatch": func(ctx context.Context, c *clerkapi.Client) (*clerkapi.Response, error) {
		_, resp, err := c.Contacts.CreateBatch(ctx, &clerkapi.CreateContactsRequest{})
		return resp, err
	},
	"Contacts.Update": func(ctx context.Context, c *clerkapi.Client) (*clerkapi.Response, error) {
		_, resp, err := c.Contacts.Update(ctx, "c1", &clerkapi.UpdateContactRequest{})
		return resp, err
	},
	"Contacts.Delete": func(ctx context.Context, c *clerkapi.Client) (*clerkapi.Response, error) {
		return c.Contacts.Delete(ctx, "c1")
	},
	"Contacts.Search": func(ctx context.Context, c *clerkapi.Client) (*clerkapi.Response, error) {
		_, resp, err := c.Contacts.Search(ctx, url.Values{"q": {"x"}})
		return resp, err
	},
	"Campaigns.Create": func(ctx context.Context, c *clerkapi.Client) (*clerkapi.Response, error) {
		_, resp, err := c.Campaigns.Create(ctx, &clerkapi.CreateCampaignRequest{Sender: "s", ListName: "l", Body: "b"})
		return resp, err
	},
}

var (
	reads   = []string{"Messages.Find", "Contacts.Search"}
	repeats = []string{"Contacts.Update", "Contacts.Delete"}
	creates = []string{"Messages.Send", "Contacts.Create", "Contacts.CreateBatch", "Campaigns.Create"}
)

// asError fails the test unless err is an Error of this reason.
func asError(t *testing.T, err, reason error) *clerkapi.Error {
	t.Helper()
	var e *clerkapi.Error
	if !errors.As(err, &e) {
		t.Fatalf("error is %v, want an Error", err)
	}
	if !errors.Is(err, reason) {
		t.Fatalf("error is %q, want %q", err, reason)
	}
	return e
}
