//go:build unix

package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/outputtest"
	"github.com/clerkchat/mcp-gateway/internal/redistest"
	"github.com/clerkchat/mcp-gateway/internal/sandbox"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
)

// deployment is two replicas behind a balancer, with a Redis that keeps what it acknowledged, in
// front of the sandbox. Everything of it can be broken while clients use it.
type deployment struct {
	t        *testing.T
	url      string
	sandbox  string
	redis    *redistest.Server
	replicas []*gatewayProcess // for the test alone: others know their addresses
	at       []string
	log      outputtest.Buffer

	turn atomic.Int64
	mu   sync.Mutex
	last int // the replica that answered the last tool call
	// until is when the last access token ends that was issued.
	until time.Time
	short time.Time // the same of tokens of a short life
	seen  []string
}

func deploy(t *testing.T, life time.Duration) *deployment {
	t.Helper()
	d := &deployment{t: t}
	sb, err := sandbox.New(sandbox.Options{})
	if err != nil {
		t.Fatal(err)
	}
	backend := httptest.NewServer(sb)
	t.Cleanup(backend.Close)
	d.sandbox = backend.URL
	d.redis = redistest.Start(t, "--appendonly", "yes", "--appendfsync", "always", "--dir", t.TempDir())
	front := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = "http", r.In.Host
			r.SetXForwarded()
			r.Out.Host = r.In.Host
		},
		Transport: d,
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			w.WriteHeader(http.StatusBadGateway)
		},
	})
	t.Cleanup(front.Close)
	d.url = front.URL
	for range 2 {
		d.at = append(d.at, testkit.FreeAddress(t))
	}
	d.replicas = make([]*gatewayProcess, len(d.at))
	for i := range d.at {
		d.start(i, life)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the replicas:\n%s\nthe balancer:\n%s", d.log.String(), strings.Join(d.seen, "\n"))
		}
	})
	return d
}

// start runs a replica whose access tokens live for so long.
func (d *deployment) start(i int, life time.Duration) {
	d.t.Helper()
	r := &gatewayProcess{address: d.at[i], ended: make(chan struct{})}
	self, err := os.Executable()
	if err != nil {
		d.t.Fatal(err)
	}
	r.cmd = exec.Command(self)
	r.cmd.Env = []string{
		replicaVariable + "=" + r.address, replicaPublic + "=" + d.url, replicaRedis + "=" + d.redis.URL(),
		replicaSandbox + "=" + d.sandbox, replicaLife + "=" + life.String(),
	}
	r.cmd.Stderr = &d.log
	stdout, err := r.cmd.StdoutPipe()
	if err != nil {
		d.t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(r.kill)
	ready := bufio.NewScanner(stdout).Scan()
	go func() {
		_ = r.cmd.Wait()
		close(r.ended)
	}()
	if !ready {
		d.t.Fatalf("a replica ended before it was ready\n%s", d.log.String())
	}
	d.replicas[i] = r
}

// RoundTrip is a balancer's: the replicas in turn, another one only where no connection could be
// made.
func (d *deployment) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
	}
	var message struct{ Method string }
	_ = json.Unmarshal(body, &message) // a GET has none
	turn := int(d.turn.Add(1))
	began := time.Now()
	for i := range d.at {
		at := (turn + i) % len(d.at)
		out := r.Clone(r.Context())
		out.URL.Host, out.Body = d.at[at], io.NopCloser(bytes.NewReader(body))
		resp, err := connectionPerRequest.RoundTrip(out)
		if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
			continue
		}
		what := "no answer"
		if err == nil {
			what = resp.Status
			err = d.note(resp, at, message.Method)
		}
		d.tell(began.Format("05.000"), r.UserAgent(), r.Method, r.URL.Path, message.Method, what, time.Since(began).Round(time.Millisecond).String())
		return resp, err
	}
	return nil, errors.New("no replica takes a connection")
}

// connectionPerRequest lets no failure to connect be taken for a request that was cut off.
var connectionPerRequest = &http.Transport{DisableKeepAlives: true}

func (d *deployment) tell(what ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.seen = append(d.seen, strings.Join(what, " "))
}

// note learns from an answer which replica calls tools, and how long tokens live.
func (d *deployment) note(resp *http.Response, at int, method string) error {
	if method == "tools/call" {
		d.mu.Lock()
		d.last = at
		d.mu.Unlock()
	}
	if resp.Request.URL.Path != "/oauth/token" {
		return nil
	}
	data, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(data))
	var tokens struct {
		Seconds int    `json:"expires_in"`
		Error   string `json:"error"`
	}
	_ = json.Unmarshal(data, &tokens)
	if tokens.Error != "" {
		d.tell("    " + tokens.Error)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	until := time.Now().Add(time.Duration(tokens.Seconds) * time.Second)
	if until.After(d.until) {
		d.until = until
	}
	if tokens.Seconds <= int(shortLife/time.Second) && until.After(d.short) {
		d.short = until
	}
	return err
}

// killReplica ends the replica that answered the last tool call without notice, and gives its
// number.
func (d *deployment) killReplica() int {
	d.mu.Lock()
	at := d.last
	d.mu.Unlock()
	d.replicas[at].kill()
	return at
}

// expire waits until every access token that was issued has ended: clients have clocks of their
// own, which nobody can set.
func (d *deployment) expire() {
	d.mu.Lock()
	until := d.until
	d.mu.Unlock()
	time.Sleep(time.Until(until.Add(time.Second))) // whole seconds in tokens
}

// expireShort waits until the tokens of short lives have ended: some clients refresh by themselves
// at any time.
func (d *deployment) expireShort() {
	d.mu.Lock()
	until := d.short
	d.mu.Unlock()
	time.Sleep(time.Until(until.Add(time.Second)))
}

// ready waits until every replica serves, and has its Redis.
func (d *deployment) ready() {
	d.t.Helper()
	for _, address := range d.at {
		testkit.Eventually(d.t, "a replica is ready", func() bool {
			resp, err := http.Get("http://" + address + "/readyz")
			if err != nil {
				return false
			}
			_ = resp.Body.Close()
			return resp.StatusCode == http.StatusOK
		})
	}
}

// sent is how often a text was sent.
func (d *deployment) sent(text string) (int, error) {
	resp, err := http.Get(d.sandbox + "/_sandbox/messages")
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	var all struct{ Messages []struct{ Body string } }
	if err := json.NewDecoder(resp.Body).Decode(&all); err != nil {
		return 0, err
	}
	n := 0
	for _, m := range all.Messages {
		if m.Body == text {
			n++
		}
	}
	return n, nil
}
