//go:build unix

package survival_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// clientHeader tells the proxy which client calls.
const clientHeader = "X-Test-Client"

// proxy is a balancer with exactly the behaviour that deploy/haproxy.cfg asks for: round robin
// without stickiness, looking away from replicas that say they are not ready, and trying another
// one only where no connection could be made. It keeps count of what passes.
type proxy struct {
	*httptest.Server
	targets   []*target
	transport *http.Transport
	turn      atomic.Uint64

	mu      sync.Mutex
	clients map[string]*traffic
}

type target struct {
	*replica
	ready atomic.Bool
}

// traffic is what the proxy saw of one client.
type traffic struct {
	initializes int
	sessions    map[string]bool // ids it sent
	excused     int             // calls that were under way on a killed replica
	failures    []string        // other answers that are none
}

func newProxy(t *testing.T, replicas ...*replica) *proxy {
	t.Helper()
	p := &proxy{
		clients: map[string]*traffic{},
		// A connection per request, so that a failure to connect is never mistaken for a request
		// that was cut off.
		transport: &http.Transport{DisableKeepAlives: true},
	}
	for _, r := range replicas {
		p.targets = append(p.targets, &target{replica: r})
	}
	p.look(t.Context())
	p.Server = httptest.NewServer(&httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = "http", r.In.Host },
		Transport: p,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			w.WriteHeader(http.StatusBadGateway)
		},
	})
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		for tick := time.NewTicker(100 * time.Millisecond); ctx.Err() == nil; {
			select {
			case <-ctx.Done():
			case <-tick.C:
				p.look(ctx)
			}
		}
	})
	t.Cleanup(func() {
		cancel()
		wg.Wait()
		p.Close()
	})
	return p
}

// look asks every replica whether it is ready.
func (p *proxy) look(ctx context.Context) {
	var wg sync.WaitGroup
	for _, target := range p.targets {
		wg.Go(func() { target.ready.Store(target.replica.ready(ctx, &http.Client{Transport: p.transport})) })
	}
	wg.Wait()
}

// RoundTrip sends the request to the first replica, in turn, that takes a connection: those that
// are ready before those that are not.
func (p *proxy) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	p.note(r, body)
	turn := int(p.turn.Add(1))
	for _, ready := range []bool{true, false} {
		for i := range p.targets {
			target := p.targets[(turn+i)%len(p.targets)]
			if target.ready.Load() != ready {
				continue
			}
			resp, err := p.send(r, target, body)
			if !isDialError(err) {
				return resp, err
			}
		}
	}
	p.fail(r, "no replica takes a connection")
	return nil, errors.New("no replica")
}

func isDialError(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// send makes one attempt. The answer is read to its end here, so that what is cut off is seen here.
func (p *proxy) send(r *http.Request, target *target, body []byte) (*http.Response, error) {
	instance := target.running()
	out := r.Clone(r.Context())
	out.URL.Host = target.addr
	out.Body = io.NopCloser(bytes.NewReader(body))
	resp, err := p.transport.RoundTrip(out)
	if isDialError(err) {
		return nil, err
	}
	var data []byte
	if err == nil {
		data, err = io.ReadAll(resp.Body)
		_ = resp.Body.Close()
	}
	switch {
	case err == nil && resp.StatusCode >= 400 && resp.StatusCode != http.StatusMethodNotAllowed:
		p.fail(r, target.name+" answered "+resp.Status+": "+string(data))
	case err == nil:
	case instance.killed.Load():
		p.of(r, func(t *traffic) { t.excused++ })
		return nil, err
	default:
		p.fail(r, target.name+": "+err.Error())
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(data))
	return resp, nil
}

func (p *proxy) note(r *http.Request, body []byte) {
	var message struct{ Method string }
	_ = json.Unmarshal(body, &message) // a GET has none
	p.of(r, func(t *traffic) {
		if message.Method == "initialize" {
			t.initializes++
		}
		if id := r.Header.Get("Mcp-Session-Id"); id != "" {
			t.sessions[id] = true
		}
	})
}

func (p *proxy) fail(r *http.Request, what string) {
	p.of(r, func(t *traffic) { t.failures = append(t.failures, what) })
}

// of changes what is known of the client that made a request.
func (p *proxy) of(r *http.Request, change func(*traffic)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	name := r.Header.Get(clientHeader)
	if p.clients[name] == nil {
		p.clients[name] = &traffic{sessions: map[string]bool{}}
	}
	change(p.clients[name])
}
