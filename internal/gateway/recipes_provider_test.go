package gateway_test

import (
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/clerkchat/mcp-gateway/internal/token/tokentest"
)

// signInRecipe is how a provider behaves when somebody signs in. Paths stand in place of its
// addresses.
type signInRecipe struct {
	// issuer is that of ID tokens; announced that of metadata, if it is another one, at the path
	// metadata.
	issuer, announced, metadata string
	// says is what else the metadata have.
	says map[string]any
	// registered is the method that the client is registered for.
	registered string
	// offline reports whether what was asked for gives a refresh token.
	offline func(asked url.Values) bool
	// claims are in ID tokens, info in the user info, if the scope was asked for that they need.
	claims, info map[string]any
	// scopeOf says which scope a claim needs.
	scopeOf map[string]string
	// stranger changes claims and info to those of somebody who may not come in.
	stranger map[string]any
	// algorithm is RS256 if not given.
	algorithm jose.SignatureAlgorithm
	// inside says that only the address for the gateway answers it, and the other one only
	// browsers.
	inside bool
}

// recipeProvider is a provider that behaves so.
type recipeProvider struct {
	signInRecipe
	t    *testing.T
	now  func() time.Time
	key  tokentest.Key
	host string
	url  string

	mu        sync.Mutex
	codes     map[string]url.Values
	refresh   map[string]url.Values
	access    map[string]url.Values
	changed   bool // everybody is the stranger
	refreshes int
	foreign   []string
}

func newRecipeProvider(t *testing.T, r signInRecipe, now func() time.Time) (p *recipeProvider, inside string) {
	t.Helper()
	if r.algorithm == "" {
		r.algorithm = jose.RS256
	}
	p = &recipeProvider{
		signInRecipe: r, t: t, now: now, key: tokentest.NewKey(t, r.algorithm, "key"),
		codes: map[string]url.Values{}, refresh: map[string]url.Values{}, access: map[string]url.Values{},
	}
	start := func(forBrowsers bool) *httptest.Server {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { p.serve(w, r, forBrowsers) }))
		t.Cleanup(srv.Close)
		return srv
	}
	public := start(true)
	p.url, p.host = public.URL, strings.TrimPrefix(public.URL, "http://")
	if p.inside {
		inside = start(false).URL
	}
	return p, inside
}

// change makes everybody a stranger, or not.
func (p *recipeProvider) change(stranger bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.changed = stranger
}

func (p *recipeProvider) refreshed() int { p.mu.Lock(); defer p.mu.Unlock(); return p.refreshes }

// askedElsewhere are requests that came to the wrong address, or with the wrong name.
func (p *recipeProvider) askedElsewhere() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.foreign)
}

func (p *recipeProvider) serve(w http.ResponseWriter, r *http.Request, forBrowsers bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if isBrowser := r.URL.Path == "/authorize"; p.inside && isBrowser != forBrowsers || r.Host != p.host {
		p.foreign = append(p.foreign, r.Host+r.URL.Path)
		w.WriteHeader(http.StatusMisdirectedRequest)
		return
	}
	_ = r.ParseForm()
	var answer any
	switch r.URL.Path {
	case p.metadata:
		answer = p.document()
	case "/keys":
		answer = map[string]any{"keys": []any{p.key.Public()}}
	case "/authorize":
		p.authorize(w, r)
		return
	case "/token":
		answer = p.token(r)
	case "/userinfo":
		asked, ok := p.access[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
		if !ok {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		answer = p.person(p.info, asked)
	default:
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	if failed, ok := answer.(map[string]string); ok && failed["error"] != "" {
		w.WriteHeader(http.StatusBadRequest)
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (p *recipeProvider) document() map[string]any {
	announced := p.announced
	if announced == "" {
		announced = p.issuer
	}
	m := map[string]any{
		"issuer": p.url + announced, "authorization_endpoint": p.url + "/authorize", "token_endpoint": p.url + "/token",
		"jwks_uri": p.url + "/keys", "id_token_signing_alg_values_supported": []string{string(p.algorithm)},
	}
	if p.info != nil {
		m["userinfo_endpoint"] = p.url + "/userinfo"
	}
	maps.Copy(m, p.says)
	return m
}

// authorize signs in whoever comes, if the gateway asks for scopes that there are.
func (p *recipeProvider) authorize(w http.ResponseWriter, r *http.Request) {
	q, back := r.URL.Query(), url.Values{"state": {r.URL.Query().Get("state")}}
	known, _ := p.says["scopes_supported"].([]string)
	for _, scope := range strings.Fields(q.Get("scope")) {
		if !slices.Contains(known, scope) {
			back.Set("error", "invalid_scope")
		}
	}
	if p.says["authorization_response_iss_parameter_supported"] == true {
		back.Set("iss", p.url+p.issuer)
	}
	if back.Get("error") == "" {
		code := rand.Text()
		p.codes[code] = q
		back.Set("code", code)
	}
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
}

func (p *recipeProvider) token(r *http.Request) any {
	refuse := func(code string) any { return map[string]string{"error": code} }
	id, secret, basic := r.BasicAuth()
	switch {
	case basic != (p.registered == "client_secret_basic"):
		return refuse("invalid_client")
	case !basic:
		id, secret = r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	}
	known := placeholders()
	if !strings.HasPrefix(id, known["CLIENT-ID"]) || secret != known["CLIENT-SECRET"] {
		return refuse("invalid_client")
	}
	var asked url.Values
	nonce := ""
	if r.Form.Get("grant_type") == "refresh_token" {
		if asked = p.refresh[r.Form.Get("refresh_token")]; asked != nil {
			p.refreshes++
		}
	} else if asked = p.codes[r.Form.Get("code")]; asked != nil {
		nonce = asked.Get("nonce")
		delete(p.codes, r.Form.Get("code"))
	}
	if asked == nil {
		return refuse("invalid_grant")
	}
	claims := p.person(p.claims, asked)
	claims["iss"], claims["aud"] = p.url+p.issuer, id
	claims["iat"], claims["exp"] = p.now().Unix(), p.now().Add(time.Hour).Unix()
	if nonce != "" {
		claims["nonce"] = nonce
	}
	access := rand.Text()
	p.access[access] = asked
	answer := map[string]any{"access_token": access, "token_type": "Bearer", "expires_in": 300, "id_token": p.key.Sign(p.t, claims, tokentest.WithHeader("typ", "JWT"))}
	if p.offline(asked) {
		refresh := rand.Text()
		p.refresh[refresh] = asked
		answer["refresh_token"] = refresh
	}
	return answer
}

// person is what is told of somebody for the scopes that were asked for.
func (p *recipeProvider) person(claims map[string]any, asked url.Values) map[string]any {
	told := map[string]any{"sub": "ann"}
	for name, value := range claims {
		if changed, ok := p.stranger[name]; ok && p.changed {
			value = changed
		}
		if scope := p.scopeOf[name]; value != nil && (scope == "" || slices.Contains(strings.Fields(asked.Get("scope")), scope)) {
			told[name] = value
		}
	}
	return told
}
