package gateway_test

import (
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/rpctest"
)

// A verifier and its challenge (RFC 7636 appendix B).
const (
	verifier  = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
	challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
)

// client is a program that registered itself and keeps its tokens, one request at a time.
type client struct {
	world           *signedIn
	id, secret      string
	access, refresh string
}

// register makes a client known, with a secret.
func (s *signedIn) register(t *testing.T) *client {
	t.Helper()
	a := s.do(t, http.MethodPost, "/oauth/register", `{"client_name":"x","redirect_uris":["`+clientRedirect+`"],`+
		`"token_endpoint_auth_method":"client_secret_post"}`, "Content-Type", "application/json")
	var got struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	if decode(t, a.body, &got); got.ID == "" || got.Secret == "" {
		t.Fatalf("registering: %d %s", a.status, a.body)
	}
	return &client{world: s, id: got.ID, secret: got.Secret}
}

// do makes a request through the balancer.
func (s *signedIn) do(t *testing.T, method, path, body string, headers ...string) answer {
	t.Helper()
	return received(rpctest.Request{Method: method, URL: s.base + path, Body: body, Header: headers}.By(t, s.http))
}

// signIn goes through the browser and gets tokens.
func (c *client) signIn(t *testing.T) {
	t.Helper()
	q := c.world.browse(t, c.world.base+"/oauth/authorize?"+url.Values{
		"response_type": {"code"}, "client_id": {c.id}, "redirect_uri": {clientRedirect}, "resource": {c.world.base + "/mcp"},
		"scope": {"messages:read messages:send"}, "code_challenge_method": {"S256"}, "code_challenge": {challenge},
	}.Encode())
	a := c.token(t, url.Values{
		"grant_type": {"authorization_code"}, "code": {q.Get("code")}, "redirect_uri": {clientRedirect}, "code_verifier": {verifier},
	})
	if a.status != http.StatusOK {
		t.Fatalf("signing in: %v, then %d %s", q, a.status, a.body)
	}
}

// renew redeems the refresh token and gives the answer's status and error.
func (c *client) renew(t *testing.T) (status int, code string) {
	t.Helper()
	a := c.token(t, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {c.refresh}})
	var failure struct {
		Error string `json:"error"`
	}
	decode(t, a.body, &failure)
	return a.status, failure.Error
}

func (c *client) token(t *testing.T, form url.Values) answer {
	t.Helper()
	form.Set("client_id", c.id)
	form.Set("client_secret", c.secret)
	a := c.world.do(t, http.MethodPost, "/oauth/token", form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
	if a.status == http.StatusOK {
		var got struct {
			Access  string `json:"access_token"`
			Refresh string `json:"refresh_token"`
		}
		decode(t, a.body, &got)
		c.access, c.refresh = got.Access, got.Refresh
	}
	return a
}

const sendCall = `{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"send_message","arguments":` +
	`{"sender":"+15551234567","recipients":["+15559876543"],"body":"Hi"}}}`

// post makes an MCP request with the access token.
func (c *client) post(t *testing.T, body string, headers ...string) answer {
	t.Helper()
	headers = append([]string{"Content-Type", "application/json", "Authorization", "Bearer " + c.access}, headers...)
	return c.world.do(t, http.MethodPost, "/mcp", body, headers...)
}

// sent is how many messages the sandbox has taken.
func (s *signedIn) sent(t *testing.T) int {
	t.Helper()
	var all struct{ Messages []any }
	decode(t, request(t, http.MethodGet, s.sandbox+"/_sandbox/messages", "").body, &all)
	return len(all.Messages)
}

// watch counts what clients are put through.
type watch struct {
	http.RoundTripper
	challenges, trips *atomic.Int64
}

// watch watches from now on.
func (s *signedIn) watch() watch {
	w := watch{s.http.Transport, &atomic.Int64{}, &atomic.Int64{}}
	s.http.Transport = w
	return w
}

func (w watch) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := w.RoundTripper.RoundTrip(r)
	if err == nil && resp.StatusCode == http.StatusUnauthorized {
		w.challenges.Add(1)
	}
	if r.URL.Path == "/oauth/authorize" {
		w.trips.Add(1)
	}
	return resp, err
}

// saw holds the counts against what was meant to be.
func (w watch) saw(t *testing.T, challenges, trips int64) {
	t.Helper()
	if got := w.challenges.Load(); got != challenges {
		t.Errorf("%d challenges, want %d", got, challenges)
	}
	if got := w.trips.Load(); got != trips {
		t.Errorf("%d trips to the browser, want %d", got, trips)
	}
}
