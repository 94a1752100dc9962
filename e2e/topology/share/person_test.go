//go:build unix

package share_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/clerkchat/mcp-gateway/internal/authserver/authtest"
)

// signInAt are the flags of a gateway whose people sign in at a sandbox.
func signInAt(sandbox *process, redis string, more ...string) []string {
	return append([]string{
		"--auth", "oauth", "--redis-url", redis, "--oidc-issuer", sandbox.url + "/oidc", "--oidc-client-id", "gateway",
		"--oidc-client-secret", "sandbox-client-secret", "--allow-any-user",
	}, more...)
}

// redirect is where the programs here are sent back to. Nobody listens there.
const redirect = "http://127.0.0.1:9/callback"

const registration = `{"redirect_uris":["` + redirect + `"],"client_name":"Load","token_endpoint_auth_method":"none"}`

const form = "application/x-www-form-urlencoded"

// program is a registered client.
type program struct {
	*caller
	t        testing.TB
	id       string
	verifier string
	refresh  string
}

func newProgram(t testing.TB, gateway *process) *program {
	t.Helper()
	p := &program{caller: newCaller(t, gateway.url), t: t, verifier: rand.Text() + rand.Text()}
	a := p.do(http.MethodPost, "/oauth/register", registration)
	var answer struct {
		ID string `json:"client_id"`
	}
	if a.status != http.StatusCreated || json.Unmarshal(a.body, &answer) != nil {
		t.Fatalf("registering: %s", a.text())
	}
	p.id = answer.ID
	return p
}

// authorization is the address that a browser is sent to.
func (p *program) authorization(state string) string {
	challenge := sha256.Sum256([]byte(p.verifier))
	return p.url + "/oauth/authorize?" + url.Values{
		"response_type": {"code"}, "client_id": {p.id}, "redirect_uri": {redirect}, "resource": {p.url + "/mcp"}, "state": {state},
		"scope":          {"messages:read messages:send contacts:write"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])}, "code_challenge_method": {"S256"},
	}.Encode()
}

// signIn has somebody of the sandbox sign in and allow everything.
func (p *program) signIn(name string) {
	p.t.Helper()
	q := authtest.Person{Name: name, Transport: p.http.Transport}.Allow(p.t, p.authorization("s"), redirect)
	a := p.redeem(url.Values{
		"grant_type": {"authorization_code"}, "code": {q.Get("code")}, "redirect_uri": {redirect}, "code_verifier": {p.verifier},
	})
	if a.status != http.StatusOK {
		p.t.Fatalf("%s did not sign in: %v, %s", name, q, a.text())
	}
}

// renew asks for new tokens.
func (p *program) renew() answer {
	return p.redeem(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {p.refresh}})
}

func (p *program) redeem(values url.Values) answer {
	values.Set("client_id", p.id)
	a := p.do(http.MethodPost, "/oauth/token", values.Encode(), "Content-Type", form)
	var tokens struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
	}
	if a.status == http.StatusOK && json.Unmarshal(a.body, &tokens) == nil {
		p.token, p.refresh = tokens.Access, tokens.Refresh
	}
	return a
}

// revoke ends what was granted (RFC 7009).
func (p *program) revoke() answer {
	return p.do(http.MethodPost, "/oauth/revoke", url.Values{"token": {p.refresh}, "client_id": {p.id}}.Encode(), "Content-Type", form)
}

var (
	actionPattern = regexp.MustCompile(`<form[^>]* action="([^"]*)"`)
	hiddenPattern = regexp.MustCompile(`type="hidden" name="([a-z_]+)" value="([^"]*)"`)
	scopePattern  = regexp.MustCompile(`type="checkbox" name="scope" value="([^"]*)"`)
)

// approve opens the consent page in a browser of its own and allows everything, but nobody signs in
// after it.
func (p *program) approve(state string) answer {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return answer{err: err}
	}
	browser := &caller{url: p.url, http: &http.Client{Jar: jar, Transport: p.http.Transport, Timeout: p.http.Timeout}}
	shown := browser.do(http.MethodGet, strings.TrimPrefix(p.authorization(state), p.url), "")
	page := string(shown.body)
	action := actionPattern.FindStringSubmatch(page)
	if action == nil {
		return shown
	}
	filled := url.Values{"decision": {"allow"}}
	for _, m := range hiddenPattern.FindAllStringSubmatch(page, -1) {
		filled.Set(m[1], html.UnescapeString(m[2]))
	}
	for _, m := range scopePattern.FindAllStringSubmatch(page, -1) {
		filled.Add("scope", html.UnescapeString(m[1]))
	}
	a := browser.do(http.MethodPost, html.UnescapeString(action[1]), filled.Encode(), "Content-Type", form, "Origin", p.url)
	a.took += shown.took
	return a
}

// leadsToProvider tells whether an approval sends the browser on to sign in.
func (a answer) leadsToProvider() bool {
	return a.status == http.StatusOK && strings.Contains(string(a.body), "/oidc/authorize?")
}
