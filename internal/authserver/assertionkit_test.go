package authserver_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/oauth2"

	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

const (
	jwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	keysURL   = "https://app.example/oauth/jwks.json"
)

// The two shapes of ChatGPT's document.
const (
	pluralMethods   = `"token_endpoint_auth_method":"private_key_jwt","token_endpoint_auth_methods_supported":["none","private_key_jwt"]`
	singularMethods = `"token_endpoint_auth_method":"private_key_jwt"`
)

// signer is a client with a metadata document that has keys beside it.
type signer struct {
	*program
	key  tokentest.Key
	jtis *atomic.Int64
	// send sends an assertion with each request of the program.
	send bool
}

// host answers for a client's host: its document and its keys.
type host struct {
	mu       sync.Mutex
	document string
	keys     []byte
	status   int // of the keys; 0 for 200
	down     bool
	control  string // Cache-Control
	fetched  map[string]int
}

func (h *host) fetch(r *http.Request) (*http.Response, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fetched[r.URL.Path]++
	if h.down || r.URL.Host != "app.example" {
		return nil, fmt.Errorf("unreachable")
	}
	body, status := h.document, http.StatusOK
	if r.URL.String() == keysURL {
		body = string(h.keys)
		if h.status != 0 {
			status = h.status
		}
	}
	return &http.Response{
		StatusCode: status, Header: http.Header{"Content-Type": {"application/json"}, "Cache-Control": {h.control}}, Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}, nil
}

func (h *host) change(f func(h *host)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f(h)
}

func documentWith(members string) string {
	return `{"client_id":"` + documentID + `","client_name":"Signs","redirect_uris":["` + webRedirect + `"],` + members + `}`
}

func jwks(t testing.TB, keys ...tokentest.Key) []byte {
	t.Helper()
	set := jose.JSONWebKeySet{}
	for _, k := range keys {
		set.Keys = append(set.Keys, k.Public())
	}
	return must(json.Marshal(set))
}

// signs makes a client whose document has methods and the address of its keys.
func (w *world) signs(methods string) (*signer, *host) {
	w.t.Helper()
	k := tokentest.NewKey(w.t, jose.RS256, "key-1")
	h := &host{
		document: documentWith(methods + `,"token_endpoint_auth_signing_alg":"RS256","jwks_uri":"` + keysURL + `"`),
		keys:     jwks(w.t, k), fetched: map[string]int{},
	}
	w.fetch = h.fetch
	return &signer{
		program: &program{w: w, id: documentID, redirect: webRedirect, verifier: oauth2.GenerateVerifier()}, key: k, jtis: &atomic.Int64{}, send: true,
	}, h
}

// claims are those of a good assertion, changed: a nil value takes one out.
func (s *signer) claims(changes ...any) map[string]any {
	now := s.w.now().Unix()
	c := map[string]any{
		"iss": s.id, "sub": s.id, "aud": s.w.url + "/oauth/token", "jti": fmt.Sprint("jti-", s.jtis.Add(1)), "iat": now, "exp": now + 300,
	}
	for i := 0; i < len(changes); i += 2 {
		name, _ := changes[i].(string)
		if c[name] = changes[i+1]; changes[i+1] == nil {
			delete(c, name)
		}
	}
	return c
}

func (s *signer) sign(changes ...any) string {
	return s.key.Sign(s.w.t, s.claims(changes...), tokentest.WithHeader("typ", "JWT"))
}

// with gives changes of a form that add an assertion if the client sends them.
func (s *signer) with(changes ...string) []string {
	if s.send {
		return append([]string{"client_assertion", s.sign(), "client_assertion_type", jwtBearer}, changes...)
	}
	return changes
}

func (s *signer) redeem(code string, changes ...string) (int, map[string]any) {
	return s.program.redeem(code, s.with(changes...)...)
}

func (s *signer) refresh(token string, changes ...string) (int, map[string]any) {
	return s.program.refresh(token, s.with(changes...)...)
}

func (s *signer) revoke(token string, changes ...string) (int, map[string]any) {
	f := url.Values{"client_id": {s.id}, "token": {token}}
	changes = s.with(changes...)
	for i := 0; i < len(changes); i += 2 {
		if f.Set(changes[i], changes[i+1]); changes[i+1] == "" {
			f.Del(changes[i])
		}
	}
	return s.w.post("/oauth/revoke", formType, f.Encode())
}

func (s *signer) code() string { return s.w.browser().signIn(s.request()).Get("code") }

// login signs somebody in and gives the refresh token.
func (s *signer) login() string {
	s.w.t.Helper()
	status, out := s.redeem(s.code())
	if status != http.StatusOK {
		s.w.t.Fatalf("%d %v", status, out)
	}
	return out["refresh_token"].(string)
}

// forward sets the clock of the world ahead.
func (w *world) forward(d time.Duration) { w.ahead.Add(int64(d)) }
