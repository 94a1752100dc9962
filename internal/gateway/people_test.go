package gateway_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/clerkchat/mcp-gateway/internal/config"
	"github.com/clerkchat/mcp-gateway/internal/gateway"
	"github.com/clerkchat/mcp-gateway/internal/sandbox"
)

// credentials are all that a call may be made with.
var credentials = []string{"api-key", "linked", "login", "exchange"}

// later is two replicas and a provider whose clock tests move.
type later struct {
	*signedIn
	passed atomic.Int64
	cfg    config.Config
	log    syncedLog
	// hold is called before the provider's token endpoint answers.
	hold atomic.Pointer[func()]
}

type syncedLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *syncedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *syncedLog) String() string { l.mu.Lock(); defer l.mu.Unlock(); return l.b.String() }

func (l *later) now() time.Time { return time.Now().Add(time.Duration(l.passed.Load())) }

func (l *later) pass(d time.Duration) { l.passed.Add(int64(d)) }

func (l *later) options(o *gateway.Options) {
	o.ProviderNow, o.Logger = l.now, slog.New(slog.NewTextHandler(&l.log, nil))
}

func signInLater(t *testing.T, credential string, edit ...func(*config.Config)) *later {
	t.Helper()
	l := &later{}
	sb, err := sandbox.New(sandbox.Options{SigningKey: signingKey(), Now: l.now})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if hold := l.hold.Load(); hold != nil && r.URL.Path == "/oidc/token" {
			(*hold)()
		}
		sb.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	l.signedIn = signIn(t, credential, func(c *config.Config) {
		c.ClerkURL, c.OIDCIssuer = srv.URL, srv.URL+"/oidc"
		if credential == "exchange" {
			c.ExchangeAudience = srv.URL
		}
		for _, e := range edit {
			e(c)
		}
		l.cfg = *c
	}, l.options)
	l.sandbox, l.key = srv.URL, sandbox.Key
	l.control(t, "oidc", `{"auto_approve":"ann"}`)
	return l
}

func (l *later) control(t *testing.T, path, body string) {
	t.Helper()
	if a := request(t, http.MethodPut, l.sandbox+"/_sandbox/"+path, body, "Content-Type", "application/json"); a.status >= 300 {
		t.Fatalf("control: %d %s", a.status, a.body)
	}
}

// refreshed is how often the provider gave tokens for a refresh token.
func (l *later) refreshed(t *testing.T) int {
	t.Helper()
	var shown struct{ Redeemed map[string]int }
	decode(t, request(t, http.MethodGet, l.sandbox+"/_sandbox/oidc", "").body, &shown)
	return shown.Redeemed["refresh_token"]
}

// join signs a client in.
func (l *later) join(t *testing.T) *client {
	t.Helper()
	c := l.register(t)
	c.signIn(t)
	return c
}

var batchCall = "[" + sendCall + "," + strings.Replace(sendCall, `"id":7`, `"id":9`, 1) + "," + readCall + "]"

// sendOne is a call like no other.
func sendOne(n int) string {
	return strings.Replace(strings.Replace(sendCall, `"id":7`, fmt.Sprintf(`"id":%d`, n), 1), "Hi", fmt.Sprint("Hi ", n), 1)
}

func (c *client) wantOver(t *testing.T) {
	t.Helper()
	for range 2 { // each replica
		if a := c.post(t, ping); a.status != http.StatusUnauthorized {
			t.Errorf("another request is answered %d", a.status)
		}
	}
	if status, code := c.renew(t); status != http.StatusBadRequest || code != "invalid_grant" {
		t.Errorf("the refresh token: %d %q", status, code)
	}
}

func TestWhoTheProviderPutOutSendsNothing(t *testing.T) {
	t.Parallel()
	for _, credential := range credentials {
		for name, call := range map[string]struct {
			body    string
			headers []string
		}{
			"a call": {sendCall, nil}, "a batch": {batchCall, []string{"Mcp-Protocol-Version", "2025-03-26"}}, "a refresh": {},
		} {
			t.Run(credential+", "+name, func(t *testing.T) {
				t.Parallel()
				world := signInLater(t, credential)
				c := world.join(t)
				before := world.sent(t)
				world.pass(16 * time.Minute)
				world.control(t, "oidc/revoke", `{"person":"ann"}`)
				if call.body == "" {
					if status, code := c.renew(t); status != http.StatusBadRequest || code != "invalid_grant" {
						t.Errorf("refreshing: %d %q", status, code)
					}
				} else if a := c.post(t, call.body, call.headers...); a.status != http.StatusUnauthorized ||
					!strings.Contains(a.header.Get("WWW-Authenticate"), `error="invalid_token"`) {
					t.Errorf("answered %d %s", a.status, a.body)
				}
				c.wantOver(t)
				if n := world.sent(t); n != before {
					t.Errorf("%d texts went out", n-before)
				}
			})
		}
	}
}

// Whoever waits for the provider is told of an end that somebody else made meanwhile.
func TestAGrantThatEndsWhileItIsAskedAboutSendsNothing(t *testing.T) {
	t.Parallel()
	world := signInLater(t, "api-key")
	c := world.join(t)
	world.pass(16 * time.Minute)
	asked, answer := make(chan struct{}, 10), make(chan struct{})
	hold := func() { asked <- struct{}{}; <-answer }
	world.hold.Store(&hold)
	got := make(chan answerOf, 1)
	go func() { got <- world.try(c, sendCall) }()
	<-asked
	form := url.Values{"token": {c.access}, "client_id": {c.id}, "client_secret": {c.secret}}.Encode()
	if a := world.do(t, http.MethodPost, "/oauth/revoke", form, "Content-Type", "application/x-www-form-urlencoded"); a.status != http.StatusOK {
		t.Errorf("revoking: %d", a.status)
	}
	close(answer)
	if a := <-got; a.err != nil || a.status != http.StatusUnauthorized || world.sent(t) != 0 {
		t.Errorf("answered %d, %v, %d texts", a.status, a.err, world.sent(t))
	}
}

type answerOf struct {
	status int
	err    error
}

// try is post for a goroutine.
func (l *later) try(c *client, body string) answerOf {
	req, err := http.NewRequest(http.MethodPost, l.base+"/mcp", strings.NewReader(body))
	if err != nil {
		return answerOf{err: err}
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+c.access)
	resp, err := l.http.Do(req)
	if err != nil {
		return answerOf{err: err}
	}
	return answerOf{resp.StatusCode, resp.Body.Close()}
}

func TestAPersonWhoseClaimsNoLongerFitIsOut(t *testing.T) {
	t.Parallel()
	for name, edit := range map[string]func(*config.Config){
		"allowed no more": func(c *config.Config) { c.AllowSignin = []string{"groups=acme"} },
		"denied by then":  func(c *config.Config) { c.DenySignin = []string{"groups=left"} },
	} {
		t.Run(name, func(t *testing.T) {
			world := signInLater(t, "api-key", edit)
			c := world.join(t)
			world.pass(16 * time.Minute)
			if a := c.post(t, sendCall); a.status != http.StatusOK || world.sent(t) != 1 {
				t.Fatalf("before: %d %s", a.status, a.body)
			}
			world.control(t, "oidc/claims", `{"person":"ann","claims":{"groups":["left"]}}`)
			world.pass(16 * time.Minute)
			if a := c.post(t, sendCall); a.status != http.StatusUnauthorized || world.sent(t) != 1 {
				t.Errorf("answered %d %s, %d texts", a.status, a.body, world.sent(t))
			}
			c.wantOver(t)
		})
	}
}

// A provider that says nothing about a person ends nobody's login, with any credential, until it
// was silent for too long.
func TestAProviderInTroubleEndsNobodysLogin(t *testing.T) {
	t.Parallel()
	const token = `{"operation":"token","kind":"status","count":1000,`
	for name, fault := range map[string]string{
		"down":           token + `"status":503}`,
		"rubbish":        token + `"status":200,"body":"<h1>Welcome</h1>","content_type":"text/html"}`,
		"invalid_client": token + `"status":401,"body":"{\"error\":\"invalid_client\"}","content_type":"application/json"}`,
	} {
		for _, credential := range credentials {
			t.Run(name+", "+credential, func(t *testing.T) {
				t.Parallel()
				world := signInLater(t, credential)
				c := world.join(t)
				world.pass(16 * time.Minute)
				world.control(t, "faults", fault)
				for n := range 2 { // each replica
					if status, code := c.renew(t); status != http.StatusOK {
						t.Fatalf("refreshing: %d %q", status, code)
					}
					if a := c.post(t, ping); a.status != http.StatusOK {
						t.Errorf("a request: %d", a.status)
					}
					own := credential == "api-key" || credential == "linked" // else nothing gives the credential
					if a := c.post(t, sendOne(n)); own && (a.status != http.StatusOK || world.sent(t) != n+1) || !own && a.status != http.StatusServiceUnavailable {
						t.Errorf("a call: %d %s, %d texts", a.status, a.body, world.sent(t))
					}
				}
				world.pass(720 * time.Hour)
				if a := c.post(t, readCall); a.status != http.StatusUnauthorized {
					t.Errorf("a call after --grant-max-age: %d %s", a.status, a.body)
				}
				c.wantOver(t)
			})
		}
	}
}

func TestAtTheBorderTwoReplicasAskOnce(t *testing.T) {
	t.Parallel()
	world := signInLater(t, "api-key")
	c := world.join(t)
	world.pass(16 * time.Minute)
	before := world.refreshed(t)
	var all sync.WaitGroup
	for n := range 50 {
		all.Go(func() {
			if n%2 == 0 {
				one := *c // its refresh token may be used by several at once
				if status, code := one.renew(t); status != http.StatusOK {
					t.Errorf("refreshing: %d %s", status, code)
				}
				return
			}
			if a := c.post(t, sendOne(n)); a.status != http.StatusOK {
				t.Errorf("sending: %d %s", a.status, a.body)
			}
		})
	}
	all.Wait()
	if n := world.refreshed(t) - before; n != 1 || world.sent(t) != 25 {
		t.Errorf("asked %d times, %d texts", n, world.sent(t))
	}
}

func TestADenyRuleEndsAGrantAtTheNextCall(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{"a read": readCall, "a write": sendCall, "neither": ping} {
		for _, credential := range []string{"api-key", "login"} {
			t.Run(credential+", "+name, func(t *testing.T) {
				t.Parallel()
				world := signInLater(t, credential)
				c := world.join(t)
				if a := c.post(t, body); a.status != http.StatusOK {
					t.Fatalf("before: %d %s", a.status, a.body)
				}
				before := world.sent(t)
				cfg := world.cfg
				cfg.DenySignin = []string{"groups=acme-admins"}
				replica := strings.TrimPrefix(runAt(t, cfg, world.options), "http://")
				old, ok := world.http.Transport.(alternate)
				if !ok {
					t.Fatal("no replicas")
				}
				world.http.Transport = alternate{old.public, []string{replica}, &atomic.Int64{}}
				if a := c.post(t, body); a.status != http.StatusUnauthorized {
					t.Errorf("answered %d %s", a.status, a.body)
				}
				world.http.Transport = old // the others hear of it
				c.wantOver(t)
				if n := world.sent(t); n != before {
					t.Errorf("%d texts went out", n-before)
				}
				if !strings.Contains(world.log.String(), "reason=rules subject=") {
					t.Error("nobody is told")
				}
			})
		}
	}
}
