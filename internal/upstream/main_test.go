package upstream

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/identity"
	"github.com/clerkchat/mcp-gateway/internal/testkit"
	"github.com/clerkchat/mcp-gateway/internal/token"
	"github.com/clerkchat/mcp-gateway/pkg/mcpadapter"
	"github.com/clerkchat/mcp-gateway/pkg/session/grant"
	"github.com/go-jose/go-jose/v4"
	"golang.org/x/oauth2"
)

func TestMain(m *testing.M) { testkit.Main(m) }

var (
	_ Store                  = (*grant.ProviderStates)(nil)
	_ mcpadapter.Credentials = (*Login)(nil)
	_ mcpadapter.Credentials = (*Exchange)(nil)
	_ mcpadapter.Credentials = (*PersonalKeys)(nil)
	_ mcpadapter.Renewer     = (*Login)(nil)
	_ mcpadapter.Renewer     = (*Exchange)(nil)
	_ mcpadapter.Renewer     = (*PersonalKeys)(nil)
)

const clientID, clientSecret = "gateway", "s3cret of the gateway"

// idp is an OpenID Connect provider that rotates refresh tokens, and whose answers tests change.
type idp struct {
	*httptest.Server
	t         testing.TB
	transport http.RoundTripper

	mu        sync.Mutex
	now       time.Time
	clock     func() time.Time  // instead of now
	keys      []jose.JSONWebKey // the last one signs
	codes     map[string]issued
	refresh   string // the only refresh token that is good
	count     int
	requests  map[string]int
	open      map[string]int // requests that are not answered yet
	most      map[string]int // of them, at any time
	status    int            // answered instead
	claims    map[string]any // changes the ID token; nil takes a claim out
	metadata  map[string]any // changes the metadata
	info      map[string]any
	sign      func(claims map[string]any) string
	lifetime  int
	idOnRenew bool
	gate      func(grantType string)
	raw       string // answered by the token endpoint instead, as rawType
	rawType   string
	rawCode   int
	infoCode  int                                     // answered by the user info instead
	noRefresh bool                                    // gives no refresh token
	exchange  func(subjectToken string) (code string) // refuses a token to exchange, unless ""

	path       string           // of the issuer
	auth       string           // the method that the client is registered for; "" is client_secret_basic
	otherKeys  []map[string]any // published before keys
	keyMembers map[string]any   // put into each of keys
	bom        bool             // begins every answer with a byte order mark
}

type issued struct{ nonce, challenge string }

func newIDP(t testing.TB) *idp {
	i := closedIDP(t)
	i.Server = httptest.NewServer(http.HandlerFunc(i.serve))
	i.transport = i.Client().Transport
	t.Cleanup(i.Close)
	return i
}

// newBubbleIDP serves without a network, and its clock is that of the bubble.
func newBubbleIDP(t testing.TB) *idp {
	i := closedIDP(t)
	i.clock = time.Now
	i.Server = &httptest.Server{URL: "https://login.example.com"}
	i.transport = direct{http.HandlerFunc(i.serve)}
	return i
}

func closedIDP(t testing.TB) *idp {
	i := &idp{
		t: t, now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), codes: map[string]issued{},
		requests: map[string]int{}, open: map[string]int{}, most: map[string]int{}, lifetime: 300,
	}
	i.rotate()
	return i
}

// direct hands requests to a handler. Who asks may go away before there is an answer.
type direct struct{ http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil { // as http.Transport does
		return nil, err
	}
	answered := make(chan *http.Response, 1)
	go func() {
		w := httptest.NewRecorder()
		d.ServeHTTP(w, r.Clone(r.Context()))
		answered <- w.Result()
	}()
	select {
	case resp := <-answered:
		return resp, nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

func (i *idp) rotate() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		i.t.Fatal(err)
	}
	i.keys = []jose.JSONWebKey{{Key: key, KeyID: fmt.Sprint("key", time.Now().UnixNano()), Algorithm: "ES256"}}
}

// set changes the provider while nothing is served.
func (i *idp) set(f func()) { i.mu.Lock(); defer i.mu.Unlock(); f() }

func (i *idp) Now() time.Time { i.mu.Lock(); defer i.mu.Unlock(); return i.present() }

func (i *idp) present() time.Time {
	if i.clock != nil {
		return i.clock()
	}
	return i.now
}

func (i *idp) asked(what string) int { i.mu.Lock(); defer i.mu.Unlock(); return i.requests[what] }

func (i *idp) serve(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	what := r.URL.Path + r.Form.Get("grant_type")
	i.mu.Lock()
	i.requests[what]++
	i.open[what]++
	i.most[what] = max(i.most[what], i.open[what])
	gate, status := i.gate, i.status
	raw, rawType, rawCode, infoCode := i.raw, i.rawType, max(i.rawCode, http.StatusOK), i.infoCode
	i.mu.Unlock()
	defer i.set(func() { i.open[what]-- })
	if status != 0 {
		http.Error(w, "down on purpose", status)
		return
	}
	if raw != "" && r.URL.Path == "/token" {
		w.Header().Set("Content-Type", rawType)
		w.WriteHeader(rawCode)
		_, _ = io.WriteString(w, raw)
		return
	}
	if infoCode != 0 && r.URL.Path == "/userinfo" {
		w.WriteHeader(infoCode)
		return
	}
	var answer any
	code := http.StatusOK
	i.mu.Lock()
	switch r.URL.Path {
	case i.path + "/.well-known/openid-configuration":
		m := map[string]any{
			"issuer": i.URL + i.path, "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token",
			"jwks_uri": i.URL + "/keys", "id_token_signing_alg_values_supported": []string{"ES256"},
		}
		maps.Copy(m, i.metadata)
		answer = m
	case "/keys":
		answer = map[string]any{"keys": i.published()}
	case "/userinfo":
		answer = i.info
	case "/token":
		answer, code = i.token(r)
	default:
		code = http.StatusNotFound
	}
	i.mu.Unlock()
	if gate != nil {
		gate(r.Form.Get("grant_type")) // after the provider decided, before it answers
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	if i.bom {
		_, _ = io.WriteString(w, "\ufeff")
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (i *idp) published() []map[string]any {
	all := slices.Clone(i.otherKeys)
	for _, k := range i.keys {
		public := k.Public()
		var members map[string]any
		data, err := public.MarshalJSON()
		if err = errors.Join(err, json.Unmarshal(data, &members)); err != nil {
			i.t.Error(err)
		}
		maps.Copy(members, i.keyMembers)
		all = append(all, members)
	}
	return all
}

// knows reports whether a request is the client's, in the way that it is registered for.
func (i *idp) knows(r *http.Request) bool {
	id, secret, basic := r.BasicAuth()
	if secret, err := url.QueryUnescape(secret); basic && (err != nil || id != clientID || secret != clientSecret) {
		return false
	}
	switch i.auth {
	case AuthPost:
		return !basic && r.PostForm.Get("client_id") == clientID && r.PostForm.Get("client_secret") == clientSecret
	case "another secret":
		return false
	case AuthNone:
		return !basic && r.PostForm.Get("client_id") == clientID && !r.PostForm.Has("client_secret")
	}
	return basic && !r.PostForm.Has("client_secret")
}

func (i *idp) token(r *http.Request) (any, int) {
	refuse := func(code string) (any, int) {
		return map[string]string{"error": code, "error_description": "leaked " + r.Form.Encode()}, http.StatusBadRequest
	}
	if !i.knows(r) {
		return refuse("invalid_client")
	}
	i.count++
	answer := map[string]any{"access_token": fmt.Sprint("access-", i.count), "token_type": "Bearer", "expires_in": i.lifetime}
	switch r.Form.Get("grant_type") {
	case "authorization_code":
		g, ok := i.codes[r.Form.Get("code")]
		delete(i.codes, r.Form.Get("code"))
		if !ok || oauth2.S256ChallengeFromVerifier(r.Form.Get("code_verifier")) != g.challenge {
			return refuse("invalid_grant")
		}
		answer["id_token"] = i.idToken(map[string]any{"nonce": g.nonce})
	case "refresh_token":
		if r.Form.Get("refresh_token") != i.refresh {
			return refuse("invalid_grant")
		}
		if i.idOnRenew {
			answer["id_token"] = i.idToken(nil)
		}
	default:
		if r.Form.Get("subject_token") == "" || r.Form.Get("audience") != "clerk" {
			return refuse("invalid_target")
		}
		if i.exchange != nil {
			if code := i.exchange(r.Form.Get("subject_token")); code != "" {
				return refuse(code)
			}
		}
		answer["access_token"] = fmt.Sprint("exchanged-", i.count)
		return answer, http.StatusOK
	}
	if i.noRefresh {
		return answer, http.StatusOK
	}
	i.refresh = fmt.Sprint("refresh-", i.count)
	answer["refresh_token"] = i.refresh
	return answer, http.StatusOK
}

func (i *idp) idToken(more map[string]any) string {
	c := map[string]any{
		"iss": i.URL + i.path, "sub": "ann", "aud": clientID, "iat": i.present().Unix(), "exp": i.present().Add(time.Minute).Unix(),
		"email": "ann@example.com", "email_verified": true, "name": "Ann\u202e\n",
	}
	maps.Copy(c, more)
	maps.Copy(c, i.claims)
	maps.DeleteFunc(c, func(_ string, v any) bool { return v == nil })
	if i.sign != nil {
		return i.sign(c)
	}
	return signed(i.t, jose.SigningKey{Algorithm: jose.ES256, Key: i.keys[len(i.keys)-1]}, c)
}

func signed(t testing.TB, key jose.SigningKey, claims map[string]any) string {
	payload, err := json.Marshal(claims)
	signer, err2 := jose.NewSigner(key, nil)
	if err = errors.Join(err, err2); err != nil {
		t.Error(err)
		return ""
	}
	s, err := signer.Sign(payload)
	if err != nil {
		t.Error(err)
		return ""
	}
	raw, _ := s.CompactSerialize()
	return raw
}

// keySets are those of the gateway.
func keySets(now func() time.Time) func(func(context.Context) ([]byte, error)) KeySet {
	return func(fetch func(context.Context) ([]byte, error)) KeySet { return token.NewProviderKeys(fetch, now) }
}

func (i *idp) provider(t testing.TB, change ...func(*ProviderOptions)) *Provider {
	t.Helper()
	rules, err := identity.ParseRules([]string{"email_domain=example.com"})
	if err != nil {
		t.Fatal(err)
	}
	o := ProviderOptions{
		Issuer: i.URL + i.path, ClientID: clientID, ClientSecret: clientSecret, RedirectURL: "https://mcp.example.com/callback",
		Allow: rules.Admit, Transport: i.transport, Now: i.Now, KeySet: keySets(i.Now),
	}
	for _, c := range change {
		c(&o)
	}
	p, err := NewProvider(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// begin goes to the provider and comes back with an answer.
func (i *idp) begin(t testing.TB, p *Provider) (answer url.Values, kept []byte) {
	t.Helper()
	location, kept, err := p.Begin(t.Context(), "the state")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(location)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if q.Get("code_challenge_method") != "S256" || q.Get("nonce") == "" {
		t.Fatalf("no PKCE or no nonce in %v", q)
	}
	code := rand.Text()
	i.set(func() { i.codes[code] = issued{q.Get("nonce"), q.Get("code_challenge")} })
	return url.Values{"code": {code}, "state": {q.Get("state")}}, kept
}

func (i *idp) signIn(t testing.TB, p *Provider) (Person, error) {
	t.Helper()
	answer, kept := i.begin(t, p)
	return p.Finish(t.Context(), answer, kept)
}

// only admits somebody by their address.
func only(email string) func(map[string]any) error {
	return func(c map[string]any) error {
		if c["email"] != email {
			return errors.New("another address")
		}
		return nil
	}
}
