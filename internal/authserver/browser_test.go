package authserver_test

import (
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/oauth2"
)

// person is somebody at a browser of their own.
type person struct {
	t    testing.TB
	w    *world
	http *http.Client
	// allow changes the answer to the consent page.
	allow func(form url.Values)
	// pages are how many consent pages were shown.
	pages int
	// header is sent with each page that is opened by hand.
	header http.Header
}

func (w *world) browser() *person {
	return &person{t: w.t, w: w, http: &http.Client{
		Transport:     w.server.Client().Transport,
		Jar:           must(cookiejar.New(nil)),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// page is what a browser was answered.
type page struct {
	status   int
	header   http.Header
	body     string
	location string // where it leads to by itself
}

var (
	refreshPattern = regexp.MustCompile(`http-equiv="refresh" content="0;url=([^"]*)"`)
	hiddenPattern  = regexp.MustCompile(`type="hidden" name="([a-z]+)" value="([^"]*)"`)
	scopePattern   = regexp.MustCompile(`type="checkbox" name="scope" value="([^"]*)"`)
)

func (p *person) do(req *http.Request) page {
	p.t.Helper()
	resp, err := p.http.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	out := page{status: resp.StatusCode, header: resp.Header, body: string(must(io.ReadAll(resp.Body))), location: resp.Header.Get("Location")}
	if m := refreshPattern.FindStringSubmatch(out.body); m != nil {
		out.location = html.UnescapeString(m[1])
	}
	if strings.HasPrefix(out.location, "/") {
		out.location = p.w.url + out.location
	}
	return out
}

func (p *person) open(address string) page {
	p.t.Helper()
	req := must(http.NewRequestWithContext(p.t.Context(), http.MethodGet, address, nil))
	for name, values := range p.header {
		req.Header[name] = values
	}
	return p.do(req)
}

// form is what the page would send if everything were allowed.
func form(body string) url.Values {
	f := url.Values{"decision": {"allow"}}
	for _, m := range hiddenPattern.FindAllStringSubmatch(body, -1) {
		f.Set(m[1], html.UnescapeString(m[2]))
	}
	for _, m := range scopePattern.FindAllStringSubmatch(body, -1) {
		f.Add("scope", m[1])
	}
	return f
}

func (p *person) submit(f url.Values) page {
	p.t.Helper()
	req := must(http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.w.url+"/oauth/consent", strings.NewReader(f.Encode())))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Origin", p.w.url)
	return p.do(req)
}

// follow goes on until it leaves the world or a page leads nowhere.
func (p *person) follow(address string) page {
	p.t.Helper()
	at := p.open(address)
	for range 10 {
		switch {
		case strings.Contains(at.body, `name="csrf"`):
			p.pages++
			f := form(at.body)
			if p.allow != nil {
				p.allow(f)
			}
			at = p.submit(f)
		case strings.HasPrefix(at.location, p.w.url):
			at = p.open(at.location)
		default:
			return at
		}
	}
	p.t.Fatal("the browser goes around in circles")
	return page{}
}

// signIn follows an authorization URL to the client's redirect and gives the parameters there.
func (p *person) signIn(address string) url.Values {
	p.t.Helper()
	at := p.follow(address)
	if at.location == "" {
		p.t.Fatalf("it ends with status %d: %s", at.status, text(at.body))
	}
	return must(url.Parse(at.location)).Query()
}

var tagPattern = regexp.MustCompile(`(?s)<(style|script)>.*?</(style|script)>|<[^>]*>`)

// text is a page without its tags.
func text(body string) string {
	return strings.Join(strings.Fields(tagPattern.ReplaceAllString(body, " ")), " ")
}

// program is an MCP client.
type program struct {
	w                    *world
	id, secret, redirect string
	verifier             string
}

func (w *world) program(redirect string) *program {
	w.t.Helper()
	status, out := w.post("/oauth/register", "", `{"redirect_uris":["`+redirect+`"],"client_name":"Test app","token_endpoint_auth_method":"none"}`)
	if status != http.StatusCreated {
		w.t.Fatalf("%d %v", status, out)
	}
	return &program{w: w, id: out["client_id"].(string), redirect: redirect, verifier: oauth2.GenerateVerifier()}
}

// request is an authorization request, changed: an empty value takes a parameter out.
func (c *program) request(changes ...string) string {
	q := url.Values{
		"response_type": {"code"}, "client_id": {c.id}, "redirect_uri": {c.redirect}, "state": {"state-1"},
		"resource": {c.w.url + "/mcp"}, "scope": {"messages:read messages:send"},
		"code_challenge": {oauth2.S256ChallengeFromVerifier(c.verifier)}, "code_challenge_method": {"S256"},
	}
	for i := 0; i < len(changes); i += 2 {
		if q.Set(changes[i], changes[i+1]); changes[i+1] == "" {
			q.Del(changes[i])
		}
	}
	return c.w.url + "/oauth/authorize?" + q.Encode()
}

// token asks for tokens, with a form that is changed likewise.
func (c *program) token(changes ...string) (int, map[string]any) {
	f := url.Values{"client_id": {c.id}}
	if c.secret != "" {
		f.Set("client_secret", c.secret)
	}
	for i := 0; i < len(changes); i += 2 {
		if f.Set(changes[i], changes[i+1]); changes[i+1] == "" {
			f.Del(changes[i])
		}
	}
	return c.w.post("/oauth/token", "application/x-www-form-urlencoded", f.Encode())
}

func (c *program) redeem(code string, changes ...string) (int, map[string]any) {
	return c.token(append([]string{
		"grant_type", "authorization_code", "code", code, "redirect_uri", c.redirect, "code_verifier", c.verifier,
	}, changes...)...)
}

func (c *program) refresh(token string, changes ...string) (int, map[string]any) {
	return c.token(append([]string{"grant_type", "refresh_token", "refresh_token", token}, changes...)...)
}

// tokens signs somebody in.
func (c *program) tokens(p *person) (access, refresh string) {
	c.w.t.Helper()
	status, out := c.redeem(p.signIn(c.request()).Get("code"))
	if status != http.StatusOK {
		c.w.t.Fatalf("%d %v", status, out)
	}
	return out["access_token"].(string), out["refresh_token"].(string)
}

// post makes a request, and again where it is to insist and the server says that it may, as it does
// where a machine is so busy that its patience is over.
func (w *world) post(path, contentType, body string) (status int, out map[string]any) {
	w.t.Helper()
	for {
		if status, out = w.postOnce(path, contentType, body); status != http.StatusServiceUnavailable || !w.insists {
			return status, out
		}
	}
}

func (w *world) postOnce(path, contentType, body string) (int, map[string]any) {
	w.t.Helper()
	if contentType == "" {
		contentType = "application/json"
	}
	resp := must(w.server.Client().Post(w.url+path, contentType, strings.NewReader(body)))
	defer func() { _ = resp.Body.Close() }()
	out := map[string]any{}
	if data := must(io.ReadAll(resp.Body)); len(data) > 0 {
		if err := json.Unmarshal(data, &out); err != nil {
			w.t.Fatalf("%s: %v", data, err)
		}
	}
	if retry := resp.Header.Get("Retry-After"); retry != "" {
		out["Retry-After"] = retry
	}
	return resp.StatusCode, out
}

// wantRefused checks an answer of a program's endpoint.
func wantRefused(t testing.TB, what string, status int, out map[string]any, wantStatus int, wantCode string) {
	t.Helper()
	if status != wantStatus || out["error"] != wantCode || out["error_description"] == "" {
		t.Errorf("%s: %d %v, want %d %s", what, status, out, wantStatus, wantCode)
	}
	if _, ok := out["access_token"]; ok {
		t.Errorf("%s: there is a token", what)
	}
}
