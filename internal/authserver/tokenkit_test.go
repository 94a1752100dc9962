package authserver_test

import (
	"bytes"
	"context"
	"errors"
	"iter"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/oauth2"

	"github.com/clerkchat/mcp-gateway/internal/authserver"
	"github.com/clerkchat/mcp-gateway/internal/embedded"
	"github.com/clerkchat/mcp-gateway/pkg/session"
	"github.com/clerkchat/mcp-gateway/pkg/session/redisstore"
	"github.com/clerkchat/mcp-gateway/pkg/session/seal"
)

// memory is records in this process, which fail when they are told to: before an operation has an effect or after.
type memory struct {
	mu     sync.Mutex
	values map[string]string
	lives  map[string]time.Duration // of what was added, as it was then
	ops    int
	fails  func(op int) (before, after bool)
	away   string // the prefix of the one kind of records that fails
}

var errMemory = errors.New("timed out")

func (m *memory) do(op func()) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ops++
	before, after := false, false
	if m.fails != nil {
		before, after = m.fails(m.ops)
	}
	if !before {
		op()
	}
	if before || after {
		return errMemory
	}
	return nil
}

// fail says which operations fail from now on, counted from 1; nil for none.
func (m *memory) fail(which func(op int) (before, after bool)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ops, m.fails = 0, which
}

func (m *memory) down() { m.fail(func(int) (bool, bool) { return true, false }) }

// lose makes one kind of records fail, by its prefix; "" for none.
func (m *memory) lose(prefix string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.away = prefix
}

func (m *memory) asked() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ops
}

// part is one kind of records in a memory.
type part struct {
	*memory
	prefix string
}

func (p part) do(op func()) error {
	p.mu.Lock()
	away := p.away == p.prefix
	p.mu.Unlock()
	if away {
		return errMemory
	}
	return p.memory.do(op)
}

func (p part) Get(_ context.Context, name string) (value []byte, found bool, err error) {
	err = p.do(func() {
		var v string
		v, found = p.values[p.prefix+name]
		value = []byte(v)
	})
	return value, found, err
}

func (p part) SetNX(_ context.Context, name string, value []byte, ttl time.Duration) (added bool, err error) {
	err = p.do(func() {
		p.lives[p.prefix+name] = ttl
		if _, found := p.values[p.prefix+name]; !found {
			p.values[p.prefix+name], added = string(value), true
		}
	})
	return added, err
}

func (p part) CompareAndSwap(_ context.Context, name string, old, value []byte, _ time.Duration) (replaced bool, err error) {
	err = p.do(func() {
		if v, found := p.values[p.prefix+name]; found && v == string(old) {
			p.values[p.prefix+name], replaced = string(value), true
		}
	})
	return replaced, err
}

func (p part) GetSet(_ context.Context, name string, value []byte, _ time.Duration) (old []byte, found bool, err error) {
	err = p.do(func() {
		var v string
		v, found = p.values[p.prefix+name]
		old, p.values[p.prefix+name] = []byte(v), string(value)
	})
	return old, found, err
}

func (p part) Scan(context.Context, string) iter.Seq2[session.Record, error] {
	return func(func(session.Record, error) bool) {}
}

// desk is the token endpoint of one replica on a clock of its own, without a network.
type desk struct {
	*world
	mux      *http.ServeMux
	memory   *memory
	grants   *session.Grants
	draining chan struct{}
}

const deskVerifier = "a-verifier-that-only-the-client-knows-0123456789"

// atDesk runs f with a desk in a bubble: there only the test's own sleep takes time.
func atDesk(t *testing.T, f func(t *testing.T, d *desk), change ...func(*authserver.Options)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		store := embedded.Open(redisstore.Options{})
		defer func() { _ = store.Close() }()
		d := &desk{
			world: &world{t: t, url: "http://127.0.0.1:4711"}, memory: &memory{values: map[string]string{}, lives: map[string]time.Duration{}}, draining: make(chan struct{}),
		}
		d.provider.world = d.world
		d.mux = d.replica(store, append([]func(*authserver.Options){func(o *authserver.Options) {
			ring := must(seal.New(bytes.Repeat([]byte("s"), 32)))
			d.grants = must(session.NewGrants(session.GrantOptions{
				Records: part{d.memory, "g:"}, Upstream: part{d.memory, "u:"}, Assertions: part{d.memory, "a:"}, Sealer: ring.Sealer("grant"), Signer: ring.MAC("refresh"),
				Now: o.Now,
			}))
			o.Grants, o.Draining = d.grants, d.draining
			o.ClientAddress = func(*http.Request) string { return "192.0.2.1" }
		}}, change...))
		f(t, d)
		d.memory.fail(nil)
		synctest.Wait()
	})
}

// code is what a person's approval gives to a client with a metadata document.
func (d *desk) code() string {
	d.t.Helper()
	return must(d.grants.Begin(d.t.Context(), session.Grant{
		Subject: "https://id.example#ann", ClientID: documentID, ClientName: "Example app", Resource: d.url + "/mcp", Scopes: []string{"messages:read"},
	}, session.Binding{RedirectURI: webRedirect, Challenge: oauth2.S256ChallengeFromVerifier(deskVerifier)}, []byte("upstream")))
}

// ask posts a form to an endpoint.
func (d *desk) ask(ctx context.Context, path string, form url.Values, header http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, d.url+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", formType)
	for name, values := range header {
		r.Header[name] = values
	}
	w := httptest.NewRecorder()
	d.mux.ServeHTTP(w, r)
	return w
}

func codeForm(code string) url.Values {
	return url.Values{
		"grant_type": {"authorization_code"}, "client_id": {documentID}, "code": {code}, "redirect_uri": {webRedirect}, "code_verifier": {deskVerifier},
	}
}

func refreshForm(token string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "client_id": {documentID}, "refresh_token": {token}}
}

// got gives the tokens of an answer that must be good.
func (d *desk) got(w *httptest.ResponseRecorder) (access, refresh string) {
	d.t.Helper()
	out := object(d.t, w)
	if w.Code != http.StatusOK {
		d.t.Fatalf("%d %v", w.Code, out)
	}
	return out["access_token"].(string), out["refresh_token"].(string)
}

// login signs somebody in.
func (d *desk) login() (access, refresh string) {
	d.t.Helper()
	return d.got(d.ask(d.t.Context(), authserver.TokenPath, codeForm(d.code()), nil))
}
