package e2e

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
	"golang.org/x/oauth2"
)

// app is an MCP client that waits on this machine for the browser to come back.
type app struct {
	t        *testing.T
	d        demo
	id       string
	redirect string
	verifier string
	// answers are what browsers brought.
	answers chan url.Values
}

// register makes an app that the gateway knows.
func register(t *testing.T, d demo, name string) *app {
	t.Helper()
	a := &app{t: t, d: d, verifier: oauth2.GenerateVerifier(), answers: make(chan url.Values, 8)}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(`<!doctype html><title>App</title><link rel="icon" href="data:,"><p id="done">Back in the app</p>`))
		if r.URL.Path == "/callback" {
			a.answers <- r.URL.Query()
		}
	}))
	t.Cleanup(srv.Close)
	a.redirect = srv.URL + "/callback"
	a.id = registerClient(t, d, name, a.redirect)
	return a
}

// registerClient registers a client and returns its id.
func registerClient(t *testing.T, d demo, name, redirect string) string {
	t.Helper()
	var client struct {
		ID string `json:"client_id"`
	}
	post(t, d.url+"/oauth/register", map[string]any{
		"client_name": name, "redirect_uris": []string{redirect}, "token_endpoint_auth_method": "none",
	}, &client)
	if client.ID == "" {
		t.Fatal("the registration has no client_id")
	}
	return client.ID
}

// address is where the app sends its person, with parameters changed: an empty value takes one out.
func (a *app) address(changes ...string) string {
	q := url.Values{
		"response_type": {"code"}, "client_id": {a.id}, "redirect_uri": {a.redirect}, "state": {"state-1"},
		"resource": {a.d.url + "/mcp"}, "code_challenge": {oauth2.S256ChallengeFromVerifier(a.verifier)}, "code_challenge_method": {"S256"},
	}
	for i := 0; i < len(changes); i += 2 {
		if q.Set(changes[i], changes[i+1]); changes[i+1] == "" {
			q.Del(changes[i])
		}
	}
	return a.d.url + "/oauth/authorize?" + q.Encode()
}

// answer is what the browser brings back.
func (a *app) answer() url.Values {
	a.t.Helper()
	select {
	case q := <-a.answers:
		if q.Get("state") != "state-1" || q.Get("iss") != a.d.url {
			a.t.Errorf("the answer is from %q with state %q, want the gateway and the request's own", q.Get("iss"), q.Get("state"))
		}
		return q
	case <-time.After(clientTime):
		a.t.Fatal("no browser came back")
		return nil
	}
}

// unanswered fails the test if a browser came back.
func (a *app) unanswered() {
	a.t.Helper()
	select {
	case q := <-a.answers:
		a.t.Errorf("a browser came back with %v", q)
	default:
	}
}

// redeem turns a code into what may be done with it, the scopes and a token.
func (a *app) redeem(answer url.Values) (scopes []string, token string) {
	a.t.Helper()
	resp, err := http.PostForm(a.d.url+"/oauth/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {answer.Get("code")}, "redirect_uri": {a.redirect},
		"client_id": {a.id}, "code_verifier": {a.verifier},
	})
	if err != nil {
		a.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var got struct {
		Token string `json:"access_token"`
		Scope string `json:"scope"`
		Error string `json:"error"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		a.t.Fatal(err)
	}
	if got.Token == "" {
		a.t.Fatalf("the answer %v gives no token: %s %s", answer, resp.Status, got.Error)
	}
	return strings.Fields(got.Scope), got.Token
}

// bearer sends a token with every request.
type bearer string

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+string(b))
	return http.DefaultTransport.RoundTrip(r)
}

// toolCount is how many tools a token opens.
func toolCount(t *testing.T, d demo, token string) int {
	t.Helper()
	client := mcp.NewClient(&mcp.Implementation{Name: "app", Version: "1"}, nil)
	session, err := client.Connect(t.Context(), &mcp.StreamableClientTransport{
		Endpoint: d.url + "/mcp", DisableStandaloneSSE: true, HTTPClient: &http.Client{Transport: bearer(token)},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = session.Close() }()
	tools, err := session.ListTools(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	return len(tools.Tools)
}
